"""Who gives and who gets, from where the actors of a sentence stand around the act."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from processors.tag.lexicon import Hit
from processors.tag.reading import Sentence

_BY_LABEL = frozenset({"alliance", "armed_group"})
_BY_COUNTRY = frozenset({"country", "demonym", "metonym", "person", "office", "government", "armed_force", "agency"})
_TO = re.compile(
    r"\b(?:to|for|help|helping|arm|arming|equip|equipping|support|supporting)\s+(?:the |its |an? )?(?:\w+ ){0,2}$",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\b(?:to|for|against|in|from|of|into|inside|on|with|over|by|at)\s+(?:the |its )?(?:\w+ )?$", re.IGNORECASE
)
_BY = re.compile(r"^\W*(?:\w+ ){0,3}?by (?:the |its )?(?:\w+ )?$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom (?:the |its )?(?:\w+ )?$", re.IGNORECASE)
_JOINED = re.compile(r"(?:'s)?,? (?:and |or )?(?:the )?")
_ACTS = frozenset(f"aid.{name}" for name in ("withhold", "refuse", "request", "pledge", "receive", "provide"))
_NEXT_CLAUSE = 15
"""How near before an act, in code points, an actor is its subject and belongs to no list before it."""
_REACH = 90
"""How far from the act, in code points, its recipient may stand."""
_CLAUSE_END = re.compile(r"[;:]| but | while | whereas ")


@dataclass(frozen=True, slots=True)
class Actor:
    """A country or an armed body in a sentence, by the name that a fact gives it."""

    name: str
    start: int
    end: int
    kind: str


def actors_of(sentence: Sentence, short_names: Mapping[str, str]) -> list[Actor]:
    """The actors in order, the longest words of each."""
    actors: list[Actor] = []
    for mention in sentence.mentions:
        kind, country = mention.entry.kind, mention.entry.country
        name = short_names.get(mention.entry.label, mention.entry.label) if kind in _BY_LABEL else None
        name = country if kind in _BY_COUNTRY else name
        if name and (not actors or mention.start >= actors[-1].end):
            actors.append(Actor(name, mention.start, mention.end, kind))
    return actors


class Clause:
    """The act of a sentence with the actors before and after it."""

    def __init__(self, sentence: Sentence, actors: Sequence[Actor], act: Hit) -> None:
        self._text = sentence.words
        self._offset = sentence.start
        self._before = [actor for actor in actors if actor.end <= act.start]
        self._after = [actor for actor in actors if actor.start >= act.end]
        self._act = act
        self._gifts = frozenset(hit.end for hit in sentence.of_group("aid.provide"))
        self._acts = [hit.start for hit in sentence.hits if hit.group in _ACTS]

    def subjects(self) -> list[Actor]:
        """Who acts: the nearest actor before the act in its clause, and those joined to it."""
        by = [actor for actor in self._after if _BY.search(self._between(self._act.end, actor.start))]
        if by:
            return by[:1]
        for place in range(len(self._before) - 1, -1, -1):
            actor = self._before[place]
            if _CLAUSE_END.search(self._between(actor.end, self._act.start)):
                return []
            if not _AWAY.search(self._head(actor)):
                return self._joined_before(place)
        return []

    def objects(self, besides: Actor | None = None) -> list[Actor]:
        """Who gets, besides the one who is asked: the actor right after the act, else the first after `to` or `for`."""
        for place, actor in enumerate(self._after):
            between = self._between(self._act.end, actor.start)
            if len(between) > _REACH:
                break
            if actor != besides and (_is_right_after(between) or self._is_given_to(actor) or _TO.search(between)):
                return self._joined_after(place)
        return []

    def source(self) -> Actor | None:
        """Who is named after `from`, or right after the act."""
        for actor in self._after:
            between = self._between(self._act.end, actor.start)
            if _FROM.search(between) or _is_right_after(between):
                return actor
        return None

    def owner(self) -> Actor | None:
        """Whose the thing is: the actor right before it."""
        near = [actor for actor in self._before if len(self._between(actor.end, self._act.start)) <= 20]
        return near[-1] if near and not _AWAY.search(self._head(near[-1])) else None

    def _is_given_to(self, actor: Actor) -> bool:
        return actor.start - 1 in self._gifts

    def _between(self, start: int, end: int) -> str:
        return self._text[start - self._offset : end - self._offset]

    def _head(self, actor: Actor) -> str:
        return self._between(max(self._offset, actor.start - 30), actor.start)

    def _joined_before(self, place: int) -> list[Actor]:
        joined = [self._before[place]]
        for actor in reversed(self._before[:place]):
            gap = self._between(actor.end, joined[0].start)
            if not _JOINED.fullmatch(gap) or _AWAY.search(self._head(actor)):
                break
            joined.insert(0, actor)
        return joined

    def _joined_after(self, place: int) -> list[Actor]:
        joined = [self._after[place]]
        for actor in self._after[place + 1 :]:
            if not _JOINED.fullmatch(self._between(joined[-1].end, actor.start)):
                break
            if any(0 < start - actor.end <= _NEXT_CLAUSE for start in self._acts):
                break
            joined.append(actor)
        return joined


def _is_right_after(between: str) -> bool:
    return between.strip().lower() in {"", "the", "its ally", "his ally"}
