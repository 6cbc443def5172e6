"""Numbered things: the 12th sanctions package is not the 13th."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from processors.relate.words import terms

Ordinals = dict[str, frozenset[int]]
"""A thing and the numbers that it has, such as `{"package": {12}}`."""

SPELLED = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20,
}  # fmt: skip
CARDINAL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
BEFORE = re.compile(rf"\b(?:(\d{{1,4}})(?:st|nd|rd|th|\.(?=\s\w))|({'|'.join(SPELLED)}))\s+([^,;:!?]*)", re.IGNORECASE)
AFTER = re.compile(
    rf"\b(round|phase|package|part|day|week|chapter|tranche|no)\.?\s+(\d{{1,4}}|{'|'.join(CARDINAL)})\b", re.IGNORECASE
)
WORDS_AFTER = 3


def ordinals(text: str) -> Ordinals:
    """The numbered things of a short text."""
    found: dict[str, set[int]] = {}
    for digits, word, rest in BEFORE.findall(text):
        number = int(digits) if digits else SPELLED[word.lower()]
        for thing in islice(terms(rest), WORDS_AFTER):
            found.setdefault(thing, set()).add(number)
    for thing, word in AFTER.findall(text):
        found.setdefault(thing.lower(), set()).add(CARDINAL.get(word.lower()) or int(word))
    return {thing: frozenset(numbers) for thing, numbers in found.items()}


def contradict(left: Mapping[str, frozenset[int]], right: Mapping[str, frozenset[int]]) -> bool:
    """Whether some thing has numbers in both, and none in common."""
    return any(thing in right and numbers.isdisjoint(right[thing]) for thing, numbers in left.items())
