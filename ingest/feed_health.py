"""How a feed fares: from how it fared, how its last poll ended, and what is usual for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from geowire.messages.feed import FeedState
from ingest.faults import GONE_CONFIRMATIONS, Faults
from ingest.feed_entry import FeedEntry
from ingest.rhythm import Rhythm, entries_per_day

MISSED = 10.0
"""Entries that must be overdue, on whole days, before a feed counts as silent."""
STALE_GAPS = 20
STALE_LEAST = timedelta(days=4)
"""A newest entry is stale if it is older than 20 of the feed's gaps; weekends with a holiday are not deaths."""
SMOOTHING = 0.1
"""What is usual for a document follows slowly, so that an alarm lasts for about seven documents."""
USUALLY_DATED = 0.5
DATED_LEAST = 5
"""Dated entries that a document must have to show a gap."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the last document of a feed was like, and what is usual."""

    entries: int | None = None
    """None before the first."""
    dated: int = 0
    usual_entries: float = 0.0
    usual_dated: float = 0.0
    """Share of entries with a date."""
    gap_seconds: float | None = None
    """Mean time between its entries, by their own dates."""


@dataclass(frozen=True, slots=True)
class Condition:
    """All that a feed's health depends on."""

    now: datetime
    state: FeedState
    since: datetime | None
    has_failed: bool
    excuse: str | None = None
    """Why the fault says nothing about the feed."""
    error: str | None = None
    faults: Faults = field(default_factory=Faults)
    rhythm: Rhythm = field(default_factory=Rhythm)
    document: Document = field(default_factory=Document)
    newest_entry_at: datetime | None = None
    remark: str | None = None
    """What is worth saying of a feed that is well."""


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed fares, since when, and why."""

    state: FeedState
    since: datetime
    why: str | None


def feed_health(condition: Condition) -> FeedHealth:
    """The feed's health after a poll; `since` moves only when the state does."""
    state, why = _judged(condition)
    is_as_before = state == condition.state and condition.since is not None
    return FeedHealth(state, condition.since if is_as_before and condition.since else condition.now, why)


def next_document(before: Document, entries: Sequence[FeedEntry]) -> Document:
    """What is known of the feed's documents after one more."""
    dates = sorted(entry.dated_at for entry in entries if entry.dated_at is not None)
    share = len(dates) / len(entries) if entries else before.usual_dated
    gap = (dates[-1] - dates[0]) / (len(dates) - 1) if len(dates) >= DATED_LEAST else None
    seen = replace(before, entries=len(entries), dated=len(dates))
    if gap is not None:
        seen = replace(seen, gap_seconds=gap.total_seconds())
    if before.entries is None:
        return replace(seen, usual_entries=float(len(entries)), usual_dated=share)
    return replace(
        seen,
        usual_entries=before.usual_entries + SMOOTHING * (len(entries) - before.usual_entries),
        usual_dated=before.usual_dated + SMOOTHING * (share - before.usual_dated),
    )


def silence(condition: Condition) -> str | None:
    """Why a feed that answers counts as silent; None if it does not."""
    document = condition.document
    if document.entries == 0:
        usual = round(document.usual_entries)
        return f"it answers without any entry; usual are {usual}" if usual else "it answers without any entry"
    if document.entries and not document.dated and document.usual_dated >= USUALLY_DATED:
        return "its entries have no dates any more"
    return _missed(condition.rhythm) or _stale(condition)


def _judged(condition: Condition) -> tuple[FeedState, str | None]:
    if condition.excuse:
        return condition.state, f"{condition.error}"[:300] + f"; {condition.excuse}"
    if condition.has_failed and condition.faults.is_gone:
        return "gone", f"it answered 410 {GONE_CONFIRMATIONS} times; asked again every 30 days"
    if condition.has_failed:
        return "failing", condition.error
    alarm = silence(condition)
    return ("silent", alarm) if alarm else ("healthy", condition.remark)


def _missed(rhythm: Rhythm) -> str | None:
    """Whole days without news are held against the same weekdays before, so that weekends cost nothing."""
    usual = entries_per_day(rhythm)
    if usual is None or rhythm.missed < MISSED:
        return None
    last = f" since {datetime.fromtimestamp(rhythm.news_at, UTC):%Y-%m-%d}" if rhythm.news_at else ""
    return f"nothing new{last}; {round(rhythm.missed)} entries were to be expected by its weekdays"


def _stale(condition: Condition) -> str | None:
    newest, gap = condition.newest_entry_at, condition.document.gap_seconds
    if newest is None or gap is None:
        return None
    if condition.now - newest <= max(STALE_LEAST, timedelta(seconds=STALE_GAPS * gap)):
        return None
    return f"its newest entry is of {newest:%Y-%m-%d}; usually there is one every {_span(gap)}"


def _span(seconds: float) -> str:
    """A length of time as a person says it."""
    for unit, length in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * length:
            return f"{round(seconds / length)} {unit}"
    return f"{max(1, round(seconds / 60))} minutes"
