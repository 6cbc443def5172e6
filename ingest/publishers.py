"""Who publishes an article: who owns its address, not who links to it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from geowire.messages import Publisher
from ingest.catalogue import Feed
from ingest.feed_entry import FeedEntry
from ingest.identity import owner_of


def is_at_home(feed_url: str, address: str) -> bool:
    """Whether a feed and an address have one owner."""
    return owner_of(feed_url) == owner_of(address)


def house_of(entries: Iterable[FeedEntry]) -> str | None:
    """Whose pages a feed document is about: the owner of most of its links; None if nobody has most."""
    owners = Counter(owner_of(entry.link) for entry in entries if entry.link)
    [(owner, count)] = owners.most_common(1) or [("", 0)]
    return owner if 2 * count > owners.total() else None


class Publishers:
    """The publishers of a catalogue by the registered domain that their feeds are on."""

    def __init__(self, feeds: Iterable[Feed] = ()) -> None:
        found: dict[str, dict[str, Publisher]] = {}
        for feed in feeds:
            found.setdefault(owner_of(feed.url), {}).setdefault(feed.publisher.id, feed.publisher)
        # A domain on which several publish, such as a host of blogs, says nothing of who it is.
        self._by_owner = {owner: next(iter(ids.values())) for owner, ids in found.items() if len(ids) == 1}

    def publisher_of(self, feed: Feed, address: str, link: str | None, house: str | None) -> Publisher:
        """Who publishes the article at an address to which a feed's link led.

        The catalogue's publisher of that domain; the feed's own on its own domain, or in the house that its document
        is about if the catalogue names the publisher; otherwise the domain itself.
        """
        owner = owner_of(address)
        if owner == owner_of(feed.url):
            return feed.publisher
        if owner in self._by_owner:
            return self._by_owner[owner]
        is_named = feed.publisher.id != owner_of(feed.url)
        if is_named and house is not None and house in {owner, owner_of(link or "")}:
            return feed.publisher
        return Publisher(id=owner)
