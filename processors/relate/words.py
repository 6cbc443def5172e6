"""Text to terms: words in their normal form, without stop words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain

import yaml

WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
COUNTRY_NOT_PRONOUN = frozenset({"US", "U.S", "USA", "U.S.A"})
LONGEST = 40


@cache
def _word_lists() -> dict[str, dict[str, str]]:
    lists: dict[str, dict[str, str]] = yaml.safe_load(files(__package__).joinpath("words.yaml").read_text("utf-8"))
    return lists


@cache
def stop_words() -> frozenset[str]:
    """Words that say nothing about a story, of all languages together."""
    lists = (*_word_lists()["stop"].values(), *_word_lists()["rubric"].values())
    return frozenset(word for words in lists for word in words.split())


@cache
def frequent_terms() -> frozenset[str]:
    """Terms that so many articles use that they say little about a story."""
    return frozenset(singular(word) for words in _word_lists()["frequent"].values() for word in words.split())


def terms(text: str) -> list[str]:
    """The terms of a text, in order."""
    return terms_of(WORD.findall(text))


def terms_of(words: Iterable[str]) -> list[str]:
    """The terms of some words, in order."""
    return list(chain.from_iterable(map(normal_forms, words)))


@lru_cache(maxsize=50_000)
def normal_forms(word: str) -> tuple[str, ...]:
    """What a word counts as: mostly one term, none for a stop word, pairs of characters in unspaced scripts."""
    if word in COUNTRY_NOT_PRONOUN:
        return ("u.s",)
    if UNSPACED.search(word):
        return tuple(word[at : at + 2] for at in range(max(1, len(word) - 1)))
    lower = word.lower().replace("’", "'")
    if lower in stop_words():
        return ()
    term = singular(lower.removesuffix("'s"))
    return (term[:LONGEST],) if len(term) > 1 and term not in stop_words() else ()


def singular(word: str) -> str:
    """The word without an English plural ending (Harman's S-stemmer, 1991)."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    return word[:-1]
