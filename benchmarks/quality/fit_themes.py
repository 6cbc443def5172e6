"""Fit the weights of the themes' linear models: `python -m benchmarks.quality.fit_themes DATA [--without-facts]`.

It learns from the tuning part of the labelled articles, from openings that we read, and from some of our own news.
For languages in which no facts are read it learns from the same without their facts, and from news in those languages.
One logistic regression for all themes: weights that they share, and for each theme its own, held near the shared ones
by a penalty, because most themes have few examples. Folds of articles choose the penalty and the thresholds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.quality.labelled import (
    languages,
    read_articles,
    read_military_aid,
    read_news,
    read_openings,
    read_paragraphs,
    require,
    sources_of,
)
from geowire.errors import Misconfigured
from processors.tag.sources import DATA
from processors.tag.tag import ArticleTagger
from processors.tag.themes import FEATURES

FOLDS = 5
STEPS = 800
RATE = 0.5
PENALTIES = ((0.003, 0.01), (0.003, 0.03))
"""Of the shared weights, and of what a theme's own differ from them."""
SHRINK = 10
"""With so many positives a theme's own threshold counts as much as the common one."""
THRESHOLDS = tuple(step / 100 for step in range(25, 66, 5))


class Example(NamedTuple):
    """One theme in one article."""

    article: int
    theme: str
    values: tuple[float, ...]
    label: bool


class Weights(NamedTuple):
    """What all themes share, and what each adds; the last value is the bias."""

    shared: list[float]
    own: dict[str, list[float]]

    def probability(self, example: Example) -> float:
        """How likely the label is positive."""
        own = self.own[example.theme]
        sum_ = sum((a + b) * value for a, b, value in zip(self.shared, own, (*example.values, 1.0), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum_))))


def examples(data: Path, *, with_facts: bool) -> list[Example]:
    """Every theme in every article of the tuning part, the labelled ones first."""
    tagger = ArticleTagger.load()
    rows = like_what_is_read(data, with_facts=with_facts) + read_openings(data) + read_paragraphs("tuning")
    full = [example for place, row in enumerate(rows) for example in _examples(tagger, place, row, with_facts)]
    aid = (_examples(tagger, place, row, with_facts) for place, row in enumerate(read_military_aid(data), len(rows)))
    return [*full, *(example for found in aid for example in found if example.theme == "military-aid")]


def like_what_is_read(data: Path, *, with_facts: bool) -> list[dict[str, Any]]:
    """The articles on which thresholds are chosen: what we read besides is harder than the news of a day."""
    articles = read_articles(data, "tuning")
    return articles if with_facts else [*articles, *(row for it in languages() for row in read_news(it, "tuning"))]


def _examples(tagger: ArticleTagger, place: int, row: dict[str, Any], with_facts: bool) -> Iterable[Example]:
    themes = tagger.themes
    reading = tagger.read(row["title"] or "", row["text"], sources_of(row))
    aid = tagger.aid.find(reading) if with_facts else ()
    found = dict(themes.features(reading, aid, themes.weigh(reading)))
    for theme in themes.names:
        yield Example(place, theme, found.get(theme, (0.0,) * len(FEATURES)), bool(row["themes"].get(theme)))


def fit(rows: Sequence[Example], shared_penalty: float, own_penalty: float) -> Weights:
    """By gradient descent; the biases are not shared and hardly penalised."""
    width = len(FEATURES) + 1
    weights = Weights([0.0] * width, {row.theme: [0.0] * width for row in rows})
    scale = RATE / len(rows)
    for _ in range(STEPS):
        slopes = Weights([0.0] * width, {theme: [0.0] * width for theme in weights.own})
        for row in rows:
            error = weights.probability(row) - row.label
            own = slopes.own[row.theme]
            for index, value in enumerate((*row.values, 1.0)):
                if value:
                    slopes.shared[index] += error * value
                    own[index] += error * value
        _step(weights.shared, slopes.shared, scale * 10, shared_penalty)
        for theme, own in weights.own.items():
            _step(own, slopes.own[theme], scale * 10, own_penalty)
    return weights


def _step(weights: list[float], slopes: Sequence[float], rate: float, penalty: float) -> None:
    for index, slope in enumerate(slopes):
        shrink = penalty if index < len(slopes) - 1 else penalty / 10
        weights[index] -= rate * slope + RATE * penalty_part(shrink, weights[index])


