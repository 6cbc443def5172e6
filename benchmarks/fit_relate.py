"""How the weights in `processors/relate/merge_score.yaml` were found.

    python benchmarks/fit_relate.py DATA

A grouping is led through the tuned half of each set by the right answers, and writes down the features of each article
beside each story that it could have joined. A logistic regression (iteratively reweighted least squares, a little
ridge) over these gives the weights, each set counting the same, so that stories of forty articles weigh as much as
stories of three. Then `join` and `undated` are chosen by BCubed F1 on the same halves. The other halves are looked at
by `quality/stories.py` only.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.quality.stories import measured
from benchmarks.quality.story_sets import StorySet, basil, many, neus, with_entities
from processors.relate import Assignment, Grouping
from processors.relate.likeness import article_features, has_enough_in_common
from processors.relate.merge_score import Features, MergeScore, shipped_score
from processors.relate.newcomer import Newcomer

NAMES = ("bias", "body", "near", "title", "time", "shared", "entities", "breadth")
RIDGE = 2.0
ROUNDS = 12
JOINS = (0.3, 0.4, 0.5, 0.6, 0.7)
UNDATED = (0.2, 0.4, 0.6)
MANY_STORIES = 15


@dataclass
class Example:
    """An article beside a story that it could join."""

    values: tuple[float, ...]
    right: bool
    weight: float = 1.0


@dataclass
class Examples:
    """What a taught grouping saw."""

    gold: dict[str, str]
    found: list[Example] = field(default_factory=list)


class TaughtGrouping(Grouping):
    """A grouping that is told where each article belongs."""

    def __init__(self, examples: Examples) -> None:
        super().__init__()
        self._examples = examples
        self._right: dict[str, str] = {}

    def _assign(self, newcomer: Newcomer) -> Assignment:
        gold = self._examples.gold[newcomer.tagged.id]
        known = self._right.get(gold)
        for story in self.stories.candidates(newcomer.contribution.body, 20):
            if has_enough_in_common(newcomer, story):
                features = article_features(newcomer, story, self.documents, self.score.undated)
                self._examples.found.append(Example(values_of(features), story.id == known))
        right = next((story for story in self.stories if story.id == known), None)
        assignment = self._start(newcomer) if right is None else self._join(newcomer, right, 1.0)
        self._right[gold] = assignment.story_id
        return assignment


def values_of(features: Features) -> tuple[float, ...]:
    """The features in the order of their names."""
    one_by_one = (dict.fromkeys(NAMES, 0.0) | {name: 1.0} for name in NAMES)
    return tuple(features.weighed(weights) for weights in one_by_one)


def examples_of(stories: StorySet) -> list[Example]:
    """The examples of a set; together they weigh 1,000."""
    examples = Examples(stories.gold)
    grouping = TaughtGrouping(examples)
    for article in stories.articles:
        grouping.add(article)
    for example in examples.found:
        example.weight = 1_000 / len(examples.found)
    return examples.found


def fit(examples: list[Example]) -> list[float]:
    """Weights of a logistic regression."""
    weights = [0.0] * len(NAMES)
    for _ in range(ROUNDS):
        slope = [-RIDGE * weight / 10 for weight in weights]
        curve = [[RIDGE / 10 * (row == column) for column in range(len(NAMES))] for row in range(len(NAMES))]
        for example in examples:
            _take_in(example, weights, slope, curve)
        weights = [weight + step for weight, step in zip(weights, solved(curve, slope), strict=True)]
    return weights


def _take_in(example: Example, weights: list[float], slope: list[float], curve: list[list[float]]) -> None:
    total = sum(weight * value for weight, value in zip(weights, example.values, strict=True))
    likely = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    error, bend = (example.right - likely) * example.weight, likely * (1 - likely) * example.weight
    for row, value in enumerate(example.values):
        slope[row] += error * value
        for column, other in enumerate(example.values):
            curve[row][column] += bend * value * other


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """The solution of a small system of equations (Gauss and Jordan)."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place in range(len(rows)):
        best = max(range(place, len(rows)), key=lambda row: abs(rows[row][place]))
        rows[place], rows[best] = rows[best], rows[place]
        rows[place] = [value / rows[place][place] for value in rows[place]]
        for other, row in enumerate(rows):
            if other != place:
                rows[other] = [value - row[place] * pivot for value, pivot in zip(row, rows[place], strict=True)]
    return [row[-1] for row in rows]


def main() -> None:
    """Fit, choose the limits, print what belongs into the file."""
    data = Path(sys.argv[1])
    sets = [with_entities(basil(data, "tuned")), neus(data, "tuned"), with_entities(neus(data, "tuned"))]
    sets += [many(data, "tuned", stories=MANY_STORIES)]
    weights = dict(zip(NAMES, fit([each for stories in sets for each in examples_of(stories)]), strict=True))
    print("weights:", {name: round(weight, 1) for name, weight in weights.items()})
    for join in JOINS:
        model = MergeScore("fit", weights, join, shipped_score().merge)
        print(
            f"join {join}:", *(f"{row.set} {row.f1:.3f}" for row in (measured(each, "tuned", model) for each in sets))
        )
    bare = [neus(data, "tuned", dated=False), many(data, "tuned", dated=False, stories=MANY_STORIES)]
    for undated in UNDATED:
        model = MergeScore("fit", weights, 0.5, shipped_score().merge, undated)
        figures = (f"{row.set} {row.f1:.3f}" for row in (measured(each, "tuned", model) for each in bare))
        print(f"undated {undated}:", *figures)


if __name__ == "__main__":
    main()
