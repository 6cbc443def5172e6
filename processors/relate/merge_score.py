"""How alike an article and a story are: a few named features, fixed weights, one probability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

DECAY_HOURS = 72.0
BROADEST = 8


@dataclass(frozen=True, slots=True)
class Features:
    """What the score looks at, each from 0 to 1; `merge_score.yaml` says what each one is."""

    body: float
    title: float
    time: float
    shared: float
    entities: float
    breadth: float

    def weighed(self, weights: Mapping[str, float]) -> float:
        """The sum of weight x feature."""
        return (
            weights["bias"]
            + weights["body"] * self.body
            + weights["near"] * self.body * self.time
            + weights["title"] * self.title
            + weights["time"] * self.time
            + weights["shared"] * self.shared
            + weights["entities"] * self.entities
            + weights["breadth"] * self.breadth
        )


@dataclass(frozen=True, slots=True)
class MergeScore:
    """The weights, and how high a score must be for an article to join and for stories to merge."""

    model: str
    weights: dict[str, float]
    join: float
    merge: float
    undated: float = 0.5
    """What stands for `time` where a date is missing."""
    wake: float = 0.9
    """How alike an article must be to a story that is over to take it up again."""
    across: float = 0.5
    """How alike by ids an article must be to a story in another language."""

    def __call__(self, features: Features) -> float:
        """Probability that the two belong together (logistic model)."""
        return 1 / (1 + math.exp(-features.weighed(self.weights)))


@cache
def shipped_score() -> MergeScore:
    """The score that comes with geowire."""
    return MergeScore(**yaml.safe_load(files(__package__).joinpath("merge_score.yaml").read_text("utf-8")))


def nearness(hours: float) -> float:
    """How near in time, from 1 (at once) towards 0."""
    return math.exp(-hours / DECAY_HOURS)


def breadth(members: int) -> float:
    """How broad the profile of so many members is, from 0 for one to 1 for eight and more."""
    return math.log2(min(max(members, 1), BROADEST)) / math.log2(BROADEST)
