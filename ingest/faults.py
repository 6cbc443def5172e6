"""What a failed poll weighs. Pure. The weights are those of Media Cloud's rss-fetcher: hard, soft, temporary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingest.identity import owner_of

HARD, SOFT, TEMPORARY = 1.0, 0.5, 0.25
GONE = 410
GONE_CONFIRMATIONS = 2
"""Polls that must answer 410 before the feed is retired: one may be a slip of the pen."""
PASSING = frozenset(
    {"timeout", "dns", "unreachable", "refused", "reset", "http-408", "http-421", "http-425", "http-429"}
)
NETWORK = frozenset({"dns", "unreachable"})
UNASKED = frozenset({"throttled", "host-busy", "host-silent"})
"""The feed's host was left alone because of others: nothing is known of this feed."""
EVIDENCE = 3
"""Sites that must fail together, out of the blue, before our own network is blamed."""
NEARLY_ALL = 0.9
PARDONS = 144
"""Pardons in a row, a day of them at ten minutes: then it is not our network."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a poll failed."""

    reason: str
    """A slug: `http-404`, `timeout`, `not-a-feed`."""
    is_passing: bool
    """Whether who saw it thinks that it may pass."""
    http_status: int | None = None
    asked_to_wait: bool = False
    """The server said when to come back: it throttles, whatever status it found for that."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults since the last good poll."""

    weight: float = 0.0
    gone: int = 0
    """How often it answered 410."""
    pardons: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether the feed is retired."""
        return self.gone >= GONE_CONFIRMATIONS


@dataclass(frozen=True, slots=True)
class Attempt:
    """One feed of a poll, as far as it tells something about our own network."""

    url: str
    was_well: bool
    fault: Fault | None


def weight_of(fault: Fault) -> float:
    """How much the fault says about the feed."""
    if fault.asked_to_wait or fault.reason in PASSING:
        return TEMPORARY
    return SOFT if fault.is_passing else HARD


def excuse(fault: Fault | None, *, is_ours: bool) -> str | None:
    """Why a fault says nothing about the feed; None if it does."""
    if is_ours:
        return "nearly all feeds failed so: our own network, which counts against none"
    return "its host rests, which does not count" if fault is not None and fault.reason in UNASKED else None


def after_fault(faults: Faults, fault: Fault, *, is_ours: bool) -> Faults:
    """The faults with one more; a fault of our own network weighs nothing."""
    if is_ours:
        return replace(faults, pardons=faults.pardons + 1)
    if fault.reason in UNASKED:
        return faults
    if fault.http_status == GONE:
        return Faults(faults.weight + HARD, faults.gone + 1)
    weight = weight_of(fault)
    answers_otherwise = weight == HARD and not faults.is_gone
    return Faults(faults.weight + weight, 0 if answers_otherwise else faults.gone)


def may_be_ours(faults: Faults, fault: Fault | None) -> bool:
    """Whether the fault may be one of our own network, so that the other feeds of the poll must be heard."""
    return fault is not None and fault.reason in NETWORK and faults.pardons < PARDONS


def is_our_network(attempts: Iterable[Attempt]) -> bool:
    """Whether nearly every feed that was well could not be reached, on several sites at once."""
    well = [attempt for attempt in attempts if attempt.was_well]
    cut_off = [attempt for attempt in well if attempt.fault is not None and attempt.fault.reason in NETWORK]
    sites = {owner_of(attempt.url) for attempt in cut_off}
    return len(sites) >= EVIDENCE and len(cut_off) >= NEARLY_ALL * len(well)
