"""Sets of articles with known stories, as lines for the grouping: real ones, and ones made of them.

`many` has stories of 20 to 60 articles, each article some sentences of one real report with a few of another's, since
no public set has stories of that size. `undated` is a set without its dates.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

from geowire.messages import Tagged
from processors.relate import tagged_from_lines

SENTENCE = re.compile(r"(?<=[.!?])\s+")
SEED = 6
START = datetime(2024, 1, 1, tzinfo=UTC)
FEWEST_SENTENCES = 12
SMALLEST, LARGEST = 20, 60
MANY_STORIES = 60

Half = Literal["tuned", "held back", "all"]


@dataclass(frozen=True)
class StorySet:
    """Tagged articles in the order in which they come, and the story of each."""

    name: str
    articles: tuple[Tagged, ...]
    gold: dict[str, str]


def half_of(story: str) -> Half:
    """Which half a story belongs to, by a hash of its id: weights are found on one, the other is held back."""
    return "tuned" if hashlib.sha256(story.encode()).digest()[0] % 2 else "held back"


def neus(data: Path, half: Half = "all", *, dated: bool = True) -> StorySet:
    """Openings of news reports, three to a story, dates made up."""
    return _real_set("neus", read_rows(data / "stories" / "neus_dev.jsonl.gz"), half, dated=dated)


def basil(data: Path, half: Half = "all", *, dated: bool = True) -> StorySet:
    """Whole news reports, three to a story."""
    rows = read_rows(data / "stories" / "basil.jsonl.gz")
    rows = [row | {"published_at": f"{row['date']}T12:00:00Z"} for row in rows]
    return _real_set("basil", sorted(rows, key=lambda row: str(row["published_at"])), half, dated=dated)


def many(data: Path, half: Half = "all", *, dated: bool = True, stories: int = MANY_STORIES) -> StorySet:
    """Stories of twenty to sixty articles, each made of one report's sentences and a few of another's."""
    reports = [row for row in read_rows(data / "themes" / "unlabelled_dev.jsonl.gz") if half in {"all", _half(row)}]
    long = [row for row in reports if len(_sentences(row)) >= FEWEST_SENTENCES]
    rows = list(_mixed_articles(long[:stories], long[stories:], Random(SEED)))
    return _real_set("many", sorted(rows, key=lambda row: str(row["published_at"])), "all", dated=dated)


def _mixed_articles(
    reports: list[dict[str, Any]], others: list[dict[str, Any]], random: Random
) -> Iterator[dict[str, Any]]:
    for number, report in enumerate(reports):
        sentences, begins = _sentences(report), START + timedelta(hours=6 * number)
        for _ in range(random.randint(SMALLEST, LARGEST)):
            told = random.sample(sentences, max(4, len(sentences) // 3))
            strange = random.sample(_sentences(random.choice(others)), 2)
            yield {
                "story": str(report["id"]),
                "title": " ".join(random.choice(told).split()[:11]),
                "text": " ".join([*told, *strange]),
                "published_at": (begins + timedelta(hours=random.expovariate(1 / 24))).isoformat(),
            }


def _sentences(row: dict[str, Any]) -> list[str]:
    return [sentence for sentence in SENTENCE.split(str(row["text"])) if len(sentence.split()) >= 6]


def _half(row: dict[str, Any]) -> Half:
    return half_of(str(row["id"]))


def _real_set(name: str, rows: Iterable[dict[str, Any]], half: Half, *, dated: bool) -> StorySet:
    chosen = [row for row in rows if half == "all" or half_of(str(row["story"])) == half]
    lines = [
        {"id": str(place), "title": row["title"], "text": row["text"], "published_at": row["published_at"]}
        for place, row in enumerate(chosen)
    ]
    if not dated:
        lines = [line | {"published_at": None} for line in lines]
    gold = {str(place): str(row["story"]) for place, row in enumerate(chosen)}
    return StorySet(f"{name}{'' if dated else ' undated'}", tuple(tagged_from_lines(lines)), gold)


@cache
def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def _tagger() -> Any:
    from processors.tag.tag import ArticleTagger  # noqa: PLC0415  # the gazetteer takes a moment

    return ArticleTagger.load()


def with_entities(articles: StorySet) -> StorySet:
    """The same articles, tagged as the pipeline would."""
    from processors.tag.tag import tag_article  # noqa: PLC0415

    tagged = tuple(tag_article(article, _tagger()) for article in articles.articles)
    return StorySet(f"{articles.name}, tagged", tagged, articles.gold)
