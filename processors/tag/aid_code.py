"""A sentence as a row of signs: one letter for each actor, thing, act and sum, the other words as they are.

Who stands where is then a question that a short regular expression can ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from processors.tag.aid_actors import Actor
from processors.tag.lexicon import Hit

ACTOR = "A"
THING = "T"
NOUN = "N"
"""A thing that names aid: `military aid`, `arms deliveries`."""
SIGNS = {
    "give": "G",
    "arm": "M",
    "nominal": "D",
    "pledge": "P",
    "plan": "L",
    "request": "Q",
    "refuse": "X",
    "withhold": "W",
    "receive": "R",
}
"""The letter of each group of acts. Letters are capitals; all words are in lower case."""


_ADJECTIVE = re.compile(
    r"(?:^|-|\b(?:the|its|his|their|our|a|an|of|these|those|some|all|more|any|\d+) )"
    r"(?P<act>[PWL])(?= (?:[a-z][\w-]+ |A )?[TND])"
    r"|(?P<held>W)(?= (?:[\w-]+ ){0,3}?(?:assets?|funds?|money|reserves)\b)"
)
"""A participle before what it describes: of 18 promised tanks, long-delayed deliveries, frozen assets."""
_PARTICIPLE = re.compile(r"\w+(?:ed|en|eld)")


class Sign(NamedTuple):
    """A letter and what it stands for; words with an empty letter are left out of the row."""

    start: int
    end: int
    letter: str
    actor: Actor | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Coded:
    """The row of signs, and the sign at each place that has one."""

    text: str
    signs: dict[int, Sign]

    def places(self, letters: str) -> list[int]:
        """Where these letters stand."""
        return [place for place, sign in self.signs.items() if sign.letter in letters]

    def actor(self, place: int) -> Actor:
        """The actor at that place."""
        actor = self.signs[place].actor
        assert actor is not None
        return actor


def encode(lowered: str, offset: int, signs: Iterable[Sign]) -> Coded:
    """The words with each sign's words replaced by its letter."""
    pieces: list[str] = []
    placed: dict[int, Sign] = {}
    position = length = 0
    for sign in _apart(signs):
        before = lowered[position : sign.start - offset]
        length += len(before)
        pieces += (before, sign.letter)
        if sign.letter:
            placed[length] = sign._replace(words=lowered[sign.start - offset : sign.end - offset])
        length += len(sign.letter)
        position = sign.end - offset
    pieces.append(lowered[position:])
    return _without_adjectives(Coded("".join(pieces), placed))


def _without_adjectives(coded: Coded) -> Coded:
    """The row with participles that only describe a thing as words without a sign."""
    text, signs = coded.text, dict(coded.signs)
    for found in _ADJECTIVE.finditer(coded.text):
        at = found.start(str(found.lastgroup))
        if _PARTICIPLE.fullmatch(signs[at].words):
            text = f"{text[:at]}x{text[at + 1 :]}"
            del signs[at]
    return Coded(text, signs)


def signs_of(actors: Sequence[Actor], things: Iterable[Hit], acts: Iterable[Hit]) -> Iterator[Sign]:
    """Actors before things before acts, where words could be several."""
    for actor in actors:
        yield Sign(actor.start, actor.end, ACTOR, actor)
    for thing in things:
        yield Sign(thing.start, thing.end, NOUN if thing.group == "aid.noun" else THING)
    for act in acts:
        yield Sign(act.start, act.end, SIGNS[act.group])


_RANK = f"{ACTOR}{NOUN}{THING}XWPQGMDRL"


def _apart(signs: Iterable[Sign]) -> list[Sign]:
    """Those that overlap none before them: the sooner in rank, the longer."""
    taken: list[Sign] = []
    for sign in sorted(signs, key=lambda it: (_RANK.index(it.letter) > 2, it.start - it.end, _RANK.index(it.letter))):
        if all(sign.end <= other.start or sign.start >= other.end for other in taken):
            taken.append(sign)
    return sorted(taken)
