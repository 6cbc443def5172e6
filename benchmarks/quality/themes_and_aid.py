"""Themes and military-aid facts against articles labelled by reading.

A theme is positive where the label is 1 or 2. A fact is right if donor and recipient both are; each labelled fact is
found once. Rules and weights are made with the tuning part; nobody looks at the texts or errors of what is held back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from benchmarks.quality.labelled import MILITARY_AID, OPENINGS, PARTS, Part, part_of, read_articles, tag
from benchmarks.quality.row import Row
from geowire.messages.tagged import ThemeName
from processors.tag.tag import ArticleTagger, Tags

ENOUGH = 10
"""Positives from which a theme counts in the mean, of all articles."""

CONFIDENCES: Mapping[str, Collection[str]] = {"high": {"high"}, "any": {"high", "medium", "low"}}

TARGETS: Mapping[str, float] = {
    "theme military-aid": 0.92,
    "mean of": 0.75,
    "facts, confidence high, precision": 0.85,
    "facts, confidence high, recall": 1 / 3,
    "facts, confidence any, precision": 0.60,
    "facts, confidence any, recall": 0.50,
}
"""By how the measure's name begins, for the whole set."""


class Counts(NamedTuple):
    """Right, found and labelled."""

    right: int
    found: int
    labelled: int

    @property
    def precision(self) -> float:
        """Share of what is found that is right."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of what is labelled that is found."""
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        """Of both."""
        return 2 * self.right / (self.found + self.labelled) if self.found + self.labelled else 0.0


Judged = list[tuple[dict[str, Any], Tags]]


def score(data: Path, tagger: ArticleTagger) -> list[Row]:
    """Every theme, their mean, and the facts, for each part."""
    judged = [(row, tag(tagger, row)) for row in read_articles(data)]
    often = {theme for theme in get_args(ThemeName) if theme_counts(theme, judged).labelled >= ENOUGH}
    return [row for part in PARTS for row in _score_part(part, judged, often)]


def _score_part(part: Part, judged: Judged, often: Collection[str]) -> Iterator[Row]:
    chosen = [item for item in judged if part in {"all", part_of(item[0]["id"])}]
    counts = {theme: theme_counts(theme, chosen) for theme in get_args(ThemeName)}
    for theme, count in counts.items():
        yield _row(f"theme {theme}, F1", part, count.f1, count.labelled)
    counted = [counts[theme] for theme in sorted(often)]
    mean = sum(count.f1 for count in counted) / (len(counted) or 1)
    yield _row(
        f"mean of the {len(counted)} themes with {ENOUGH} positives, F1", part, mean, sum(c.labelled for c in counted)
    )
    for name, confidences in CONFIDENCES.items():
        facts = fact_counts(chosen, confidences)
        yield _row(f"facts, confidence {name}, precision", part, facts.precision, facts.found)
        yield _row(f"facts, confidence {name}, recall", part, facts.recall, facts.labelled)
    acts = fact_counts(chosen, CONFIDENCES["any"], with_action=True)
    yield _row("facts with the right action too, F1", part, acts.f1, acts.labelled)


def _row(measure: str, part: Part, value: float, count: int) -> Row:
    target = next((least for start, least in TARGETS.items() if measure.startswith(start)), None)
    return Row("articles_dev", measure, part, value, count, target if part == "all" else None)


def theme_counts(theme: str, judged: Judged) -> Counts:
    """How often the theme is found where it is labelled."""
    pairs = [(theme in {item.theme for item in tags.themes}, bool(row["themes"].get(theme))) for row, tags in judged]
    return Counts(pairs.count((True, True)), sum(found for found, _ in pairs), sum(label for _, label in pairs))


def fact_counts(judged: Judged, confidences: Collection[str], *, with_action: bool = False) -> Counts:
    """How many facts of these confidences are labelled; one labelled fact makes one found fact right."""
    right = found = labelled = 0
    for row, tags in judged:
        expected = Counter(_key(fact["donor"], fact["recipient"], fact["action"], with_action) for fact in row["aid"])
        told = Counter(
            _key(fact.donor, fact.recipient, fact.action, with_action)
            for fact in tags.aid
            if str(fact.confidence) in confidences
        )
        right += (expected & told).total()
        found += told.total()
        labelled += expected.total()
    return Counts(right, found, labelled)


def _key(donor: str | None, recipient: str | None, action: str, with_action: bool) -> tuple[str, ...]:
    names = ((donor or "").casefold(), (recipient or "").casefold())
    return (*names, action) if with_action else names


def count_openings() -> int:
    """How many openings of unlabelled articles we read ourselves."""
    return len(json.loads(OPENINGS.read_text(encoding="utf-8")))


def count_military_aid() -> int:
    """Of how many others we only said whether they treat military aid."""
    return len(json.loads(MILITARY_AID.read_text(encoding="utf-8")))
