"""How a feed fares, from how it fared and how its last poll ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from geowire.messages.feed import FeedState, PollResult
from ingest.leases import LeasedFeed

GONE = 410


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed fares, and since when."""

    state: FeedState
    since: datetime


def feed_health(leased: LeasedFeed, result: PollResult, http_status: int | None, now: datetime) -> FeedHealth:
    """The feed's health after a poll; `since` moves only when the state does."""
    state: FeedState = "healthy" if result != "failed" else "gone" if http_status == GONE else "failing"
    if state == leased.state and leased.since is not None:
        return FeedHealth(state, datetime.fromtimestamp(leased.since, UTC))
    return FeedHealth(state, now)
