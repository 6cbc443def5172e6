"""What to do with an entry, from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from geowire.messages import Article
from geowire.messages.article import BodyStatus
from ingest.entry_state import KnownEntry
from ingest.extraction import Extraction
from ingest.feed_entry import FeedEntry

OLD_LOOKS = 2
"""Pages of old entries of a feed that are looked at."""
FOLLOWED_AT_ONCE = 24
"""Changes of an entry that are followed when they are seen. After those it rests, longer each time."""
FRUITLESS = 8
"""A change that came to nothing counts for so many: some feeds show a counter, or flip between two versions."""
RESTS = tuple(timedelta(minutes=minutes) for minutes in (30, 60, 120, 240, 480, 1_440))
"""How long, and then the last of them; what a feed may miss meanwhile, a revisit of the page finds."""

COMPLETENESS: dict[BodyStatus, int] = {
    "full": 3,
    "paywalled": 2,
    "teaser": 2,
    "feed-only": 1,
    "blocked": 0,
    "consent": 0,
}
"""How much of an article each status promises."""


class Step(Enum):
    """What comes next for an entry."""

    SKIP = auto()
    """It is as it was, or has changed so often that it rests."""
    REJECT_OLD = auto()
    """It is too old to be news, and nothing came of it until now."""
    JOIN = auto()
    """Its link leads to an article that is known from elsewhere."""
    READ = auto()
    """Nothing came of it until now: read its page."""
    REFRESH = auto()
    """Its article is published, and the feed says something else now: read its page again."""


def next_step(entry: FeedEntry, known: KnownEntry | None, now: datetime, *, link_is_known: bool, is_old: bool) -> Step:
    """What comes next for an entry."""
    waits = known is not None and known.is_pending
    if known is not None and not waits and (known.fingerprint == entry.fingerprint or now < rests_until(known)):
        return Step.SKIP
    if known is not None and known.article_id is not None:
        return Step.REFRESH
    if link_is_known:
        return Step.JOIN
    return Step.REJECT_OLD if is_old and not waits else Step.READ


def rests_until(known: KnownEntry) -> datetime:
    """When the next change of an entry is followed."""
    too_many = known.changes - FOLLOWED_AT_ONCE
    return known.seen_at + RESTS[min(too_many // FRUITLESS, len(RESTS) - 1)] if too_many >= 0 else known.seen_at


def worth_a_look(
    entries: Iterable[FeedEntry], known: Mapping[str, KnownEntry], now: datetime, max_age: timedelta
) -> set[str]:
    """Keys of the newest old entries: a publisher may keep a page alive for years under its first date.

    What was looked at when it was old already keeps its place: an archive is not walked two pages at a time.
    """
    met = {key: entry.seen_at for key, entry in known.items()}
    old = [entry for entry in entries if entry.link and is_too_old(entry.newest_at, met.get(entry.key, now), max_age)]
    newest = sorted(old, key=lambda entry: entry.newest_at or now, reverse=True)
    return {entry.key for entry in newest[:OLD_LOOKS]} - known.keys()


def is_too_old(dated_at: datetime | None, now: datetime, max_age: timedelta) -> bool:
    """Whether an entry of this date is no news any more; one without a date is new."""
    return dated_at is not None and now - dated_at > max_age


def is_worse(found: Extraction, published: Article) -> bool:
    """Whether less could be read now than the version that is published: a wall came down, or the page is broken."""
    return not found.text or COMPLETENESS[found.body_status] < COMPLETENESS[published.body_status]
