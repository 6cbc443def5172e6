"""How often one of the first two countries of an article is one that it is labelled to be about.

python -m benchmarks.quality.focus ../shared/data
"""

from __future__ import annotations

import gzip
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.quality.places import Row, parts, table
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger

TARGET = 0.95


def score(data: Path, tagger: ArticleTagger | None = None) -> list[Row]:
    """Share of the articles with a labelled focus, for both halves and all; also where the first is right."""
    tagger = tagger or ArticleTagger.load()
    with gzip.open(data / "themes" / "articles_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        articles = [article for line in lines if (article := json.loads(line))["focus"]]
    rows: list[Row] = []
    for part, chosen in parts(articles):
        ranked = [(central_countries(article, tagger), set(article["focus"])) for article in chosen]
        for measure, first in (("one of the first two", 2), ("the first", 1)):
            right = sum(not labelled.isdisjoint(found[:first]) for found, labelled in ranked)
            target = TARGET if (part, first) == ("all", 2) else None
            rows.append(
                Row("articles_dev", f"focus: {measure} {part}", right / (len(ranked) or 1), len(ranked), target)
            )
    return rows


def central_countries(article: dict[str, Any], tagger: ArticleTagger) -> list[str]:
    """The article's countries, the most central first."""
    day = article.get("date")
    sources = Sources(datetime.fromisoformat(day.replace("/", "-")) if day else None)
    return [country.iso for country in tagger.tag_text(article.get("title") or "", article["text"], sources).countries]


if __name__ == "__main__":
    table(score(Path(sys.argv[1])))
