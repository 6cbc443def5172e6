"""When a feed is asked again. Pure: history, headers, what the feed says, bounds, clock and chance are arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.advice import feed_interval, freshness, rate_limit_reset, retry_after, skip_until
from ingest.faults import Faults
from ingest.feed_entry import FeedHints
from ingest.rhythm import Bounds, Rhythm, learned_rest

JITTER = 0.1
"""Part of the rest that is left to chance, so that many feeds of one host do not march in step."""
BACKED_OFF = timedelta(days=7)
"""The longest rest of a failing feed: none is given up, for a surprising number come back."""
RETIRED = timedelta(days=30)
"""The rest of a feed that is gone."""


@dataclass(frozen=True, slots=True)
class PollEnd:
    """What the next poll depends on."""

    at: datetime
    has_failed: bool = False
    is_ours: bool = False
    """It failed because of our own network."""
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hints: FeedHints = field(default_factory=FeedHints)
    rhythm: Rhythm = field(default_factory=Rhythm)
    faults: Faults = field(default_factory=Faults)


def next_poll(end: PollEnd, bounds: Bounds, chance: float) -> datetime:
    """When the feed is due; `chance` is from 0 to 1."""
    if end.is_ours:
        return end.at + bounds.shortest * (1 + JITTER * chance)
    rest = failed_rest(end, bounds) if end.has_failed else good_rest(end, bounds)
    due = skip_until(end.at + rest, end.hints)
    # The publisher's quiet time is kept as far as our longest rest allows: a junk calendar makes no feed deaf.
    latest = end.at + max(rest, bounds.longest)
    return min(due, latest) + rest * JITTER * chance


def good_rest(end: PollEnd, bounds: Bounds) -> timedelta:
    """What was learned, or the longest that is advised, within the bounds."""
    advised = (*_waits(end), freshness(end.headers, end.at), feed_interval(end.hints))
    return bounds.clamp(max([learned_rest(end.rhythm, bounds), *(rest for rest in advised if rest is not None)]))


def failed_rest(end: PollEnd, bounds: Bounds) -> timedelta:
    """The learned rest, doubled for every hard fault or four temporary ones; what the server asks for, if longer."""
    if end.faults.is_gone:
        return RETIRED
    usual = learned_rest(end.rhythm, bounds)
    longest = max(BACKED_OFF, bounds.shortest)
    backed_off = min(usual * 2 ** min(end.faults.weight, 20.0), longest)
    return max([backed_off, *(bounds.clamp(wait) for wait in _waits(end) if wait is not None)])


def _waits(end: PollEnd) -> tuple[timedelta | None, timedelta | None]:
    return retry_after(end.headers, end.at), rate_limit_reset(end.headers, end.http_status, end.at)
