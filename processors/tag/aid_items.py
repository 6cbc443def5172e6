"""What is given and for how much, as the sentence says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from processors.tag.reading import Sentence
from processors.tag.words import any_of

ITEM_LIMIT = 20
"""Items that a fact carries at most."""

ITEM_LENGTH = 100
"""Code points of the longest item; a longer word is none."""

_ASIDE = re.compile(
    r",? (?:whose|which (?:has|have|had|owns|spends?|spent) (?:an? |the |its |about |over |[$€£]))[^,;]*,"
)
"""What is told of somebody by the way: `whose defence budget is $900 billion`."""

_BOUNDARIES = tuple(map(re.compile, (r"[;:] |,? (?:but|while|whereas) |, and ", r" and ", r", ")))
"""Where a clause begins, the surest first."""

_WORTH_BEFORE = re.compile(r"\b(?:worth|valued at|totall?ing|costing)(?: (?:\w+ ){0,3})?$", re.IGNORECASE)
_OF_THING = re.compile(r"(?: \([^()]*\))?(?:-worth| worth)?(?: (?:of|in|for|on)\b)?(?: [\w'’-]+){0,3} ?")

_NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?)"


class Sum(NamedTuple):
    """A sum of money, its currency, and where it stands in the sentence."""

    start: int
    end: int
    amount: float
    currency: str


class Amounts:
    """Finds sums of money."""

    def __init__(self, scales: Mapping[str, float], signs: Mapping[str, str], names: Mapping[str, str]) -> None:
        scale = rf"(?:[ -]?(?P<scale>{any_of(scales)})\b)?"
        self._scales, self._currencies = scales, {**signs, **names}
        self._signed = re.compile(rf"(?P<currency>{any_of(signs)}) ?{_NUMBER}{scale}", re.IGNORECASE)
        self._named = re.compile(rf"{_NUMBER}{scale}[ -](?P<currency>{any_of(names)})\b", re.IGNORECASE)

    def find(self, sentence: Sentence, clause: tuple[int, int]) -> tuple[float, str] | None:
        """The sum of what is given in that clause, and its currency."""
        start, end = clause[0] - sentence.start, clause[1] - sentence.start
        words = _ASIDE.sub(_blank, sentence.words[start:end])
        sums = sorted(self._read(found) for pattern in (self._signed, self._named) for found in pattern.finditer(words))
        things = [hit.start - clause[0] for hit in sentence.of_group("aid.noun", "aid.item")]
        things += [item.start - clause[0] for item in sentence.mentions if item.entry.kind == "weapon"]
        return _chosen([item for item in sums if _is_worth(item, words, things)] or sums)

    def _read(self, found: re.Match[str]) -> Sum:
        scale = self._scales[found["scale"].lower()] if found["scale"] else 1.0
        currency = found["currency"]
        code = self._currencies.get(currency) or self._currencies[currency.lower()]
        return Sum(found.start(), found.end(), round(float(found["number"].replace(",", "")) * scale, 2), code)


def clause_of(act: int, acts: Iterable[int], sentence: Sentence) -> tuple[int, int]:
    """From where to where in the document the sentence tells of that act and of none of the others."""
    before = max((other for other in acts if other < act), default=None)
    after = min((other for other in acts if other > act), default=None)
    start = None if before is None else _boundary(sentence, before, act)
    end = None if after is None else _boundary(sentence, act, after)
    return sentence.start if start is None else start, sentence.end if end is None else end


def _boundary(sentence: Sentence, first: int, second: int) -> int | None:
    """Where between two acts the clause of the second begins, if a word or comma parts them."""
    between = sentence.words[first - sentence.start : second - sentence.start]
    found = (list(pattern.finditer(between)) for pattern in _BOUNDARIES)
    return next((first + places[-1].start() for places in found if places), None)


def _is_worth(item: Sum, words: str, things: Iterable[int]) -> bool:
    """True if the sum is that of a thing: worth $1bn, $1bn in arms, $1bn worth of tanks."""
    if _WORTH_BEFORE.search(words[max(0, item.start - 40) : item.start]):
        return True
    after = _OF_THING.match(words, item.end)
    return after is not None and any(item.end <= thing <= after.end() for thing in things)


def _chosen(sums: Sequence[Sum]) -> tuple[float, str] | None:
    """The largest in the currency of the first: what stands in brackets beside it is the same in another."""
    if not sums:
        return None
    amount = max(item.amount for item in sums if item.currency == sums[0].currency)
    return amount, sums[0].currency


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def read_amounts(aid: dict[str, Any]) -> Amounts:
    """The currencies of `data/aid.yaml`."""
    return Amounts(aid["scales"], aid["currency_signs"], aid["currency_names"])


def items_of(sentence: Sentence, clause: tuple[int, int]) -> tuple[str, ...]:
    """What stands in that clause: weapons by name, and other things by the words of the text."""
    start, end = clause
    weapons = [item for item in sentence.mentions if item.entry.kind == "weapon" and start <= item.start < end]
    things = [
        sentence.words[hit.start - sentence.start : hit.end - sentence.start].lower()
        for hit in sentence.of_group("aid.item")
        if start <= hit.start < end
        and hit.end - hit.start <= ITEM_LENGTH
        and not any(item.start <= hit.start < item.end for item in weapons)
    ]
    return tuple(dict.fromkeys((*(item.entry.label for item in weapons), *things)))[:ITEM_LIMIT]
