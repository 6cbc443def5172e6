"""The faults of a chaos run: a pure function of a seed, so that a run that found something can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Literal

Act = Literal["kill -9", "kill -9 a worker", "stop", "shut down at once", "fill"]
STAGES = ("tag", "relate", "flag")
EVERYTHING = ("poller", *STAGES)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: what is done to whom, for how long, and whose work it interrupts."""

    act: Act
    target: str
    interrupts: tuple[str, ...]
    seconds: tuple[float, float] = (0.0, 0.0)
    """The shortest and the longest; a kill is over at once."""


KINDS = (
    Kind("kill -9", "poller", ("poller",)),
    Kind("kill -9 a worker", "poller", ("poller",)),
    *(Kind("kill -9", stage, (stage,)) for stage in STAGES),
    Kind("stop", "broker", EVERYTHING, (20.0, 20.0)),
    Kind("kill -9", "broker", EVERYTHING),
    Kind("kill -9", "postgres", ("poller",)),
    Kind("shut down at once", "postgres", ("poller",)),
    Kind("fill", "disk", ("relate", "flag"), (5.0, 15.0)),
    Kind("stop", "feeds", ("poller",), (3.0, 8.0)),
)
EMBEDDED_KINDS = (
    *(kind for kind in KINDS if kind.target not in {"broker", "postgres", "disk"}),
    Kind("fill", "disk", EVERYTHING, (5.0, 15.0)),
)
"""Without a broker and a database server everything is in files."""
CALM = (0.5, 5.0)
"""Seconds between the recovery from one fault and the next."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a plan."""

    kind: Kind
    calm: float
    """Seconds to wait before it."""
    seconds: float
    """How long it lasts."""

    @property
    def title(self) -> str:
        """What a person reads: `stop 20 s`."""
        return f"{self.kind.act} {self.seconds:.0f} s" if self.seconds else self.kind.act


def plan(seed: int, count: int, kinds: Sequence[Kind], longest: float = inf) -> list[Fault]:
    """So many faults in random order, each kind as often as any other, give or take one; times are cut to `longest`."""
    random = Random(seed)
    deck: list[Kind] = []
    while len(deck) < count:
        deck += random.sample(kinds, len(kinds))
    drawn = deck[:count]
    random.shuffle(drawn)
    return [
        Fault(kind, min(longest, random.uniform(*CALM)), min(longest, random.uniform(*kind.seconds))) for kind in drawn
    ]
