"""What a poll of a feed means: its history, its address, its health, when it is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingest.faults import Faults, after_fault, excuse
from ingest.feed_health import Condition, FeedHealth, feed_health, next_document
from ingest.feed_reading import FeedReading
from ingest.history import FeedHistory
from ingest.leases import LeasedFeed
from ingest.moves import Arrival, Whereabouts, after_arrival, after_fault_at
from ingest.rhythm import Bounds, Brought, learn
from ingest.schedule import PollEnd, next_poll
from ingest.validators import Validators


@dataclass(frozen=True, slots=True)
class Familiarity:
    """How many of a document's entries were met before."""

    new: int = 0
    """Neither the entry nor its link was known, nor is it too old to be news."""
    known: int = 0
    """The entry was known to this feed, or its link leads to an article."""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed, and what its poll found."""

    leased: LeasedFeed
    reading: FeedReading
    familiarity: Familiarity = Familiarity()
    other_feed: str | None = None
    """The id of another active feed that has the address from which the answer came."""
    is_ours: bool = False
    """It failed because of our own network."""

    @property
    def excuse(self) -> str | None:
        """Why its fault says nothing about the feed; None if it does, or if there is none."""
        return excuse(self.reading.fault, is_ours=self.is_ours)


@dataclass(frozen=True, slots=True)
class Moment:
    """When the verdict is given, between which bounds feeds rest, and a draw from 0 to 1."""

    now: datetime
    bounds: Bounds
    chance: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the feed."""

    history: FeedHistory
    moved_to: str | None
    health: FeedHealth
    due: datetime
    newest_entry_at: datetime | None
    validators: Validators | None
    """What to store; None keeps what is stored."""


def give_verdict(polled: Polled, moment: Moment) -> Verdict:
    """What the poll means for the feed."""
    leased, reading, now = polled.leased, polled.reading, moment.now
    history = _history(polled, now)
    where = _whereabouts(polled, history.faults, now)
    history = replace(history, move=where.move)
    newest = _newest(leased, reading, now)
    # Validators belong to an address: going back to another one begins without them.
    has_gone_back = reading.fault is not None and where.address != leased.moved_to
    return Verdict(
        history=history,
        moved_to=where.address,
        health=feed_health(_condition(polled, history, newest, now)),
        due=next_poll(_poll_end(polled, history, now), moment.bounds, moment.chance),
        newest_entry_at=newest,
        validators=Validators() if has_gone_back else reading.validators,
    )


def _history(polled: Polled, now: datetime) -> FeedHistory:
    before, reading = polled.leased.history, polled.reading
    if reading.fault is not None:
        return replace(before, faults=after_fault(before.faults, reading.fault, is_ours=polled.is_ours))
    familiarity = polled.familiarity
    brought = Brought(now, familiarity.new, familiarity.total - familiarity.new)
    good = replace(before, faults=Faults(), trust=reading.trust, rhythm=learn(before.rhythm, brought))
    if reading.result != "changed":
        return good
    document = next_document(before.document, reading.parsed.entries)
    return replace(good, document=document, hints=reading.parsed.hints)


def _whereabouts(polled: Polled, faults: Faults, now: datetime) -> Whereabouts:
    leased, reading = polled.leased, polled.reading
    before = Whereabouts(leased.moved_to, leased.history.move)
    if polled.excuse:
        return before
    if reading.fault is not None:
        return after_fault_at(before, faults.weight)
    familiarity = polled.familiarity
    has_read = reading.result == "changed"
    arrival = Arrival(
        catalogue=leased.feed.url,
        final=reading.final,
        hops=reading.hops,
        at=now,
        share_known=familiarity.known / max(1, familiarity.total) if has_read else None,
        is_same_document=reading.result == "same-bytes",
        had_entries=leased.history.rhythm.asked_at is not None,
        other_feed=polled.other_feed,
    )
    return after_arrival(before, arrival)


def _condition(polled: Polled, history: FeedHistory, newest: datetime | None, now: datetime) -> Condition:
    leased, reading = polled.leased, polled.reading
    return Condition(
        now=now,
        state=leased.state,
        since=None if leased.since is None else datetime.fromtimestamp(leased.since, UTC),
        has_failed=reading.fault is not None,
        excuse=polled.excuse,
        error=reading.error,
        faults=history.faults,
        rhythm=history.rhythm,
        document=history.document,
        newest_entry_at=newest,
        remark=_remark(polled, history, now),
    )


def _remark(polled: Polled, history: FeedHistory, now: datetime) -> str | None:
    if history.move.duplicate_of:
        return f"a duplicate: {polled.reading.final} is feed {history.move.duplicate_of} of the catalogue"[:500]
    distrusted = history.trust.distrusted_until
    if distrusted is not None and now.timestamp() < distrusted:
        return "its server said 304 while the feed changed: it is asked without validators for a while"
    return None


def _poll_end(polled: Polled, history: FeedHistory, now: datetime) -> PollEnd:
    reading = polled.reading
    return PollEnd(
        at=now,
        has_failed=reading.fault is not None,
        is_ours=polled.is_ours,
        http_status=reading.http_status,
        headers=reading.headers,
        hints=history.hints,
        rhythm=history.rhythm,
        faults=history.faults,
    )


def _newest(leased: LeasedFeed, reading: FeedReading, now: datetime) -> datetime | None:
    dates = [entry.dated_at for entry in reading.parsed.entries if entry.dated_at is not None]
    if leased.newest_entry_at is not None:
        dates.append(datetime.fromtimestamp(leased.newest_entry_at, UTC))
    return min(max(dates), now) if dates else None
