"""What a coded sentence tells of gifts: each act with its action, its giver and who gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from geowire.messages.tagged import AidAction
from processors.tag import aid_patterns as ask
from processors.tag.aid_actors import Actor
from processors.tag.aid_code import Coded
from processors.tag.aid_roles import Clause, find, owner_of
from processors.tag.words import any_of

GOVERNED: Mapping[str, AidAction] = {"X": "refused", "W": "withheld", "Q": "requested"}
"""What an act becomes that one of these letters governs."""

BASE: Mapping[str, AidAction] = {"P": "pledged", "L": "pledged", "X": "refused", "W": "withheld"}
"""What an act says where nothing governs it; all others are gifts."""

_REFUSALS = frozenset({"refused", "withheld"})

ORDER: Sequence[AidAction] = ("withheld", "refused", "requested", "pledged", "provided")
"""Where a sentence says several things of the same two, the first here counts."""

_GOVERNS = 60
"""How far before an act the words may stand that govern it."""

_INNER: Mapping[str, str] = {"X": "[GMW]", "W": "[GMXW]"}
"""What each of these may govern, where it is more than a gift."""

_NEW = "and|or|but|then|before|after|while|as|when|why|how|where|that|since|until|because"
_LINK = rf"(?:(?!(?:{_NEW}) )[^\sA-Z,;:()]+|[LP]) "
"""What may stand between a word that takes back and what is taken back: lifted its ban, reversed a plan to halt."""


@dataclass(frozen=True, slots=True)
class Told:
    """One act as one clause tells it. The pattern says how it was read; what is missing may be guessed later."""

    action: AidAction
    donor: Actor | None
    recipient: Actor | None
    pattern: str
    start: int
    """Where the act stands, in the document."""
    ahead: bool = False
    """True if it is still to come."""
    sure: bool = True
    """False if it is only possible or wished for."""


class Grammar:
    """The rules that read a coded sentence."""

    def __init__(self, row: dict[str, Any]) -> None:
        word = r"[^\sA-Z,;:()]+ "
        self._negated = re.compile(rf"(?:\b(?:{any_of(row['negations'])})|n't) (?:{word}){{0,2}}$")
        self._ended = re.compile(rf"\b(?:{any_of(row['ended'])}) (?:{word})?$")
        taking_back = any_of((*row["negations"], *row["ended"], *row["reversing"]))
        back = any_of(row["reversing"])
        self._turned = re.compile(
            rf".*(?P<turn>(?:^|\b)(?:{taking_back})|n't|[XW]) (?:(?:the |a |an |its )?A(?:'s?)? )?(?:{_LINK}){{0,5}}$"
        )
        self._taken_back = re.compile(rf"[^.;]*\b(?:be|been|being|is|are|was|were) (?:{word})?(?:(?:{back})\b|W)")
        self._ahead = re.compile(rf"(?:\b|(?<='))(?:{any_of(row['ahead'])}) (?:{word}){{0,2}}$")

    def read(self, coded: Coded) -> list[Told]:
        """What the sentence tells."""
        clauses = [Clause(coded, place) for place in coded.places("GMDRPQXWL")]
        clauses = [clause for clause in clauses if clause.has_thing() and not _governs(clause)]
        told = [item for clause in clauses for item in self._read_clause(clause)]
        told += (item for item in _read_nouns(coded) if not clauses or item.pattern == "from-to")
        return _best(told)

    def _read_clause(self, clause: Clause) -> Iterator[Told]:
        if ask.COUNTERFACTUAL.search(clause.before) or ask.WARNED.search(clause.before):
            return
        action, ahead = self._action(clause)
        if action is None:
            return
        start = clause.coded.signs[clause.place].start
        sure = not (ask.UNSURE.search(clause.before) or clause.is_condition())
        for donor, recipient, pattern in _parties(clause, action):
            yield Told(action, donor, recipient, pattern, start, ahead, sure)

    def _action(self, clause: Clause) -> tuple[AidAction | None, bool]:
        """What the words that govern the act make of it, and whether it is still to come; None for no act at all."""
        if clause.letter == "Q":
            return "requested", False
        if clause.letter in "XW":
            return self._refusal(BASE[clause.letter], clause.before, clause.after), False
        near = clause.before[-_GOVERNS:]
        head = near.rpartition(", ")[2]
        governing = next((letter for letter in GOVERNED if letter in head), "")
        if governing == "Q":
            return "requested", False
        if governing:
            return self._refusal(GOVERNED[governing], clause.before.rpartition(governing)[0]), False
        return self._gift(clause, near, head)

    def _gift(self, clause: Clause, near: str, head: str) -> tuple[AidAction | None, bool]:
        """What becomes of a gift that nobody asks for or refuses in so many words."""
        base = BASE.get(clause.letter, "provided")
        if self._ended.search(clause.before):
            return "withheld", False
        if self._negated.search(clause.before) or ask.NOTHING.match(clause.after):
            return "refused", False
        if "P" in near:
            is_promised = not self._negated.search(clause.before.rpartition("P")[0])
            return ("pledged" if is_promised else None), False
        ahead = "L" in head or self._is_ahead(clause)
        return ("pledged" if ahead else base), ahead

    def _refusal(self, action: AidAction, before: str, after: str = "") -> AidAction | None:
        """The refusal, or None where somebody asks for it or it is taken back: will not halt, lifted its ban."""
        stands = not ask.WANTED.search(before) and not self._taken_back.match(after)
        while turned := self._turned.match(before):
            stands, before = not stands, before[: turned.start("turn")]
        return action if stands else None

    def _is_ahead(self, clause: Clause) -> bool:
        return self._ahead.search(clause.before) is not None and not ask.BEGUN.search(clause.before)


Parties = Iterator[tuple[Actor | None, Actor | None, str]]
"""Giver, who gets, and how that was read."""


def _parties(clause: Clause, action: AidAction) -> Parties:
    if clause.letter == "R":
        return _of_receiving(clause)
    return _of_request(clause) if clause.letter == "Q" else _of_giving(clause, action)


def _of_receiving(clause: Clause) -> Parties:
    if not ask.THING.search(clause.after.partition(" from ")[0]):
        return
    donor = clause.following(ask.FROM) or clause.following(ask.DIRECT) or clause.owner()
    if donor is not None:
        for subject in clause.subjects()[:1]:
            yield donor, subject, "receive"


def _of_request(clause: Clause) -> Parties:
    """Who asks gets, unless the sentence names somebody else for whom it is."""
    asker = next(iter(clause.subjects()), None)
    asked = clause.following(ask.ASKED) or clause.following(ask.FROM)
    others = (actor for actor in clause.recipients() if actor != asked and (asker is None or actor.name != asker.name))
    recipient = next(others, asker)
    yield (asker if asked is None and recipient is not asker else asked), recipient, "request"


def _of_giving(clause: Clause, action: AidAction) -> Parties:
    if action == "requested" and ask.NOT_TO.search(clause.before):
        return
    donors, pattern = clause.donors()
    recipients = _recipients(clause, action, donors)
    if pattern == "owner" and {donor.name for donor in donors} <= {actor.name for actor in recipients}:
        donors, pattern = [], "none"
    nobody: list[Actor | None] = [None]
    for donor, recipient in product(donors or nobody, recipients or nobody):
        yield donor, recipient, pattern


def _recipients(clause: Clause, action: AidAction, donors: Sequence[Actor]) -> list[Actor]:
    if clause.letter in "XW" and (caller := clause.following(ask.CALL)):
        return [caller]
    found = clause.recipients()
    asker = clause.asker() if action == "requested" and not found else None
    return [asker] if asker is not None and asker not in donors else found


def _governs(clause: Clause) -> bool:
    """True if the act only says what becomes of another one, which is read instead: refused to send."""
    if clause.letter == "L":
        return not ask.PLANNED.match(clause.after)
    inner = re.search(_INNER.get(clause.letter, "[GM]"), clause.after[:_GOVERNS]) if clause.letter in "PQXW" else None
    if inner is None or ask.THING.search(clause.after[: inner.start()]):
        return False
    return Clause(clause.coded, clause.place + 1 + inner.start()).has_thing()


def _read_nouns(coded: Coded) -> Iterator[Told]:
    """`US military aid to Ukraine`: no verb is needed."""
    for at in coded.places("NT"):
        told = _read_noun(coded, at)
        if told is not None:
            yield told


def _read_noun(coded: Coded, at: int) -> Told | None:
    owner, start = owner_of(coded, at), coded.signs[at].start
    if owner and (user := find(ask.USED, coded, at + 1)):
        return Told("provided", owner, user, "used", start)
    if donor := find(ask.FROM_TO, coded, at + 1, "donor"):
        return Told("provided", donor, find(ask.FROM_TO, coded, at + 1), "from-to", start)
    recipient, donor = find(ask.NOUN_TO, coded, at + 1), owner or find(ask.FROM, coded, at + 1)
    if recipient is None or (donor is None and coded.text[at] != "N"):
        return None
    return Told("provided", donor, recipient, "noun", start)


def _best(told: list[Told]) -> list[Told]:
    """For each giver and recipient the act that weighs most; what lacks one of them only if nothing has both."""
    whole = [item for item in told if item.donor and item.recipient]
    chosen: dict[tuple[str | None, str | None], Told] = {}
    for item in sorted(whole or told, key=lambda item: ORDER.index(item.action)):
        names = (item.donor.name if item.donor else None, item.recipient.name if item.recipient else None)
        chosen.setdefault(names, item)
    return list(chosen.values())
