"""What a poll did: per feed, per shard and in all. Every entry stands in exactly one count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from geowire.messages.feed import FeedState, PollResult
from ingest.outcomes import Tally, is_failure


@dataclass(frozen=True, slots=True)
class FeedReport:
    """How the poll of one feed ended."""

    feed_id: str
    url: str
    title: str | None
    result: PollResult
    state: FeedState
    error: str | None = None
    http_status: int | None = None
    entries: Mapping[str, int] = field(default_factory=dict)
    """Entries by outcome."""
    problems: Mapping[str, int] = field(default_factory=dict)
    """What was wrong with entries as the feed gives them, counted; they are in `entries` all the same."""
    duration: timedelta = timedelta(0)
    bytes_read: int = 0
    state_before: FeedState | None = None
    """How the feed fared before this poll."""
    why: str | None = None
    """What the state rests on, in one line."""

    @property
    def has_turned(self) -> bool:
        """Whether the poll changed the feed's state; a feed that was new and is well is no news."""
        return self.state_before not in {None, self.state} and (self.state_before, self.state) != ("new", "healthy")

    @property
    def entries_seen(self) -> int:
        """Entries that the poll handled: those of a changed feed, and those that waited to be tried again."""
        return sum(self.entries.values())


class _Sums:
    """What reports over many feeds have in common."""

    feeds: tuple[FeedReport, ...]

    __slots__ = ()

    @property
    def entries(self) -> dict[str, int]:
        """Entries by outcome, the most frequent first."""
        return Tally.sum(feed.entries for feed in self.feeds).as_dict()

    @property
    def entries_seen(self) -> int:
        """Entries in all."""
        return sum(feed.entries_seen for feed in self.feeds)

    @property
    def results(self) -> dict[str, int]:
        """Feeds by how their poll ended."""
        return Tally.sum({feed.result: 1} for feed in self.feeds).as_dict()

    @property
    def failures(self) -> tuple[FeedReport, ...]:
        """The feeds that could not be read."""
        return tuple(feed for feed in self.feeds if feed.result == "failed")

    @property
    def turned(self) -> tuple[FeedReport, ...]:
        """The feeds whose state changed."""
        return tuple(feed for feed in self.feeds if feed.has_turned)

    @property
    def failed_entries(self) -> int:
        """Entries that could not be read this time."""
        return sum(count for outcome, count in self.entries.items() if is_failure(outcome))


@dataclass(frozen=True, slots=True)
class ShardReport(_Sums):
    """What one shard of a poll did."""

    feeds: tuple[FeedReport, ...] = ()


@dataclass(frozen=True, slots=True)
class PollReport(_Sums):
    """What a whole poll did."""

    feeds: tuple[FeedReport, ...] = ()
    duration: timedelta = timedelta(0)
    undelivered: int = 0
    """Records still in the outbox at the end; the next poll sends them."""
    unasked: int = 0
    """Feeds that were due when the poll's time was over; the next poll asks them."""

    @classmethod
    def of(cls, shards: Iterable[ShardReport], duration: timedelta, undelivered: int, unasked: int = 0) -> Self:
        """The report of all shards together."""
        return cls(tuple(feed for shard in shards for feed in shard.feeds), duration, undelivered, unasked)
