"""What one feed may take of a poll, so that a large or slow one keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from geowire.settings import Settings

PART = 8
LEAST = 2
PENDING = 1_000
"""Entries of one feed that may wait for a later poll."""


def part_of(settings: Settings) -> int:
    """How much of what a poll may have under way one host's feeds, or one feed's entries, may be."""
    return max(LEAST, settings.concurrency // PART)


@dataclass(slots=True)
class Room:
    """How many more there is room for."""

    left: int

    def take(self) -> bool:
        """Take a place; False if there is none left."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class FeedShare:
    """The places and the time of one feed in one poll. For one event loop."""

    places: asyncio.Semaphore
    """Entries of the feed under way at once."""
    ends: float
    """When no more of its pages are asked for, on the event loop's clock, in seconds; no later than the poll ends."""
    room: Room
    """Entries more that may wait for the next poll."""

    @classmethod
    def begin(cls, settings: Settings, waiting: int, poll_ends: float) -> Self:
        """The share of a feed whose entries are begun now, so many of which waited already."""
        now = asyncio.get_running_loop().time()
        ends = min(now + settings.feed_timeout.total_seconds(), poll_ends)
        return cls(asyncio.Semaphore(part_of(settings)), ends, Room(PENDING - waiting))
