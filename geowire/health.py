"""Whether a long-lived process lives and is ready, from what it tells of itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from geowire.monitor import Pulse

STALLED_SECONDS = 300.0
"""A loop that did not come round for so long hangs; its group has given it up by then."""
ANSWER_SECONDS = 60.0
"""An answer of the bus that is older says nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """A verdict; the reason is one line."""

    is_good: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BusAnswer:
    """The last look at the bus: how long ago, and what went wrong."""

    age_seconds: float
    fault: str | None = None


def liveness(pulse: Pulse) -> Health:
    """The process is alive as long as its loop comes round, even if only to wait."""
    silent = pulse.silent_seconds
    if silent > STALLED_SECONDS:
        return Health(False, f"the loop has not come round for {silent:.0f} s")
    return Health(True, "alive")


def readiness(pulse: Pulse, answer: BusAnswer | None) -> Health:
    """The process is ready when it stands in its group, waits for no fault, and the bus answers."""
    alive = liveness(pulse)
    hindrance = None if alive.is_good else alive.reason
    hindrance = hindrance or _silence(answer) or (f"the loop waits: {pulse.fault}" if pulse.fault else None)
    if hindrance is None and not pulse.has_joined:
        hindrance = "the group is not joined yet"
    return Health(hindrance is None, hindrance or "ready")


def _silence(answer: BusAnswer | None) -> str | None:
    if answer is None:
        return "the bus was not asked yet"
    if answer.fault is not None:
        return f"the bus does not answer: {answer.fault}"
    return f"the bus has not answered for {answer.age_seconds:.0f} s" if answer.age_seconds > ANSWER_SECONDS else None
