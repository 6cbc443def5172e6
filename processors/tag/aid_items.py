"""What is given and for how much, as the sentence says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from processors.tag.reading import Sentence
from processors.tag.words import any_of

ITEM_LIMIT = 20
"""Items that a fact carries at most."""

ITEM_LENGTH = 100
"""Code points of the longest item; a longer word is none."""

_NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?)"


class Amounts:
    """Finds sums of money."""

    def __init__(self, scales: Mapping[str, float], signs: Mapping[str, str], names: Mapping[str, str]) -> None:
        scale = rf"(?:[ -]?(?P<scale>{any_of(scales)})\b)?"
        self._scales, self._currencies = scales, {**signs, **names}
        self._signed = re.compile(rf"(?P<currency>{any_of(signs)}) ?{_NUMBER}{scale}", re.IGNORECASE)
        self._named = re.compile(rf"{_NUMBER}{scale}[ -](?P<currency>{any_of(names)})\b", re.IGNORECASE)

    def find(self, words: str) -> tuple[float, str] | None:
        """The largest sum of the sentence and its currency."""
        sums = [self._read(found) for pattern in (self._signed, self._named) for found in pattern.finditer(words)]
        return max(sums, default=None)

    def _read(self, found: re.Match[str]) -> tuple[float, str]:
        scale = self._scales[found["scale"].lower()] if found["scale"] else 1.0
        currency = found["currency"]
        code = self._currencies.get(currency) or self._currencies[currency.lower()]
        return round(float(found["number"].replace(",", "")) * scale, 2), code


def read_amounts(aid: dict[str, Any]) -> Amounts:
    """The currencies of `data/aid.yaml`."""
    return Amounts(aid["scales"], aid["currency_signs"], aid["currency_names"])


def items_of(sentence: Sentence) -> tuple[str, ...]:
    """Weapons by name, and other things by the words of the text."""
    weapons = [mention.entry.label for mention in sentence.mentions if mention.entry.kind == "weapon"]
    taken = [(mention.start, mention.end) for mention in sentence.mentions if mention.entry.kind == "weapon"]
    things = [
        sentence.words[hit.start - sentence.start : hit.end - sentence.start].lower()
        for hit in sentence.of_group("aid.item")
        if hit.end - hit.start <= ITEM_LENGTH and not any(start <= hit.start < end for start, end in taken)
    ]
    return tuple(dict.fromkeys((*weapons, *things)))[:ITEM_LIMIT]
