"""The word lists that decide by context, from the artefact's lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """Sets of words and the patterns made of them."""

    first_names: frozenset[str]
    person_like: frozenset[str]
    personal_titles: frozenset[str]
    titles: frozenset[str]
    function_words: frozenset[str]
    locative: frozenset[str]
    civic_after: frozenset[str]
    person_after: frozenset[str]
    in_place: frozenset[str]
    streets: frozenset[str]
    numerals: frozenset[str]
    facilities: frozenset[str]
    acts_after: re.Pattern[str]
    governs_before: re.Pattern[str]
    governing: tuple[str, ...]


def read_words(lexicon: dict[str, Any]) -> Words:
    """The lists of `contexts`, `first_names` and `person_like_places`."""
    contexts = lexicon["contexts"]
    first_names = frozenset(lexicon["first_names"])
    personal = frozenset(contexts["personal_titles"])
    return Words(
        first_names=first_names,
        person_like=first_names | frozenset(lexicon["person_like_places"]),
        personal_titles=personal,
        titles=personal | frozenset(contexts["official_titles"]),
        function_words=frozenset(contexts["function_words"]),
        locative=frozenset(contexts["locative"]),
        civic_after=frozenset(contexts["civic_after"]),
        person_after=frozenset(contexts["person_after"]),
        in_place=frozenset(contexts["in_place"]),
        streets=frozenset(contexts["streets"]),
        facilities=frozenset(contexts["facilities"]),
        numerals=frozenset(contexts["numerals"]),
        acts_after=re.compile(_acting(contexts), re.IGNORECASE),
        governing=tuple(contexts["before_metonym"]),
        governs_before=re.compile(rf"\b(?:{any_of(contexts['before_metonym'])})[^.;,:]{{0,4}}$", re.IGNORECASE),
    )


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first; `*` at the end stands for the rest of the word."""
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(
        re.escape(phrase.removesuffix("*")) + (r"\w*" if phrase.endswith("*") else "") for phrase in ordered
    )


def _acting(contexts: dict[str, Any]) -> str:
    """What follows a capital that stands for a government: an act, or its own doings in the possessive."""
    adverbs = any_of(contexts["adverbs"])
    return (
        rf"(?:'s? (?:{any_of(contexts['owned_by_governments'])})\b"
        rf"|-(?:{any_of(contexts['hyphened'])})\b"
        rf"|,? (?:(?:{adverbs}) )*(?:{any_of(contexts['acts'])})\b)"
    )
