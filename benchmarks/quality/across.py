"""Joining across languages, on reports of which a part is made unreadable: words scrambled, tags and figures kept.

    python benchmarks/quality/across.py DATA

No public set has the stories of several languages. So every third article of a story is put into a language that does
not exist, letter by letter, after it was tagged; what can join it to its story is what joins real languages: ids.
"""

from __future__ import annotations

import codecs
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.story_sets import StorySet, basil, many, with_entities
from processors.relate import Grouping


@dataclass(frozen=True)
class Row:
    """How many foreign articles joined a story of another language, and how many of these rightly."""

    set: str
    foreign: int
    joined: int
    right: int


def score(data: Path) -> list[Row]:
    """Stories of three articles, and of many."""
    return [measured(with_entities(stories)) for stories in (basil(data), many(data, stories=20))]


def measured(stories: StorySet) -> Row:
    """Group a set with every third article of a story in a language of its own."""
    grouping, told, foreign = Grouping(), Counter[str](), 0
    home: dict[str, Counter[str]] = {}
    joined = right = 0
    for article in stories.articles:
        gold = stories.gold[article.id]
        told[gold] += 1
        changes: dict[str, object] = {"language": "en"}
        if told[gold] % 3 == 2:
            foreign += 1
            title, text = codecs.encode(article.title, "rot13"), codecs.encode(article.text, "rot13")
            changes = {"language": "xx", "title": title, "text": text}
        assignment = grouping.add(article.model_copy(update=changes))
        members = home.setdefault(assignment.story_id, Counter())
        if assignment.why is not None and assignment.why.rule == "across":
            joined += 1
            right += members.most_common(1)[0][0] == gold
        members[gold] += 1
    return Row(stories.name, foreign, joined, right)


def main() -> None:
    """Print the table."""
    for row in score(Path(sys.argv[1])):
        print(f"{row.set:<16} foreign {row.foreign:>5}, joined across {row.joined:>5}, rightly {row.right:>5}")


if __name__ == "__main__":
    main()
