"""The catalogue: which feeds there are. OPML or YAML, from a path or from an http(s) address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from geowire.errors import Misconfigured, Transient
from geowire.messages import Publisher
from geowire.settings import Settings
from ingest.feed_list import FeedRow, parse_yaml
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


@dataclass(frozen=True, slots=True)
class Located:
    """A feed list as bytes, and what to call it in an error."""

    name: str
    data: bytes


def read_catalogue(location: str, settings: Settings) -> tuple[Feed, ...]:
    """The feeds of a path or an http(s) address. Raises `Misconfigured` in one line, `Transient` if out of reach."""
    if not is_remote(location):
        return parse_catalogue(_read_file(Path(location)))
    return asyncio.run(_fetch_alone(location, settings))


async def fetch_catalogue(location: str, fetcher: Fetcher) -> tuple[Feed, ...]:
    """The same from inside a running event loop."""
    if not is_remote(location):
        return parse_catalogue(await asyncio.to_thread(_read_file, Path(location)))
    try:
        response = await fetcher.fetch(location, "feed")
    except FetchFailed as error:
        if error.transient:
            raise Transient(f"GEOWIRE_FEEDS: {location}: {error}") from error
        raise Misconfigured(f"GEOWIRE_FEEDS: {location}: {error}; name a reachable OPML or YAML file") from error
    return parse_catalogue(Located(location, response.body))


def is_remote(location: str) -> bool:
    """Whether the catalogue is read over HTTP, and so cannot be written."""
    return location.lower().startswith(("http://", "https://"))


def parse_catalogue(source: Located) -> tuple[Feed, ...]:
    """The feeds in a list, each once, in its order. Raises `Misconfigured` naming file, line and what to write."""
    is_xml = source.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    rows = parse_opml(source.data, source.name) if is_xml else parse_yaml(source.data, source.name)
    feeds: dict[str, Feed] = {}
    for line, row in rows:
        feed = _feed(row, f"{source.name}, line {line}")
        feeds.setdefault(feed.id, feed)
    return tuple(feeds.values())


def _feed(row: FeedRow, place: str) -> Feed:
    url = normalise_url(row.url)
    if url is None or "://" not in row.url:
        raise Misconfigured(f"{place}: {row.url!r} is not the address of a feed; write http://... or https://...")
    publisher = row.publisher.model_dump(exclude_none=True)
    return Feed(
        id=feed_id_of(url),
        url=url,
        title=row.title,
        publisher=Publisher.model_validate({"id": owner_of(url), **publisher}),
        language=row.language,
    )


def _read_file(path: Path) -> Located:
    try:
        return Located(str(path), path.read_bytes())
    except FileNotFoundError as error:
        raise Misconfigured(
            f"GEOWIRE_FEEDS: there is no file {path}; write the path of an OPML or YAML file, or use geowire feeds add"
        ) from error
    except OSError as error:
        raise Misconfigured(f"GEOWIRE_FEEDS: cannot read {path}: {error.strerror}; name a readable file") from error


async def _fetch_alone(location: str, settings: Settings) -> tuple[Feed, ...]:
    async with Fetcher(settings) as fetcher:
        return await fetch_catalogue(location, fetcher)