def penalty_part(penalty: float, weight: float) -> float:
    """The slope of the penalty."""
    return penalty * weight


def mean_f1(rows: Sequence[Example], scores: Sequence[float], threshold: float, least: int = 4) -> float:
    """Over the themes with enough positives."""
    values = []
    for theme in sorted({row.theme for row in rows}):
        pairs = [(score >= threshold, row.label) for row, score in zip(rows, scores, strict=True) if row.theme == theme]
        found, labelled = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        if labelled >= least:
            values.append(2 * pairs.count((True, True)) / (found + labelled))
    return sum(values) / len(values)


def cross_validated(rows: Sequence[Example], penalties: tuple[float, float]) -> list[float]:
    """The probability of each example from weights that have not seen its article."""
    scores = [0.0] * len(rows)
    for fold in range(FOLDS):
        weights = fit([row for row in rows if row.article % FOLDS != fold], *penalties)
        for place, row in enumerate(rows):
            if row.article % FOLDS == fold:
                scores[place] = weights.probability(row)
    return scores


def theme_thresholds(rows: Sequence[Example], scores: Sequence[float], common: float) -> dict[str, float]:
    """The one that suits the theme best, drawn to the common one the more the fewer its examples are."""
    chosen = {}
    for theme in sorted({row.theme for row in rows}):
        places = [place for place, row in enumerate(rows) if row.theme == theme]
        own = [rows[place] for place in places], [scores[place] for place in places]
        values = [(mean_f1(*own, threshold, least=0), -abs(threshold - common), threshold) for threshold in THRESHOLDS]
        positives = sum(row.label for row in own[0])
        share = positives / (positives + SHRINK)
        chosen[theme] = round(share * max(values)[2] + (1 - share) * common, 3)
    return chosen


def as_data(weights: Weights, thresholds: dict[str, float]) -> dict[str, Any]:
    """The model as the data file has it."""
    summed = {theme: [a + b for a, b in zip(weights.shared, own, strict=True)] for theme, own in weights.own.items()}
    return {
        "thresholds": thresholds,
        "bias": {theme: round(values[-1], 3) for theme, values in sorted(summed.items())},
        "weights": {
            theme: {name: round(value, 3) for name, value in zip(FEATURES, values[:-1], strict=True)}
            for theme, values in sorted(summed.items())
        },
    }


def main() -> None:
    """Choose, fit, write."""
    with_facts = "--without-facts" not in sys.argv
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if len(folders) != 1:
        sys.exit("name the folder of the labelled sets: python -m benchmarks.quality.fit_themes ../shared/data")
    try:
        data = require(Path(folders[0]))
    except Misconfigured as error:
        sys.exit(str(error))
    rows = examples(data, with_facts=with_facts)
    last = len(like_what_is_read(data, with_facts=with_facts))
    name = "theme_model" if with_facts else "theme_model_without_facts"
    head = "# Written by benchmarks/quality/fit_themes.py: what each feature of themes.py weighs for each theme.\n"
    (DATA / f"{name}.yaml").write_text(head + yaml.safe_dump(chosen_model(rows, last), sort_keys=True), "utf-8")


def chosen_model(rows: Sequence[Example], last: int) -> dict[str, Any]:
    """Penalties and thresholds by cross-validation; thresholds on the articles before `last` alone."""
    like = [place for place, row in enumerate(rows) if row.article < last]
    tried = []
    for penalties in PENALTIES:
        scores = cross_validated(rows, penalties)
        chosen = [rows[place] for place in like], [scores[place] for place in like]
        best = max((mean_f1(*chosen, threshold), -abs(threshold - 0.45), threshold) for threshold in THRESHOLDS)
        tried.append((mean_f1(rows, scores, best[2]), penalties, theme_thresholds(*chosen, best[2])))
        print(f"penalties {penalties}: mean F1 {best[0]:.3f} at {best[2]}, of all that was read {tried[-1][0]:.3f}")
    _, penalties, thresholds = max(tried, key=lambda item: item[0])
    return as_data(fit(rows, *penalties), thresholds)


if __name__ == "__main__":
    main()
