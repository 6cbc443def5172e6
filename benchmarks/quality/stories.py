"""How well articles are grouped into stories: BCubed F1 of one fixed model, beside two simple baselines.

    python benchmarks/quality/stories.py DATA

BCubed (Bagga and Baldwin, 1998): for each article, how much of its story's articles are right, and how much of the
right ones are there; merges are resolved. The baselines stream over the same articles in the same order: `cosine`
joins the story whose centroid is nearest, `cosine, decay` weighs that by exp(-hours/72). Both get the threshold that
is best for the very set they are measured on, which flatters them.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.story_sets import StorySet, basil, many, neus, with_entities
from processors.relate import Grouping
from processors.relate.contribution import article_terms, first_words
from processors.relate.document_counts import DocumentCounts
from processors.relate.merge_score import MergeScore, nearness
from processors.relate.newcomer import article_time
from processors.relate.vectors import Vector, add, counted, dot, heaviest, norm, weigh

BASELINE_TERMS = 200
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(frozen=True)
class Row:
    """One model on one set."""

    set: str
    half: str
    model: str
    articles: int
    stories: int
    found: int
    precision: float
    recall: float
    f1: float


def score(data: Path) -> list[Row]:
    """All sets, both halves of those that were used to find weights, and the baselines."""
    return [*_own(data), *_baselines(data)]


def _own(data: Path) -> Iterator[Row]:
    for make in (basil, neus, many):
        for dated in (True, False):
            yield measured(make(data, dated=dated), "all")
    yield measured(with_entities(basil(data)), "all")
    yield measured(with_entities(neus(data)), "all")
    for make in (basil, neus, many):
        yield measured(make(data, "tuned"), "tuned")
        yield measured(make(data, "held back"), "held back")


def _baselines(data: Path) -> Iterator[Row]:
    for stories in (basil(data), neus(data), many(data)):
        for name, decays in (("cosine", False), ("cosine, decay", True)):
            tried = ((bcubed(stories.gold, cosine_stories(stories, at, decays=decays)), at) for at in THRESHOLDS)
            (precision, recall, f1, found), at = max(tried, key=lambda pair: pair[0][2])
            sizes = len(stories.gold), len(set(stories.gold.values()))
            yield Row(stories.name, "all", f"{name} {at}", *sizes, found, precision, recall, f1)


def measured(stories: StorySet, half: str, model: MergeScore | None = None) -> Row:
    """The grouping on one set."""
    grouping = Grouping(score=model)
    precision, recall, f1, found = bcubed(stories.gold, assigned_stories(grouping, stories))
    sizes = len(stories.gold), len(set(stories.gold.values()))
    return Row(stories.name, half, grouping.score.model, *sizes, found, precision, recall, f1)


def assigned_stories(grouping: Grouping, stories: StorySet) -> dict[str, str]:
    """The story of each article, merges resolved."""
    assigned: dict[str, str] = {}
    ended: dict[str, str] = {}
    for article in stories.articles:
        assignment = grouping.add(article)
        assigned[article.id] = assignment.story_id
        ended.update((merged.from_, merged.to) for merged in assignment.merged)
    return {article_id: _resolve(story, ended) for article_id, story in assigned.items()}


def _resolve(story: str, ended: dict[str, str]) -> str:
    while story in ended:
        story = ended[story]
    return story


def bcubed(gold: dict[str, str], assigned: dict[str, str]) -> tuple[float, float, float, int]:
    """Precision, recall, F1, and how many stories were found."""
    right, found = Counter(gold.values()), Counter(assigned.values())
    both = Counter((gold[article_id], assigned[article_id]) for article_id in gold)
    precision = sum(count * count / found[story] for (_, story), count in both.items()) / len(gold)
    recall = sum(count * count / right[story] for (story, _), count in both.items()) / len(gold)
    return precision, recall, 2 * precision * recall / (precision + recall), len(found)


class Centroid:
    """A story of a baseline."""

    def __init__(self) -> None:
        self.terms: Vector = {}
        self.length = 0.0
        self.last = 0.0

    def take_in(self, vector: Vector, at: float) -> None:
        """A member."""
        add(self.terms, vector)
        self.terms = dict(heaviest(self.terms, BASELINE_TERMS))
        self.length, self.last = norm(self.terms), at


def cosine_stories(stories: StorySet, threshold: float, *, decays: bool) -> dict[str, str]:
    """What joining the nearest centroid gives."""
    documents, assigned = DocumentCounts(), dict[str, str]()
    centroids: list[Centroid] = []
    having: dict[str, set[int]] = defaultdict(set)
    for article in stories.articles:
        found, at = article_terms(article.title, first_words(article.text)), article_time(article)
        vector = weigh(counted(found.title, found.title, found.lead), documents)
        documents.start(vector)
        near = {number for term, _ in heaviest(vector, 20) for number in having[term]}
        likeness = _likeness(((number, centroids[number]) for number in near), vector, at, decays=decays)
        best, number = max(likeness, default=(0.0, -1))
        if best < threshold:
            number = len(centroids)
            centroids.append(Centroid())
        centroids[number].take_in(vector, at)
        for term, _ in heaviest(centroids[number].terms, 30):
            having[term].add(number)
        assigned[article.id] = str(number)
    return assigned


def _likeness(
    near: Iterable[tuple[int, Centroid]], vector: Vector, at: float, *, decays: bool
) -> Iterator[tuple[float, int]]:
    for number, centroid in near:
        decay = nearness(abs(at - centroid.last) / 3600) if decays else 1.0
        yield dot(vector, centroid.terms) / centroid.length * decay, number


def main() -> None:
    """Print the table."""
    print(f"{'set':<16} {'half':<10} {'model':<20} {'articles':>8} {'stories':>7} {'found':>6}      P      R     F1")
    for row in score(Path(sys.argv[1])):
        figures = f"{row.precision:>6.3f} {row.recall:>6.3f} {row.f1:>6.3f}"
        print(
            f"{row.set:<16} {row.half:<10} {row.model:<20} {row.articles:>8} {row.stories:>7} {row.found:>6} {figures}"
        )


if __name__ == "__main__":
    main()
