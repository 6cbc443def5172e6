"""In how many stories of the stream a term stood: the source of every weight.

Stories, not articles: a story that everybody tells would make its own words common, and fall apart by that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from processors.relate.words import frequent_terms

ASSUMED_DOCUMENTS = 1_000
ASSUMED_OF_OTHERS = 1.0
ASSUMED_OF_FREQUENT = 100.0
MOST_DOCUMENTS = 200_000
MOST_TERMS = 300_000


class DocumentCounts:
    """Counts that start from an assumption, so that the first stories have sensible weights, and stay bounded."""

    def __init__(self) -> None:
        self.documents = 0
        self.counts: dict[str, int] = {}
        self.changed: set[str] = set()
        self.halved = False
        self._frequent = frequent_terms()

    def start(self, terms: Iterable[str]) -> None:
        """Count one story that starts with these different terms."""
        self.documents += 1
        self.extend(terms)

    def extend(self, terms: Iterable[str]) -> None:
        """Count these different terms for a story that did not have them before."""
        different = list(terms)
        counts = self.counts
        for term in different:
            counts[term] = counts.get(term, 0) + 1
        self.changed.update(different)
        if self.documents > MOST_DOCUMENTS or len(self.counts) > MOST_TERMS:
            self._halve()

    def weight(self, term: str) -> float:
        """Inverse document frequency: logarithm of stories over stories with the term (Sparck Jones, 1972)."""
        assumed = ASSUMED_OF_FREQUENT if term in self._frequent else ASSUMED_OF_OTHERS
        return math.log((self.documents + ASSUMED_DOCUMENTS) / (self.counts.get(term, 0) + assumed))

    def _halve(self) -> None:
        """Forget half of everything: rare terms go, the rest follows the language of the day."""
        self.documents //= 2
        self.counts = {term: count // 2 for term, count in self.counts.items() if count > 1}
        self.halved = True


def entity_term(entity_id: str) -> str:
    """The term that an entity is counted as."""
    return f"@{entity_id}"
