"""What is wrong, from what was observed, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from geowire.health_bus import StageLook
from ingest.overview import Overview

POLL_SILENCE = timedelta(minutes=30)
"""The schedule polls every five minutes what is due."""
TOLERATED_PART = 10
"""Feeds fail every day: fewer than one in ten are no fault of the system, and stand in the table of feeds alone."""
OUTBOX_PATIENCE = timedelta(minutes=10)
DISK_FREE_RATIO = 0.05
DISK_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a slug for a program, and a line for a person with the next step."""

    kind: str
    what: str
    next_step: str

    @property
    def line(self) -> str:
        """As a person reads it."""
        return f"{self.what}; {self.next_step}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source could not be read."""

    kind: str
    error: str


@dataclass(frozen=True, slots=True)
class BusFacts:
    """What the bus tells."""

    topics: Mapping[str, int]
    """Messages ever written, by topic."""
    stages: Mapping[str, StageLook]
    idle: frozenset[str] = frozenset()
    """Stages that finished nothing while they were looked at."""
    dead_letters: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By stage and reason."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the data folder, in bytes."""

    folder: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Observed:
    """All that the faults follow from."""

    now: datetime
    bus: BusFacts | Trouble
    state: Overview | Trouble
    disk: Disk


def faults(observed: Observed) -> list[Fault]:
    """What is wrong, the causes before what may follow from them."""
    found = [*_bus_faults(observed.bus), *_state_faults(observed.state, observed.now), *_disk_faults(observed.disk)]
    return sorted(found, key=lambda fault: ORDER.index(fault.kind))


ORDER = (
    "no-broker",
    "no-database",
    "wrong-schema",
    "disk",
    "poll",
    "outbox",
    "stage-not-running",
    "stage-stuck",
    "feeds-failing",
    "feeds-silent",
    "dead-letters",
)
TROUBLE_STEPS = {
    "no-broker": "start the broker (docker compose up -d kafka), or write its address into GEOWIRE_BUS",
    "no-database": "start the database (docker compose up -d postgres), or write its address into GEOWIRE_STATE",
    "wrong-schema": "give geowire a database of its own (createdb geowire) and write its address into GEOWIRE_STATE",
}


def _trouble(trouble: Trouble) -> Fault:
    return Fault(trouble.kind, trouble.error, TROUBLE_STEPS[trouble.kind])


def _bus_faults(bus: BusFacts | Trouble) -> Iterator[Fault]:
    if isinstance(bus, Trouble):
        yield _trouble(bus)
        return
    for stage, look in bus.stages.items():
        yield from _stage_faults(stage, look, is_idle=stage in bus.idle)
    if bus.dead_letters:
        yield _dead_letters(bus.dead_letters)


def _stage_faults(stage: str, look: StageLook, *, is_idle: bool) -> Iterator[Fault]:
    if not look.lag:
        return
    command = "geowire watch send" if stage == "webhook" else f"geowire process {stage}"
    if not look.members:
        what = f"{stage} is not running and has {look.lag} messages to read"
        yield Fault("stage-not-running", what, f"start it: {command}")
    elif look.is_late and is_idle:
        what = f"{stage} is stuck: {look.lag} messages to read, the next one for over 10 minutes, and it finishes none"
        yield Fault("stage-stuck", what, f"see what its log waits for, then start it anew: {command}")


def _dead_letters(counts: Mapping[tuple[str, str], int]) -> Fault:
    ranked = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    most = ", ".join(f"{stage} {reason} {count}" for (stage, reason), count in ranked[:3])
    what = f"{sum(counts.values())} dead letters wait: {most}{', ...' if len(ranked) > 3 else ''}"
    return Fault("dead-letters", what, "look at them: geowire deadletters list, then geowire deadletters retry --all")


def _state_faults(state: Overview | Trouble, now: datetime) -> Iterator[Fault]:
    if isinstance(state, Trouble):
        yield _trouble(state)
        return
    yield from _poll_faults(state, now)
    if state.outbox_since is not None and now - state.outbox_since > OUTBOX_PATIENCE:
        what = f"the outbox does not empty: {state.waiting} messages, the oldest for {span(now - state.outbox_since)}"
        yield Fault("outbox", what, "see that the bus takes messages, then send them: geowire poll")
    yield from _feed_faults(state)


def _poll_faults(state: Overview, now: datetime) -> Iterator[Fault]:
    silence = None if state.last_poll is None else now - state.last_poll
    if not state.due or (silence is not None and silence <= POLL_SILENCE):
        return
    since = "ever" if silence is None else f"for {span(silence)}"
    start = "start the schedule: geowire run; or poll once: geowire poll"
    yield Fault("poll", f"nothing was polled {since}, and {state.due} feeds are due", start)


def _feed_faults(state: Overview) -> Iterator[Fault]:
    total = sum(state.states.values())
    for kind, states, verb in (("failing", ("failing", "gone"), "fail"), ("silent", ("silent",), "are stale")):
        count = sum(state.states.get(name, 0) for name in states)
        if count * TOLERATED_PART < total or not count:
            continue
        first = next((feed for feed in state.failing if feed.state in states), None)
        why = f" ({first.title or first.url}: {first.why or first.error})" if first else ""
        what = f"{count} of {total} feeds {verb}{why}"
        yield Fault(f"feeds-{kind}", what, "look at them: geowire feeds check")


def _disk_faults(disk: Disk) -> Iterator[Fault]:
    if disk.free >= DISK_FREE_BYTES and disk.free >= DISK_FREE_RATIO * disk.total:
        return
    what = f"the disk of {disk.folder} is nearly full: {disk.free / 1e9:.1f} of {disk.total / 1e9:.1f} GB are free"
    yield Fault("disk", what, f"make room, or move the data: du -sh {disk.folder}/* and GEOWIRE_DATA")


def span(length: timedelta) -> str:
    """A length of time as a person says it."""
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 60:.0f} minutes"
