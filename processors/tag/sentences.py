"""Sentences: where they end, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable

_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？]+[」』”]*|(?=\n)")
"""A run of dots is tried once, from its first dot: from each of them it would cost the square of its length."""
_LAST_WORD = re.compile(r"[\w.&'-]+$")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LOOK_BACK = 24


class Splitter:
    """Cuts text into sentences; paragraphs end them, abbreviations and initials do not."""

    def __init__(self, abbreviations: Iterable[str], openers: Iterable[str]) -> None:
        self._abbreviations = frozenset(word.lower() for word in abbreviations)
        self._openers = frozenset(openers)

    def split(self, text: str) -> list[tuple[int, int]]:
        """Half-open spans of the sentences, without the blanks around them."""
        spans: list[tuple[int, int]] = []
        start = 0
        for end in _END.finditer(text):
            if end.end() > end.start() and not self._ends(text, end.start(), end.end()):
                continue
            start = _append(spans, text, start, end.end())
        _append(spans, text, start, len(text))
        return spans

    def _ends(self, text: str, dot: int, after: int) -> bool:
        following = text[after : after + _LOOK_BACK].lstrip(" \t\u00a0")
        if not following or following[0] == "\n":
            return True
        if following[0].islower():
            return False
        word = _LAST_WORD.search(text, max(0, dot - _LOOK_BACK), dot)
        if word is None or text[dot:after] != ".":
            return True
        if word.group()[0].isupper() and word.group().lower() in self._abbreviations:
            return False
        return not _INITIAL.fullmatch(word.group()) or self._starts_anew(word.group(), following)

    def _starts_anew(self, initials: str, following: str) -> bool:
        """After `U.S.` a sentence ends only before a word that usually begins one."""
        return len(initials) > 1 and following.split(maxsplit=1)[0] in self._openers


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    last = end
    while last > start and text[last - 1].isspace():
        last -= 1
    if last > start:
        spans.append((start, last))
    return end
