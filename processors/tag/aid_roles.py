"""Who gives and who gets in the clause around one act."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property

from processors.tag import aid_patterns as ask
from processors.tag.aid_actors import UNNAMED, Actor
from processors.tag.aid_code import Coded

REACH = 130
"""How far from the act, in signs and letters, its parties may stand."""
NEAR = 90
"""How far after the act the thing may stand."""
NEAR_BEFORE = 70
"""How far before it."""
PROMISES = ("promis", "pledg")
"""What may be followed by who gets: promised Ukraine drones."""


class Clause:
    """An act of a coded sentence with what stands before and after it in its clause."""

    def __init__(self, coded: Coded, place: int) -> None:
        self.coded = coded
        self.place = place
        self.letter = coded.text[place]

    @cached_property
    def before(self) -> str:
        """What stands before the act."""
        return self.coded.text[self._start : self.place]

    @cached_property
    def after(self) -> str:
        """What stands after the act, as far as it reaches."""
        end = ask.CLAUSE_END.search(self.coded.text, self.place + 1)
        last = end.start() if end else len(self.coded.text)
        return self.coded.text[self.place + 1 : min(last, self.place + 1 + REACH)]

    @cached_property
    def _start(self) -> int:
        ends = [found.end() for found in ask.CLAUSE_END.finditer(self.coded.text, 0, self.place)]
        return ends[-1] if ends else 0

    def donors(self) -> tuple[list[Actor], str]:
        """Who gives, and how that was read: agent of a passive, subject, owner of the thing, or source."""
        if hyphened := ask.HYPHEN.search(self.before):
            return [self._before_at(hyphened)], "hyphen"
        if agent := self.following(ask.BY):
            return [agent], "agent"
        if ask.PRONOUN.search(self.before) and (meant := self._meant()):
            return meant, "pronoun"
        if not self._is_passive() and (subjects := self.subjects()):
            return subjects, "subject"
        if owner := self.owner():
            return [owner], "owner"
        source = self.following(ask.FROM)
        return ([source], "source") if source else ([], "none")

    def subjects(self) -> list[Actor]:
        """The nearest actor before the act that stands in no phrase of its own, and those joined to it."""
        places = [at for at in self.coded.places("A") if at < self.place]
        while places:
            gap = self.coded.text[places[-1] + 1 : self.place]
            if len(gap) > REACH or ask.CLAUSE_END.search(gap):
                return []
            if self._may_act(places, gap):
                if ask.TELLS.match(gap):
                    return [replace(self.coded.actor(places[-1]), name=UNNAMED)]
                return self._joined_before(places)
            places.pop()
        return []

    def recipients(self) -> list[Actor]:
        """Who gets: right after the act, else after `to`, `for`, or where the thing stands."""
        to = self._first_that_carries(ask.TO)
        takes_two = self.letter in "GM" or self.coded.signs[self.place].words.startswith(PROMISES)
        direct = ask.DIRECT.match(self.after) if takes_two else None
        if direct and (self.letter == "M" or to is None or ask.WITH_THING.search(self.after)):
            return self._joined_after(direct)
        if self.letter == "M":
            return []
        if to and to.group().startswith("into"):
            to = ask.PURPOSE.search(self.after) or to
        found = to or self._first_that_carries(ask.FOR)
        return self._joined_after(found) if found else self._recipients_elsewhere()

    def owner(self) -> Actor | None:
        """Whose the nearest thing is."""
        things = self.coded.places("TN")
        near = [at for at in things if 0 < at - self.place <= NEAR]
        near = near or [at for at in things if 0 < self.place - at <= NEAR_BEFORE][-1:]
        return owner_of(self.coded, near[0]) if near else None

    def asker(self) -> Actor | None:
        """Who asks for the act, if somebody does."""
        requests = [at for at in self.coded.places("Q") if at < self.place]
        found = Clause(self.coded, requests[-1]).subjects() if requests else []
        return found[0] if found else None

    def following(self, pattern: re.Pattern[str]) -> Actor | None:
        """The actor that the pattern finds right after the act."""
        return find(pattern, self.coded, self.place + 1)

    def has_thing(self) -> bool:
        """True if something that may be given stands near."""
        if self.letter == "M":
            return True
        if self.letter == "Q":
            return bool(ask.SOUGHT.match(self.after)) and not ask.QUESTIONED.search(self.before)
        if ask.THING.search(self.after[:NEAR]):
            return True
        may_follow = self.letter == "G" or ask.PASSIVE.search(self.before) or ask.RELATIVE.search(self.before)
        return bool(may_follow and ask.THING.search(self.before[-NEAR_BEFORE:]))

    def is_condition(self) -> bool:
        """True after `if` and `unless`, up to the comma that ends the condition."""
        return ask.CONDITION.search(self.coded.text[: self.place]) is not None

    def _is_passive(self) -> bool:
        is_participle = not self.coded.signs[self.place].words.endswith(("ing", "s"))
        return is_participle and ask.PASSIVE.search(self.before) is not None

    def _may_act(self, places: list[int], gap: str) -> bool:
        """True unless the last of these actors gets, stands after a preposition, or is an object."""
        head = self.coded.text[: places[-1]]
        if ask.GETS.search(head[-30:]):
            return False
        if ask.AWAY.search(self.coded.text[: self._row_start(places)][-40:]) and not _is_agent(head[-40:], gap):
            return False
        is_object = ask.CONJOINED.fullmatch(gap) and len(places) > 1 and not ask.CLAUSE_START.search(head[-20:])
        return not is_object

    def _meant(self) -> list[Actor]:
        """Whom a pronoun means: the sentence's first actor that stands in no phrase, or the one of whom he speaks."""
        text = self.coded.text
        places = [at for at in self.coded.places("A") if at < self.place and not ask.AWAY.search(text[:at][-40:])]
        spoken_of = [at for at in places if ask.SAID_OF.search(text[:at])]
        chosen = spoken_of[-1:] or places[:1]
        return self._row_from(chosen[0], all_act=True) if chosen else []

    def _recipients_elsewhere(self) -> list[Actor]:
        behind = list(ask.THING_TO.finditer(self.before))
        if behind:
            return [self._before_at(behind[-1])]
        if met := ask.MET.search(self.after):
            return [self.coded.actor(self.place + 1 + met.start("actor"))]
        whose = ask.WHOSE_ALLIES.search(self.before)
        if whose and not self.coded.actor(self._start + whose.start("allies")).name:
            return [self._before_at(whose)]
        return []

    def _first_that_carries(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((found for found in pattern.finditer(self.after) if self._carries(found)), None)

    def _carries(self, found: re.Match[str]) -> bool:
        """True if a thing stands between the act and who gets, else right after or before both."""
        following = self.after[found.end() :][:50].partition(",")[0]
        near = (self.after[: found.end() - 1], following, self.before[-NEAR_BEFORE:])
        return any(ask.THING.search(words) for words in near)

    def _before_at(self, found: re.Match[str]) -> Actor:
        return self.coded.actor(self._start + found.start("actor"))

    def _row_start(self, places: list[int]) -> int:
        """Where the row begins that the last of these ends: in `in Iraq and Syria` both stand after `in`."""
        first = places[-1]
        for at in reversed(places[:-1]):
            gap = self.coded.text[at + 1 : first]
            ends_clause = gap.startswith(", and") and not ask.LISTED.search(self.coded.text[max(0, at - 10) : at])
            if not ask.JOINED.fullmatch(gap) or ends_clause:
                break
            first = at
        return first

    def _joined_before(self, places: list[int]) -> list[Actor]:
        joined = [places[-1]]
        for at in reversed(places[:-1]):
            gap = self.coded.text[at + 1 : joined[0]]
            if not ask.JOINED.fullmatch(gap) or ask.AWAY.search(self.coded.text[max(0, at - 40) : at]):
                break
            joined.insert(0, at)
        return [self.coded.actor(at) for at in joined]

    def _joined_after(self, found: re.Match[str]) -> list[Actor]:
        return self._row_from(self.place + 1 + found.start("actor"))

    def _row_from(self, place: int, *, all_act: bool = False) -> list[Actor]:
        """The actors in a row from there; one that acts on its own begins another clause, unless they all act."""
        joined = [place]
        for at in (at for at in self.coded.places("A") if at > place):
            is_joined = ask.JOINED.fullmatch(self.coded.text[joined[-1] + 1 : at])
            if not is_joined or (not all_act and ask.NEXT_CLAUSE.match(self.coded.text[at + 1 :])):
                break
            joined.append(at)
        return [self.coded.actor(at) for at in joined]


def owner_of(coded: Coded, thing: int) -> Actor | None:
    """Whose the thing at that place is."""
    owner = ask.OWNER.search(coded.text[:thing])
    if owner is None or ask.NOT_OWNER.search(coded.text[: owner.start()]):
        return None
    return coded.actor(owner.start("actor"))


def find(pattern: re.Pattern[str], coded: Coded, start: int, group: str = "actor") -> Actor | None:
    """The actor that the pattern finds from that place on."""
    found = pattern.match(coded.text, start)
    return coded.actor(found.start(group)) if found else None


def _is_agent(head: str, gap: str) -> bool:
    """True if who stands after a preposition acts: leaders of A, for A to send, with help of A in training."""
    is_between = ask.AGENT_INFINITIVE.match(gap) and ask.AGENT_PREPOSITION.search(head)
    return bool(ask.HEADED.search(head) or is_between)
