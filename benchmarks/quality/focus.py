"""How often one of the first two countries of an article is one that it is labelled to be about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.quality.labelled import PARTS, part_of, read_articles, tag
from benchmarks.quality.row import Row
from processors.tag.tag import ArticleTagger

TARGET = 0.95


def score(data: Path, tagger: ArticleTagger) -> list[Row]:
    """Share of the articles with a labelled focus, for both halves and all; also where the first is right."""
    articles = [article for article in read_articles(data) if article["focus"]]
    ranked = [(article, central_countries(article, tagger)) for article in articles]
    rows: list[Row] = []
    for part in PARTS:
        chosen = [item for item in ranked if part in {"all", part_of(item[0]["id"])}]
        for measure, first in (("focus: one of the first two", 2), ("focus: the first", 1)):
            right = sum(not set(article["focus"]).isdisjoint(found[:first]) for article, found in chosen)
            target = TARGET if (part, first) == ("all", 2) else None
            rows.append(Row("articles_dev", measure, part, right / (len(chosen) or 1), len(chosen), target))
    return rows


def central_countries(article: dict[str, Any], tagger: ArticleTagger) -> list[str]:
    """The article's countries, the most central first."""
    return [country.iso for country in tag(tagger, article).countries]
