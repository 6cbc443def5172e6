"""The words that stand around articles, from data/phrases.yaml: matched in any language, never for one site. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LEAD = re.compile(r"^[^\w(©ⓒ【@]+")
THAI, GREEK = "\u0e00", "\u0370"
"""Where scripts without spaces begin, and where Latin ends."""
QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases that may stand anywhere in a text."""

    words: tuple[str, ...]

    def first(self, text: str) -> int | None:
        """Where the first of them stands in a plain text, as whole words; None if none does."""
        places = (_place(text, word) for word in self.words if word in text)
        return min((place for place in places if place >= 0), default=None)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Each list as it is matched: folded, ready for `str.startswith` or a search."""

    openers: tuple[str, ...]
    labels: frozenset[str]
    asks: Words
    offers: Words
    notices: tuple[str, ...]
    credits: tuple[str, ...]
    bylines: tuple[str, ...]
    dates: tuple[str, ...]
    missing: tuple[str, ...]
    paywalls: Words
    corrections: tuple[str, ...]
    corrected: Words
    boxes: frozenset[str]


@cache
def phrases() -> Phrases:
    """The phrases, read once in each process."""
    data = data_of("phrases")
    return Phrases(
        openers=_starts(data["openers"]),
        labels=frozenset(map(plain, data["labels"])),
        asks=_words(data["invitations"]["ask"]),
        offers=_words(data["invitations"]["offer"]),
        notices=_starts(data["notices"]),
        credits=_starts(data["credits"]),
        bylines=_starts(data["bylines"]),
        dates=_starts(data["dates"]),
        missing=_starts(data["missing"]),
        paywalls=_words(data["paywalls"]),
        corrections=_starts(data["corrections"]["opens"]),
        corrected=_words(data["corrections"]["says"]),
        boxes=frozenset(data["boxes"]),
    )


def data_of(name: str) -> dict[str, Any]:
    """A data file of this folder."""
    data: dict[str, Any] = yaml.load(files("ingest").joinpath(f"data/{name}.yaml").read_bytes(), yaml.CSafeLoader)
    return data


def plain(text: str) -> str:
    """Small letters, one kind of apostrophe, no bullet or arrow in front."""
    return LEAD.sub("", text.casefold().translate(QUOTES)).strip()


def begins(text: str, starts: tuple[str, ...]) -> str:
    """The phrase that a plain text begins with; the phrase ends where a word ends."""
    if not text.startswith(starts):
        return ""
    return next((start for start in starts if text.startswith(start) and _is_whole(text, start)), "")


def _is_whole(text: str, start: str) -> bool:
    """Scripts without spaces have no word ends to look for."""
    after = text[len(start) : len(start) + 1]
    return not (start[-1].isalpha() and after.isalnum() and start[-1] < THAI)


def _place(text: str, word: str) -> int:
    """A Latin word must end where the phrase does; others may be inflected."""
    at = text.find(word)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
        starts = word[0] >= THAI or not word[0].isalnum() or not before.isalnum()
        ends = word[-1] >= GREEK or not word[-1].isalnum() or not after.isalnum()
        if starts and ends:
            return at
        at = text.find(word, at + 1)
    return -1


def _starts(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted({value.casefold().translate(QUOTES) for value in values}, key=len, reverse=True))


def _words(values: list[str]) -> Words:
    return Words(_starts(values))
