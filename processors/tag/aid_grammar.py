"""Who gives what to whom, from where actors, things and acts stand in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from geowire.messages.tagged import AidAction
from processors.tag.aid_actors import UNNAMED, Actor
from processors.tag.aid_code import Coded
from processors.tag.words import any_of

_DET = r"(?:the |its |his |her |their |our |your |a |an |both |some |neighbouring |neighboring |other |more |embattled )?"
_W = r"[^\sA-Z,;:()]+ "
_NO = r"and|or|to|with|against|for|in|on|at|by|from|of|as|that|which|who|than|into|over|if|when|after|before|is|are|was|were|will"
_J = rf"(?!(?:{_NO}) )[^\sA-Z,;:()]+ "
"""A word that may stand between an article and its noun."""
_BREAK = re.compile(r"[;:]| but | while | whereas | although | because | unless |\. ")
_AWAY = re.compile(
    r"\b(?:to|for|against|in|from|of|into|inside|on|with|over|by|at|near|about|between|across|toward|towards|via|like|"
    rf"including|along|under|behind|beyond|through|despite|around|without|within|outside|amid|versus|off) {_DET}(?:{_W}){{0,1}}$"
)
_HEADED = re.compile(r"\b(?:government|leaders?|president|minister|chancellor|parliament|head|officials?|people) (?:of|in) (?:the )?$")
_WOULD = re.compile(r" (?:\w+ )?(?:to|in) (?:\w+ )?$")
"""For countries to send, by allies in training: who stands after a preposition acts."""
_OBJECT = re.compile(r",? (?:and|then|,) (?:\w+ly |also |then |has |have |had )?(?:be )?")
_BY = re.compile(rf"(?:,? {_W[:-1]}| [A-Z]){{0,6}}? by {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
_FROM = re.compile(rf"(?: (?:{_W[:-1]}|[TNDGSQ])){{0,8}}? from {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
_FROM_TO = re.compile(rf"(?: (?:{_W[:-1]}|[TNDG])){{0,3}}? from {_DET}(?:{_J}){{0,2}}(?P<donor>A) to {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
_DIRECT = re.compile(rf" (?:(?:and|or|,) (?:[GM]|supporting|support|aid|aiding|assist|fund|funding|back|backing) )?(?:{_DET})(?:{_J}){{0,2}}(?P<actor>A)(?![\w-])")
_NOT_TO = r"(?!to (?:let|allow|permit|stop|prevent|force|get|convince|persuade|coerce|deter|counter|fight|defeat|contain|pressure|punish|attack|hit|strike|invade|reach|visit|meet|be|have|keep|make|join|take)\b)"
_TO = re.compile(rf"\b{_NOT_TO}(?:to|into) {_DET}(?:{_J}){{0,3}}(?P<actor>A)")
_FOR = re.compile(
    rf"(?:[TN](?: {_W[:-1]}){{0,3}} (?:for|with)|\b(?:help|helps|helping|support|supporting|protect|defend)) {_DET}(?:{_J}){{0,2}}(?P<actor>A)"
)
_WITH_THING = re.compile(rf"\bwith (?:{_W}){{0,5}}[TN]")
_OWNER = re.compile(rf"(?P<actor>A)(?:'s?|s')?(?:-(?:{_W[:-1]}|[GM]))? (?:(?:{_W}|[TGMR] )){{0,3}}$")
_HYPHEN = re.compile(r"(?P<actor>A)-$")
_PASSIVE = re.compile(r"(?:\b(?:be|been|being|is|are|was|were|get|gets|getting)(?: \w+ly| also| now| already| only)? |[TN] (?:\w+ly |already |being )?)$")
_JOINED = re.compile(r"(?:'s)?,? (?:and |or |as well as )?(?:the )?")
_CALL = re.compile(rf" (?:{_W}){{0,2}}(?:calls?|requests?|pleas?|pleading|appeals?|application|Q)(?: from| by)? {_DET}(?P<actor>A)")
_ASKED = re.compile(rf"(?: on| to)? {_DET}(?:{_J}){{0,1}}(?P<actor>A)(?:'s? (?:{_W}){{1,2}})?")
_SOUGHT = re.compile(rf"(?: (?:{_W[:-1]}|A|P|L|A's|N)){{0,5}}? [TNGMD]")
"""After a request: what it is for stands near."""
_QUESTIONED = re.compile(r"\b(?:was|were|when|if|been|is|are|as) $")
_RELATIVE = re.compile(r"[TN] (?:that|which) [^,]*$")
_PLANNED = re.compile(rf" (?:{_J}){{0,3}}[TN]")
_PURPOSE = re.compile(rf"\bto (?:aid|help|support|assist|back|bolster|reinforce) {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
_WHOSE_ALLIES = re.compile(r"(?P<actor>A)'s? (?:\w+ ){0,2}A")
_PRONOUN = re.compile(r"\b(?:it|he|she|they|we)(?:'ll|'ve|'s|'re)? (?:(?!to )[^\sA-Z,;:()]+ |[PLXQW] (?:to )?){0,4}$")
_USED = re.compile(rf" (?:{_W}){{0,2}}(?:used|fielded|flown|operated|deployed) by {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
_SAID_OF = re.compile(r"A (?:[^A]{0,25} )?(?:said|says|believes?|claims?|claimed|warned|accused|suggested|told \w+)(?: that)? (?:the )?$")
_COUNTERFACTUAL = re.compile(r"\b(?:should|could|would|might)(?: not)? have (?:\w+ )?[^A]{0,100}$")
_MET = re.compile(rf"[TN][^A]{{0,40}}\b(?:meeting|talks|call|visit|trip) (?:with|to) {_DET}(?:{_J}){{0,2}}(?P<actor>A)")
"""Where a gift is announced on meeting somebody, it is for him."""
_TELLS = re.compile(r" (?:says?|said|warns?|warned|claims?|claimed|reports?|reported|believes?)(?: that)? (?!it |they |he |she |we |is |will |would |to )[^\sA-Z,]")
"""Who tells of what somebody unnamed does is not the one who does it."""
_GETS = re.compile(rf"[GM] {_DET}(?:{_J}){{0,1}}$")
"""Who stands right after a gift gets it."""
_NOTHING = re.compile(rf" (?:no|neither) (?:{_J}){{0,3}}[TN]")
_NOT = re.compile(r"\bnot to $")
_UNSURE = re.compile(rf"\b(?:should|must|could|may|might|needs? to|ought to|can|if|whether|why|would like|wants? to)\b[^A;:]{{0,50}}$")
_REACH = 130


GOVERNED: Mapping[str, AidAction] = {"X": "refused", "W": "withheld", "Q": "requested"}
"""What an act becomes that one of these letters governs."""

ORDER: Sequence[AidAction] = ("withheld", "refused", "requested", "pledged", "provided")
"""Where a sentence says several things of the same two, the first here counts."""

BASE: Mapping[str, AidAction] = {"P": "pledged", "L": "pledged", "X": "refused", "W": "withheld"}
"""What an act says where nothing governs it; all others are gifts."""


@dataclass(frozen=True, slots=True)
class Told:
    """One act as one clause tells it. The pattern says how it was read; what is missing may be guessed later."""

    action: AidAction
    donor: Actor | None
    recipient: Actor | None
    pattern: str
    start: int
    ahead: bool = False
    sure: bool = True


class Grammar:
    """The rules that read a coded sentence."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._negated = re.compile(rf"(?:\b(?:{any_of(row['negations'])})|n't) (?:{_W}){{0,2}}$")
        self._ended = re.compile(rf"\b(?:{any_of(row['ended'])}) (?:{_W}){{0,1}}$")
        self._ahead = re.compile(rf"(?:\b|(?<='))(?:{any_of(row['ahead'])}) (?:{_W}){{0,2}}$")

    def read(self, coded: Coded) -> Iterator[Told]:
        """What the sentence tells."""
        acts = list(self._acts(coded))
        told = [(told, place) for place in acts for told in self._read_act(coded, place)]
        told = [replace(item, sure=not _UNSURE.search(_before(coded, place))) for item, place in told]
        told += (item for item in self._read_nouns(coded) if not acts or item.pattern == "from-to")
        yield from _best(told)

    def _acts(self, coded: Coded) -> Iterator[int]:
        """The acts with a thing near them, without those that only govern another one."""
        for place, sign in coded.signs.items():
            if sign.letter in "GMDRPQXWL" and self._has_thing(coded, place) and not self._governs(coded, place):
                yield place

    def _has_thing(self, coded: Coded, place: int) -> bool:
        letter = coded.text[place]
        if letter == "M":
            return True
        after, before = _after(coded, place), _before(coded, place)
        if letter == "Q":
            return bool(_SOUGHT.match(after)) and not _QUESTIONED.search(before)
        behind = re.search("[TN]", before[-70:]) and (letter == "G" or _PASSIVE.search(before) or _RELATIVE.search(before))
        return bool(re.search("[TN]", after[:90]) or behind)

    def _governs(self, coded: Coded, place: int) -> bool:
        letter, after = coded.text[place], _after(coded, place)[:60]
        if letter == "L":
            return not _PLANNED.match(after)
        inner = re.search("[GM]", after) if letter in "PQXW" else None
        if inner is None:
            return False
        return self._has_thing(coded, place + 1 + inner.start()) and not re.search("[TN]", after[: inner.start()])

    def _read_act(self, coded: Coded, place: int) -> Iterator[Told]:
        letter = coded.text[place]
        if _COUNTERFACTUAL.search(_before(coded, place)):
            return
        if letter == "R":
            yield from self._read_receiving(coded, place)
        elif letter == "Q":
            yield from self._read_request(coded, place)
        else:
            yield from self._read_giving(coded, place)

    def _read_receiving(self, coded: Coded, place: int) -> Iterator[Told]:
        source = _find(_FROM, coded, place + 1) or _find(_DIRECT, coded, place + 1)
        action, ahead = self._action(coded, place, "provided")
        owner = self._owner(coded, place)
        for subject in self._subjects(coded, place)[:1]:
            donor = source or owner
            if donor is not None:
                yield Told(action, donor, subject, "receive", coded.signs[place].start, ahead)

    def _read_request(self, coded: Coded, place: int) -> Iterator[Told]:
        subjects = self._subjects(coded, place)
        asked = _find(_ASKED, coded, place + 1) or _find(_FROM, coded, place + 1)
        others = [actor for actor in self._recipients(coded, place) if actor != asked]
        asker = subjects[0] if subjects else None
        recipient = next((actor for actor in others if asker is None or actor.name != asker.name), asker)
        donor = asked
        if donor is None and recipient is not asker:
            donor = asker
        yield Told("requested", donor, recipient, "request", coded.signs[place].start)

    def _read_giving(self, coded: Coded, place: int) -> Iterator[Told]:
        action, ahead = self._action(coded, place, BASE.get(coded.text[place], "provided"))
        if action == "requested" and _NOT.search(_before(coded, place)):
            return
        donors, how = self._donors(coded, place)
        recipients = self._recipients(coded, place)
        if coded.text[place] in "XW" and (asker := _find(_CALL, coded, place + 1)):
            recipients = [asker]
        if not recipients and (whose := _WHOSE_ALLIES.search(_before(coded, place))):
            allies = coded.actor(place - len(_before(coded, place)) + whose.end() - 1)
            recipients = [] if allies.name else [coded.actor(place - len(_before(coded, place)) + whose.start())]
        getting = {actor.name for actor in recipients}
        if how == "owner" and all(donor.name in getting for donor in donors):
            donors, how = [], "none"
        asker = self._asker(coded, place, donors) if action == "requested" else None
        if asker is not None and not recipients:
            recipients = [asker]
        for donor in donors or [None]:
            for recipient in recipients or [None]:
                yield Told(action, donor, recipient, how, coded.signs[place].start, ahead)

    def _donors(self, coded: Coded, place: int) -> tuple[list[Actor], str]:
        """By the agent of a passive, the subject, the owner of the thing, or the source."""
        before = _before(coded, place)
        hyphened = _HYPHEN.search(before)
        if hyphened:
            return [coded.actor(hyphened.start("actor"))], "hyphen"
        agent = _find(_BY, coded, place + 1)
        if agent is not None:
            return [agent], "agent"
        if _PRONOUN.search(before) and (meant := self._meant(coded, place)):
            return meant, "pronoun"
        passive = _PASSIVE.search(before) and not coded.signs[place].words.endswith(("ing", "s"))
        if not passive and (subjects := self._subjects(coded, place)):
            return subjects, "subject"
        owner = self._owner(coded, place)
        if owner is not None:
            return [owner], "owner"
        source = _find(_FROM, coded, place + 1)
        return ([source], "source") if source else ([], "none")

    def _meant(self, coded: Coded, place: int) -> list[Actor]:
        """Whom a pronoun means: the sentence's first actor that stands in no phrase, or the one of whom he says it."""
        places = [at for at in coded.places("A") if at < place]
        first = [at for at in places if not _AWAY.search(coded.text[max(0, at - 40) : at])]
        if not first:
            return []
        spoken = [at for at in first if _SAID_OF.search(coded.text[:at])]
        chosen = spoken[-1] if spoken else first[0]
        return _joined_after(coded, chosen)

    def _subjects(self, coded: Coded, place: int) -> list[Actor]:
        """The nearest actor before the act that stands in no phrase of its own, and those joined to it."""
        places = [at for at in coded.places("A") if at < place]
        for index in range(len(places) - 1, -1, -1):
            at = places[index]
            gap = coded.text[at + 1 : place]
            if len(gap) > _REACH or _BREAK.search(gap):
                return []
            head = coded.text[:at]
            if _GETS.search(head[-30:]):
                continue
            if _AWAY.search(coded.text[: _first_joined(coded, places[: index + 1])][-40:]) and not _is_agent(head[-40:], gap):
                continue
            if _TELLS.match(gap):
                return [replace(coded.actor(at), name=UNNAMED)]
            if _OBJECT.fullmatch(gap) and index > 0 and not _starts(head):
                continue
            return _joined_before(coded, places[: index + 1])
        return []

    def _recipients(self, coded: Coded, place: int) -> list[Actor]:
        after = _after(coded, place)
        letter = coded.text[place]
        to = next((found for found in _TO.finditer(after) if _carries(coded, place, found)), None)
        direct = _DIRECT.match(after) if letter in "GM" else None
        if direct and (letter == "M" or _WITH_THING.search(after) or to is None):
            return _joined_after(coded, place + 1 + direct.start("actor"))
        if letter == "M":
            return []
        if to and to.group().startswith("into") and (purpose := _PURPOSE.search(after)):
            to = purpose
        found = to or next((found for found in _FOR.finditer(after) if _carries(coded, place, found)), None)
        if found:
            return _joined_after(coded, place + 1 + found.start("actor"))
        behind = list(re.finditer(rf"[TN](?: {_W[:-1]}){{0,3}} (?:to|for) {_DET}(?:{_J}){{0,2}}(?P<actor>A)", _before(coded, place)))
        if not behind and (met := _MET.search(after)):
            return [coded.actor(place + 1 + met.start("actor"))]
        if behind:
            return [coded.actor(place - len(_before(coded, place)) + behind[-1].start("actor"))]
        return []

    def _owner(self, coded: Coded, place: int) -> Actor | None:
        """Whose the nearest thing is."""
        things = coded.places("TN")
        near = [at for at in things if 0 < at - place <= 90] or [at for at in things if 0 < place - at <= 70][-1:]
        for at in near[:1]:
            owner = _OWNER.search(coded.text[:at])
            if owner and not re.search(r"\b(?:to|for|against|on|in|at) (?:the )?$", coded.text[: owner.start()]):
                return coded.actor(owner.start("actor"))
        return None

    def _asker(self, coded: Coded, place: int, donors: list[Actor]) -> Actor | None:
        requests = [at for at in coded.places("Q") if at < place]
        found = self._subjects(coded, requests[-1]) if requests else []
        return found[0] if found and found[0] not in donors else None

    def _action(self, coded: Coded, place: int, base: AidAction) -> tuple[AidAction, bool]:
        """What the words that govern the act make of it, and whether it is still to come."""
        before = _before(coded, place)
        head = before[-60:].rpartition(", ")[2]
        for letter, action in GOVERNED.items():
            if letter in head:
                return action, False
        if base in {"refused", "withheld"}:
            return base, False
        if self._ended.search(before):
            return "withheld", False
        if self._negated.search(before) or _NOTHING.match(_after(coded, place)):
            return "refused", False
        if "P" in before[-60:]:
            return "pledged", False
        if "L" in head or self._ahead.search(before):
            return "pledged", True
        return base, False

    def _read_nouns(self, coded: Coded) -> Iterator[Told]:
        """`US military aid to Ukraine`: no verb is needed."""
        for at in coded.places("NT"):
            after = coded.text[at + 1 : at + 1 + _REACH]
            found = re.match(rf"(?: (?!deploy|moved|based|station|target|aim)(?:{_W[:-1]}|[TND])){{0,4}}? (?:to|for) {_DET}(?:{_J}){{0,2}}(?P<actor>A)", after)
            owner = _OWNER.search(coded.text[:at])
            source = _find(_FROM, coded, at + 1)
            donor = coded.actor(owner.start("actor")) if owner else source
            used = _USED.match(after)
            if used and owner:
                yield Told("provided", coded.actor(owner.start("actor")), coded.actor(at + 1 + used.start("actor")), "used", coded.signs[at].start)
                continue
            both = _FROM_TO.match(after)
            if both:
                donors, gets = coded.actor(at + 1 + both.start("donor")), coded.actor(at + 1 + both.start("actor"))
                yield Told("provided", donors, gets, "from-to", coded.signs[at].start)
            elif found and (donor is not None or coded.text[at] == "N"):
                yield Told("provided", donor, coded.actor(at + 1 + found.start("actor")), "noun", coded.signs[at].start)


def _best(told: list[Told]) -> Iterator[Told]:
    """For each giver and recipient the act that weighs most; what lacks one of them only if nothing has both."""
    whole = [item for item in told if item.donor and item.recipient]
    chosen: dict[tuple[str | None, str | None], Told] = {}
    for item in sorted(whole or told, key=lambda item: ORDER.index(item.action)):
        chosen.setdefault((_name(item.donor), _name(item.recipient)), item)
    yield from chosen.values()


def _name(actor: Actor | None) -> str | None:
    return actor.name if actor else None


def fill(told: Told, donor: Actor | None, recipient: Actor | None) -> Told:
    """The same with what was missing."""
    return replace(told, donor=told.donor or donor, recipient=told.recipient or recipient)


def _before(coded: Coded, place: int) -> str:
    """What stands before in the same clause."""
    start = 0
    for found in _BREAK.finditer(coded.text, 0, place):
        start = found.end()
    return coded.text[start:place]


def _after(coded: Coded, place: int) -> str:
    end = _BREAK.search(coded.text, place + 1)
    return coded.text[place + 1 : min(end.start() if end else len(coded.text), place + 1 + _REACH)]


def _carries(coded: Coded, place: int, to: re.Match[str]) -> bool:
    """True if a thing stands between the act and `to`, else right after or before both."""
    between = coded.text[place + 1 : place + 1 + to.end() - 1]
    following = coded.text[place + 1 + to.end() :][:50].partition(",")[0]
    return bool(re.search("[TN]", between) or re.search("[TN]", following) or re.search("[TN]", _before(coded, place)[-70:]))


def _find(pattern: re.Pattern[str], coded: Coded, start: int) -> Actor | None:
    found = pattern.match(coded.text, start)
    return coded.actor(found.start("actor")) if found else None


def _starts(head: str) -> bool:
    """True if what follows may be a subject: at the beginning, or after a word that opens a clause."""
    return bool(re.search(r"(?:^|[,\"'“(—–-] ?|\b(?:that|and|or|said|says|as|when|if|which|where|the) )(?:the )?$", head[-20:]))


def _is_agent(head: str, gap: str) -> bool:
    """True if who stands after a preposition acts: leaders of A, for A to send, with help of A in training."""
    return bool(_HEADED.search(head) or (_WOULD.match(gap) and re.search(r"\b(?:for|by|of|from) (?:the )?$", head)))


def _first_joined(coded: Coded, places: list[int]) -> int:
    """Where the row of actors begins that the last of these ends: in `in Iraq and Syria` both stand after `in`."""
    first = places[-1]
    for at in reversed(places[:-1]):
        gap = coded.text[at + 1 : first]
        if not _JOINED.fullmatch(gap) or (gap.startswith(", and") and not _listed(coded, at)):
            break
        first = at
    return first


def _listed(coded: Coded, place: int) -> bool:
    """True if another actor and a comma stand before: a list of three, not the end of a clause."""
    return bool(re.search(r"A, (?:the )?$", coded.text[max(0, place - 10) : place]))


def _joined_before(coded: Coded, places: list[int]) -> list[Actor]:
    joined = [places[-1]]
    for at in reversed(places[:-1]):
        if not _JOINED.fullmatch(coded.text[at + 1 : joined[0]]) or _AWAY.search(coded.text[max(0, at - 40) : at]):
            break
        joined.insert(0, at)
    return [coded.actor(at) for at in joined]


def _joined_after(coded: Coded, place: int) -> list[Actor]:
    joined = [place]
    for at in (at for at in coded.places("A") if at > place):
        if not _JOINED.fullmatch(coded.text[joined[-1] + 1 : at]) or re.match(r" (?:has |have |will |would |also )?[GMPQXWR]", coded.text[at + 1 :]):
            break
        joined.append(at)
    return [coded.actor(at) for at in joined]
