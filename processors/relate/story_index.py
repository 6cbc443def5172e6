"""Which live stories share the heaviest terms of an article: an inverted index over their centroids."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import accumulate, islice

from processors.relate.live_story import LiveStory
from processors.relate.vectors import Vector

QUERY_TERMS = 30
LEAST_LIKENESS = 0.02
MOST_POSTINGS = 3_000
"""Postings read for one article: the rarest terms are read first, so a busy day costs little more than a quiet one."""


def heavy_terms(story: LiveStory) -> Mapping[str, float]:
    """What an index knows a story by, unless it is told otherwise."""
    return story.profile.heavy_terms()


class StoryIndex:
    """Postings of what each story is known by."""

    def __init__(self, known_by: Callable[[LiveStory], Mapping[str, float]] = heavy_terms) -> None:
        self._known_by = known_by
        self._postings: dict[str, dict[int, float]] = {}
        self._terms: dict[int, list[str]] = {}
        self._stories: dict[int, LiveStory] = {}

    def put(self, story: LiveStory) -> None:
        """Index a story, or index it anew."""
        known = self._known_by(story)
        for term in self._terms.get(story.number, ()):
            if term not in known:
                self._forget(term, story.number)
        for term, weight in known.items():
            self._postings.setdefault(term, {})[story.number] = weight
        self._terms[story.number] = list(known)
        self._stories[story.number] = story

    def drop(self, story: LiveStory) -> None:
        """Forget a story."""
        for term in self._terms.pop(story.number, ()):
            self._forget(term, story.number)
        self._stories.pop(story.number, None)

    def _forget(self, term: str, number: int) -> None:
        postings = self._postings[term]
        del postings[number]
        if not postings:
            del self._postings[term]

    def candidates(self, vector: Vector, limit: int) -> list[LiveStory]:
        """The stories that share most with the first terms of a vector, the likeliest first."""
        likeness: defaultdict[int, float] = defaultdict(float)
        for weight, postings in self._rarest_first(vector):
            for number, share in postings.items():
                likeness[number] += weight * share
        alike = [(share, -number) for number, share in likeness.items() if share > LEAST_LIKENESS]
        return [self._stories[-number] for _, number in heapq.nlargest(limit, alike)]

    def _rarest_first(self, vector: Vector) -> list[tuple[float, dict[int, float]]]:
        """Weights and postings of the first terms of a vector, without those that would read too many postings."""
        asked = islice(vector.items(), QUERY_TERMS)
        known = [(len(held), term, weight, held) for term, weight in asked if (held := self._postings.get(term))]
        known.sort()
        read = list(accumulate([size for size, *_ in known]))
        enough = max(bisect_right(read, MOST_POSTINGS), 1)
        return [(weight, held) for *_, weight, held in known[:enough]]
