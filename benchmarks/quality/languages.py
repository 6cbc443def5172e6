"""Themes and countries in other languages than English, on short news of our own: `tests/data/tag/languages/`.

The news was written without sight of the words that read it. Every other article is held back: its figures are
printed, and nobody looks at its errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.quality.labelled import PARTS, Part, languages, read_news, tag
from benchmarks.quality.row import Row
from benchmarks.quality.themes_and_aid import Counts, Judged
from processors.tag.tag import ArticleTagger, Tags

TARGETS: Mapping[str, float] = {"theme military-aid, F1": 0.80, "all themes, F1": 0.75, "countries, F1": 0.95}
"""For the half that was held back of all languages together: words were bettered with the other half at hand."""

MILITARY_AID = {"military-aid"}

Pair = tuple[set[str], set[str]]
"""What was found in an article, and what is labelled."""

NAMING_KINDS = frozenset({"country", "demonym", "government", "metonym"})
"""Kinds of entities by which an article names a country; a city or a capital alone is labelled as none."""


def score(tagger: ArticleTagger) -> Iterator[Row]:
    """Each language by itself, then all of them by halves."""
    for language in languages():
        for measure, counts in measured(judged(tagger, language)).items():
            yield Row(f"news in {language}", measure, "all", counts.f1, counts.labelled)
    for part in PARTS:
        chosen = [article for language in languages() for article in judged(tagger, language, part)]
        for measure, counts in measured(chosen).items():
            target = TARGETS[measure] if part == "held back" else None
            yield Row("news in all of these", measure, part, counts.f1, counts.labelled, target)


def judged(tagger: ArticleTagger, language: str, part: Part = "all") -> Judged:
    """The articles of a language with their tags."""
    return [(row, tag(tagger, row)) for row in read_news(language, part)]


def measured(articles: Judged) -> dict[str, Counts]:
    """Right, found and labelled of each measure."""
    themes: list[Pair] = [({theme.theme for theme in tags.themes}, set(row["themes"])) for row, tags in articles]
    return {
        "theme military-aid, F1": counted([(MILITARY_AID & found, MILITARY_AID & known) for found, known in themes]),
        "all themes, F1": counted(themes),
        "countries, F1": counted([(named(tags), set(row["countries"])) for row, tags in articles]),
    }


def named(tags: Tags) -> set[str]:
    """The countries that the article names as a country, a people or a government."""
    found = (it for it in tags.entities if it.kind in NAMING_KINDS and not it.id.endswith("-capital"))
    return {it.country for it in found if it.country}


def counted(pairs: Sequence[Pair]) -> Counts:
    """Right, found and labelled of all pairs."""
    return Counts(
        sum(len(found & labelled) for found, labelled in pairs),
        sum(len(found) for found, _ in pairs),
        sum(len(labelled) for _, labelled in pairs),
    )
