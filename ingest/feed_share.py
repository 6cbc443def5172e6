"""What one feed may take of a poll, so that a large or slow one keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self

from geowire.settings import Settings

PART = 8
"""A feed may have one in so many of the poll's entries under way."""
LEAST = 2


@dataclass(frozen=True, slots=True)
class FeedShare:
    """The places and the time of one feed in one poll. For one event loop."""

    places: asyncio.Semaphore
    """Entries of the feed under way at once."""
    ends: float
    """When no more of its pages are asked for, on the event loop's clock, in seconds."""

    @classmethod
    def begin(cls, settings: Settings) -> Self:
        """The share of a feed whose entries are begun now."""
        now = asyncio.get_running_loop().time()
        return cls(
            asyncio.Semaphore(max(LEAST, settings.concurrency // PART)), now + settings.feed_timeout.total_seconds()
        )
