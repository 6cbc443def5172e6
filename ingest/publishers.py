"""Who publishes an article: who owns its address, not who links to it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from geowire.messages import Publisher
from ingest.catalogue import Feed
from ingest.feed_entry import FeedEntry
from ingest.identity import owner_of


def is_at_home(feed_url: str, address: str) -> bool:
    """Whether a feed and an address have one owner."""
    return owner_of(feed_url) == owner_of(address)


def host_of(address: str) -> str:
    """Host and port, without `www.`."""
    return urlsplit(address).netloc.removeprefix("www.")


def house_of(entries: Iterable[FeedEntry]) -> str | None:
    """Whose pages a feed document is about: the owner of most of its links; None if nobody has most."""
    owners = Counter(owner_of(entry.link) for entry in entries if entry.link)
    [(owner, count)] = owners.most_common(1) or [("", 0)]
    return owner if 2 * count > owners.total() else None


class Publishers:
    """The publishers of a catalogue by the registered domain that their feeds are on."""

    def __init__(self, feeds: Iterable[Feed] = ()) -> None:
        known = tuple(feeds)
        # A domain on which several publish, such as a host of blogs, says nothing of who it is.
        self._by_owner = _unique((owner_of(feed.url), feed.publisher) for feed in known)
        self._by_host = _unique((host_of(feed.url), feed.publisher) for feed in known)

    def publisher_of(self, feed: Feed, address: str, link: str | None, house: str | None) -> Publisher:
        """Who publishes the article at an address to which a feed's link led.

        The catalogue's publisher of that domain; the feed's own on its own domain, or in the house that its document
        is about if the catalogue names the publisher; otherwise the domain itself.
        """
        owner, feeds_owner = owner_of(address), owner_of(feed.url)
        known = self.known_at(address)
        if known is not None:
            return known
        if owner == feeds_owner:
            return feed.publisher
        is_named = feed.publisher.id != feeds_owner
        # A feed's own redirector says nothing of whom it leads to.
        is_its_house = house is not None and house != feeds_owner and house in {owner, owner_of(link or "")}
        return feed.publisher if is_named and is_its_house else Publisher(id=owner)

    def known_at(self, address: str) -> Publisher | None:
        """The catalogue's publisher at an address: the only one whose feeds are on its host, or on its domain."""
        return self._by_host.get(host_of(address)) or self._by_owner.get(owner_of(address))


def _unique(rows: Iterable[tuple[str, Publisher]]) -> dict[str, Publisher]:
    found: dict[str, dict[str, Publisher]] = {}
    for place, publisher in rows:
        found.setdefault(place, {}).setdefault(publisher.id, publisher)
    return {place: next(iter(ids.values())) for place, ids in found.items() if len(ids) == 1}
