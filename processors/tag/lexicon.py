"""Lexicons: groups of words found in one pass, sorted by sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from processors.tag.document import Document


class Hit(NamedTuple):
    """A word of a group, and where."""

    start: int
    end: int
    group: str


class Lexicon:
    """All groups of words. A term that ends in `*` also begins longer words; case does not count."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        terms: dict[str, list[tuple[str, bool]]] = {}
        for group, words in groups.items():
            for word in words:
                terms.setdefault(word.removesuffix("*").lower(), []).append((group, word.endswith("*")))
        self._readings = list(terms.values())
        self._automaton = AhoCorasick(list(terms)) if terms else None

    def find(self, document: Document) -> dict[int, list[Hit]]:
        """The hits of each sentence that has any, in order."""
        found: dict[int, list[Hit]] = {}
        if not document.is_english:
            return found
        sentence, after = 0, -1
        for hit in sorted(self.find_in(document.lowered)):
            if hit.start >= after:
                sentence, after = document.sentence_until(hit.start)
                found[sentence] = []
            found[sentence].append(hit)
        return found

    def find_in(self, lowered: str) -> Iterator[Hit]:
        """The hits in words that are in lower case already, in no order."""
        if self._automaton is None:
            return
        for term, start, end in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
            if start and lowered[start].isalnum() and lowered[start - 1].isalnum():
                continue
            last = _word_end(lowered, end) if end < len(lowered) and lowered[end].isalnum() else end
            for group, is_prefix in self._readings[term]:
                if is_prefix or last == end:
                    yield Hit(start, last, group)


def _word_end(text: str, end: int) -> int:
    while end < len(text) and text[end].isalnum():
        end += 1
    return end
