"""Lexicons: groups of words found in one pass, sorted by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from processors.tag.document import Document


class Hit(NamedTuple):
    """A word of a group, and where."""

    start: int
    end: int
    group: str


class Term(NamedTuple):
    """What the automaton does not know of a term: its group, and how its words may go on."""

    group: str
    ends_words: bool
    begins_words: bool
    rest: re.Pattern[str] | None
    """What follows the first `*` inside the term."""


class Lexicon:
    """All groups of words. A `*` stands for the rest of a word, before, in or after a term; case does not count."""

    def __init__(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._terms: dict[str, list[Term]] = {}
        for group, words in groups.items():
            for word in words:
                known, term = _read_term(group, word.lower())
                self._terms.setdefault(known, []).append(term)
        self._known = list(self._terms)
        self._automaton = AhoCorasick(self._known) if self._known else None

    def find(self, document: Document) -> dict[int, list[Hit]]:
        """The hits of each sentence that has any, in order."""
        found: dict[int, list[Hit]] = {}
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
        for known, start, end in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
            is_inside = start > 0 and lowered[start].isalnum() and lowered[start - 1].isalnum()
            last = _word_end(lowered, end) if end < len(lowered) and lowered[end].isalnum() else end
            for term in self._terms[self._known[known]]:
                if is_inside and not term.ends_words:
                    continue
                if term.rest is not None:
                    found = term.rest.match(lowered, end)
                    if found:
                        yield Hit(start, found.end(), term.group)
                elif term.begins_words or last == end:
                    yield Hit(start, last, term.group)


def _read_term(group: str, word: str) -> tuple[str, Term]:
    """What the automaton looks for, and what must be true of its surroundings."""
    known, star, rest = word.lstrip("*").partition("*")
    pattern = re.compile(r"\w*" + r"\w*".join(map(re.escape, rest.split("*"))) + r"(?!\w)") if rest else None
    return known, Term(group, word.startswith("*"), bool(star), pattern)


def _word_end(text: str, end: int) -> int:
    while end < len(text) and text[end].isalnum():
        end += 1
    return end
