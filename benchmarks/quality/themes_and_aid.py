"""Themes and military-aid facts against articles labelled by reading.

A theme is positive where the label is 1 or 2. A fact is right if donor and recipient both are; each labelled fact is
found once. Rules and weights are made with the tuning part; nobody looks at the texts or errors of what is held back.
To print the table: `python -m benchmarks.quality.themes_and_aid DATA`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from benchmarks.quality.labelled import Part, part_of, read_articles, tag
from geowire.messages.tagged import ThemeName
from processors.tag.tag import ArticleTagger, Tags

PARTS: tuple[Part, ...] = ("tuning", "held back", "all")
ENOUGH = 10
"""Positives from which a theme counts in the mean, of all articles."""


class Row(NamedTuple):
    """One line of the table."""

    part: Part
    measure: str
    precision: float
    recall: float
    f1: float
    labelled: int


class Counts(NamedTuple):
    """Right, found and labelled."""

    right: int
    found: int
    labelled: int

    def row(self, part: Part, measure: str) -> Row:
        """Precision, recall and F1."""
        precision = self.right / self.found if self.found else 0.0
        recall = self.right / self.labelled if self.labelled else 0.0
        f1 = 2 * self.right / (self.found + self.labelled) if self.found + self.labelled else 0.0
        return Row(part, measure, precision, recall, f1, self.labelled)


Judged = list[tuple[dict[str, Any], Tags]]


def score(data: Path) -> list[Row]:
    """Every theme, their mean, and the facts, for each part."""
    tagger = ArticleTagger.load()
    return score_all([(row, tag(tagger, row)) for row in read_articles(data)])


def score_all(judged: Judged) -> list[Row]:
    """The rows of every part."""
    return [row for part in PARTS for row in _score_part(part, judged)]


def _score_part(part: Part, judged: Judged) -> Iterator[Row]:
    chosen = [item for item in judged if part in {"all", part_of(item[0]["id"])}]
    themes = [theme_counts(theme, chosen).row(part, theme) for theme in get_args(ThemeName)]
    yield from themes
    often = {theme for theme in get_args(ThemeName) if theme_counts(theme, judged).labelled >= ENOUGH}
    counted = [row for row in themes if row.measure in often]
    yield _mean(part, counted)
    yield fact_counts(chosen, {"high"}).row(part, "facts, confidence high")
    yield fact_counts(chosen, {"high", "medium", "low"}).row(part, "facts, any confidence")
    yield fact_counts(chosen, {"high", "medium", "low"}, with_action=True).row(part, "facts, action too")


def _mean(part: Part, rows: Sequence[Row]) -> Row:
    count = max(len(rows), 1)
    return Row(
        part,
        f"mean of themes with {ENOUGH} positives",
        sum(row.precision for row in rows) / count,
        sum(row.recall for row in rows) / count,
        sum(row.f1 for row in rows) / count,
        sum(row.labelled for row in rows),
    )


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


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    head = "| part | measure | precision | recall | F1 | labelled |\n|---|---|---|---|---|---|"
    lines = (
        f"| {row.part} | {row.measure} | {row.precision:.3f} | {row.recall:.3f} | {row.f1:.3f} | {row.labelled} |"
        for row in rows
    )
    return "\n".join((head, *lines))


def main() -> None:
    """Print the table."""
    print(table(score(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
