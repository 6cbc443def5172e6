"""The catalogue: which feeds there are. OPML or YAML, from a path or from an http(s) address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from geowire.errors import Misconfigured, Transient
from geowire.messages import Publisher
from geowire.settings import Settings
from ingest.feed_list import FeedRow, Unreadable, parse_yaml
from ingest.fetch import Fetcher
from ingest.fetch_failure import FetchFailed
from ingest.identity import feed_id_of, normalise_url, owner_of
from ingest.opml import parse_opml


class Feed(BaseModel):
    """A feed of the catalogue."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    """Stable: a hash of the normalised address."""
    url: str
    """Its address, as it is asked."""
    title: str | None = None
    """As the catalogue names it."""
    publisher: Publisher
    """Who publishes it; its id is the registered domain unless the catalogue names one."""
    language: str | None = None
    """What its articles are written in, if they do not say."""
    folder: str | None = None
    """Where a person keeps it: `europe`, or `europe/baltics`."""


@dataclass(frozen=True, slots=True)
class Located:
    """A feed list as bytes, and what to call it in an error."""

    name: str
    data: bytes

    @property
    def is_xml(self) -> bool:
        """Whether it is OPML and not YAML; in UTF-16 too."""
        return self.data[:400].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")


@dataclass(frozen=True, slots=True)
class Listing:
    """A feed list as far as it could be read: every row, also those that are there twice."""

    feeds: tuple[Feed, ...]
    unreadable: tuple[Unreadable, ...]


def read_catalogue(location: str, settings: Settings) -> tuple[Feed, ...]:
    """The feeds of a path or an http(s) address. Raises `Misconfigured` in one line, `Transient` if out of reach."""
    return parse_catalogue(locate(location, settings))


async def fetch_catalogue(location: str, fetcher: Fetcher) -> tuple[Feed, ...]:
    """The same from inside a running event loop."""
    return parse_catalogue(await _fetch(location, fetcher))


def locate(location: str, settings: Settings) -> Located:
    """The bytes at a path or an http(s) address. Raises as `read_catalogue` does."""
    return asyncio.run(_fetch_alone(location, settings)) if is_remote(location) else _read_file(Path(location))


def is_remote(location: str) -> bool:
    """Whether the catalogue is read over HTTP, and so cannot be written."""
    return location.lower().startswith(("http://", "https://"))


def parse_catalogue(source: Located) -> tuple[Feed, ...]:
    """The feeds in a list, each once, in its order. Raises `Misconfigured` naming file, line and what to write."""
    listing = parse_listing(source)
    if listing.unreadable:
        raise Misconfigured(str(listing.unreadable[0]))
    feeds: dict[str, Feed] = {}
    for feed in listing.feeds:
        feeds.setdefault(feed.id, feed)
    return tuple(feeds.values())


def parse_listing(source: Located) -> Listing:
    """The feeds that can be read, and what cannot. Raises `Misconfigured` if it is no list at all."""
    found = (parse_opml if source.is_xml else parse_yaml)(source.data, source.name)
    feeds = [(line, row, feed_of(row)) for line, row in found.rows]
    wrong = [Unreadable(source.name, line, _bad_address(row)) for line, row, feed in feeds if feed is None]
    unreadable = sorted([*found.unreadable, *wrong], key=lambda one: one.line)
    return Listing(tuple(feed for _, _, feed in feeds if feed is not None), tuple(unreadable))


def feed_of(row: FeedRow) -> Feed | None:
    """The feed that a row means; None if its address is none."""
    url = normalise_url(row.url)
    if url is None or "://" not in row.url:
        return None
    publisher = row.publisher.model_dump(exclude_none=True)
    return Feed(
        id=feed_id_of(url),
        url=url,
        title=row.title,
        publisher=Publisher.model_validate({"id": owner_of(url), **publisher}),
        language=row.language,
        folder=row.folder,
    )


def _bad_address(row: FeedRow) -> str:
    return f"{row.url[:200]!r} is not the address of a feed; write http://... or https://..."


async def _fetch(location: str, fetcher: Fetcher) -> Located:
    if not is_remote(location):
        return await asyncio.to_thread(_read_file, Path(location))
    try:
        response = await fetcher.fetch(location, "feed")
    except FetchFailed as error:
        if error.transient:
            raise Transient(f"GEOWIRE_FEEDS: {location}: {error}") from error
        raise Misconfigured(f"GEOWIRE_FEEDS: {location}: {error}; name a reachable OPML or YAML file") from error
    return Located(location, response.body)


def _read_file(path: Path) -> Located:
    try:
        return Located(str(path), path.read_bytes())
    except FileNotFoundError as error:
        raise Misconfigured(
            f"GEOWIRE_FEEDS: there is no file {path}; geowire feeds import starter fills one, geowire feeds add begins"
            " one, or write the path of an OPML or YAML file"
        ) from error
    except OSError as error:
        raise Misconfigured(f"GEOWIRE_FEEDS: cannot read {path}: {error.strerror}; name a readable file") from error


async def _fetch_alone(location: str, settings: Settings) -> Located:
    async with Fetcher(settings) as fetcher:
        return await _fetch(location, fetcher)
