"""Who is meant where a sentence names only one side: the actor told of before, the recipient that the document names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from processors.tag.aid_actors import Actor, DocumentActors
from processors.tag.aid_grammar import Told
from processors.tag.reading import Sentence

Read = tuple[Sentence, Told]
IsPossible = Callable[[str | None, str | None], bool]

LOOK_BACK = 2
"""Sentences before in which the giver may be named."""
_GIVERS = frozenset({"country", "metonym", "person", "office", "government", "agency", "alliance", "armed_force"})


def complete(read: list[Read], actors: DocumentActors, is_possible: IsPossible) -> Iterator[Read]:
    """Every act with its sides filled in where they can be guessed; what is impossible is left out."""
    recipients = Counter(told.recipient.name for _, told in read if told.recipient and told.recipient.name and told.donor)
    recipients.update(told.recipient.name for _, told in read if told.recipient and told.recipient.name)
    for sentence, told in read:
        filled = _with_recipient(_with_donor(told, sentence, actors, is_possible), sentence, actors, recipients, is_possible)
        if _is_told(filled) and is_possible(_name(filled.donor), _name(filled.recipient)):
            yield sentence, filled


def _with_donor(told: Told, sentence: Sentence, actors: DocumentActors, is_possible: IsPossible) -> Told:
    if told.donor is not None or told.action == "requested":
        return told
    for actor in _before(sentence, told, actors):
        if actor.name and is_possible(actor.name, _name(told.recipient)) and actor.kind in _GIVERS:
            return replace(told, donor=actor, pattern=f"{told.pattern}-guessed")
    return told


def _with_recipient(
    told: Told, sentence: Sentence, actors: DocumentActors, recipients: Counter[str], is_possible: IsPossible
) -> Told:
    if told.recipient is not None or told.donor is None:
        return told
    for name, _ in recipients.most_common():
        if is_possible(told.donor.name, name):
            actor = Actor(name, sentence.start, sentence.start, "guess")
            return replace(told, recipient=actor, pattern=f"{told.pattern}-to")
    for actor in actors.of(sentence):
        if is_possible(told.donor.name, actor.name) and actor.kind in _GIVERS and actor.name:
            return replace(told, recipient=actor, pattern=f"{told.pattern}-near")
    return told


def _before(sentence: Sentence, told: Told, actors: DocumentActors) -> Iterable[Actor]:
    """The actors of the sentences before, the nearest sentence first, its first actor first."""
    for earlier in actors.sentences_before(sentence, LOOK_BACK):
        yield from actors.of(earlier)


def _is_told(told: Told) -> bool:
    if told.recipient is None or not told.recipient.name:
        return False
    return told.action == "requested" or (told.donor is not None and bool(told.donor.name))


def _name(actor: Actor | None) -> str | None:
    return actor.name if actor else None
