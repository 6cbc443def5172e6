"""Who is meant where a sentence names one side: the actor told of before, the recipient that the document names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from processors.tag.aid_actors import Actor, DocumentActors
from processors.tag.aid_grammar import Told
from processors.tag.reading import Sentence

Read = tuple[Sentence, Told]
IsPossible = Callable[[str | None, str | None], bool]

_IT = re.compile(r"(?:It|He|She|They|We)(?:'s|'ve|'ll)? (?:\w+ ){0,3}")
LOOK_BACK = 2
"""Sentences before in which the giver may be named."""
_GIVERS = frozenset({"country", "metonym", "person", "office", "government", "agency", "alliance", "armed_force"})


class Guesses:
    """Fills in what the sentences of one document leave out."""

    def __init__(self, read: list[Read], actors: DocumentActors, is_possible: IsPossible) -> None:
        self._read = read
        self._actors = actors
        self._is_possible = is_possible
        named = [told.recipient.name for _, told in read if told.recipient and told.recipient.name]
        self._recipients = [name for name, _ in Counter(named).most_common()]

    def complete(self) -> Iterator[Read]:
        """Every act of which both sides are known or guessed; never both guessed."""
        for sentence, told in self._read:
            filled = self._fill(sentence, told)
            if _is_told(filled) and self._is_possible(_name(filled.donor), _name(filled.recipient)):
                yield sentence, filled

    def _fill(self, sentence: Sentence, told: Told) -> Told:
        if told.recipient is None and told.donor is not None:
            return self._with_recipient(sentence, told)
        if told.donor is None and told.recipient is not None and told.action != "requested":
            return self._with_donor(sentence, told)
        return told

    def _with_recipient(self, sentence: Sentence, told: Told) -> Told:
        for name in self._recipients:
            if self._is_possible(_name(told.donor), name):
                actor = Actor(name, sentence.start, sentence.start, "guess")
                return replace(told, recipient=actor, pattern=f"{told.pattern}-to")
        return told

    def _with_donor(self, sentence: Sentence, told: Told) -> Told:
        for actor in self._before(sentence, told):
            if actor.name and actor.kind in _GIVERS and self._is_possible(actor.name, _name(told.recipient)):
                is_meant = _IT.match(sentence.words) is not None
                return replace(told, donor=actor, pattern="pronoun" if is_meant else f"{told.pattern}-guessed")
        return told

    def _before(self, sentence: Sentence, told: Told) -> Iterator[Actor]:
        """The actors before the act, the nearest first, then those of the sentences before, their subject first."""
        yield from (actor for actor in reversed(self._actors.of(sentence)) if actor.end <= told.start)
        for earlier in self._actors.sentences_before(sentence, LOOK_BACK):
            yield from self._actors.of(earlier)


def _is_told(told: Told) -> bool:
    if told.recipient is None or not told.recipient.name:
        return False
    return told.action == "requested" or (told.donor is not None and bool(told.donor.name))


def _name(actor: Actor | None) -> str | None:
    return actor.name if actor else None
