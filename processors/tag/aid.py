"""Military-aid facts: who gives, promises, is asked for, refuses or withholds what, to whom.

A sentence needs a thing (aid, a weapon), an act and a recipient, or somebody who asks. Facts that say the same are one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from geowire.messages import Aid, Evidence
from geowire.messages.tagged import AID_LIMIT, EVIDENCE_LIMIT, AidAction, ClaimStatus
from processors.tag.aid_actors import Actor, Clause, actors_of
from processors.tag.aid_items import items_of, read_amounts
from processors.tag.claims import claim_status
from processors.tag.lexicon import Hit
from processors.tag.reading import Reading, Sentence
from processors.tag.words import any_of

ACTIONS: dict[str, AidAction] = {
    "aid.withhold": "withheld",
    "aid.refuse": "refused",
    "aid.request": "requested",
    "aid.pledge": "pledged",
    "aid.receive": "provided",
    "aid.provide": "provided",
}
"""What each group of acts says; where a sentence has several, the first here counts."""

Told = tuple[AidAction, str | None, str | None]
"""Action, donor and recipient, as one clause tells them."""

_GOVERNS = 50
"""How far after another act, in code points, a gift is still what that act is about."""
_THING_DISTANCE = 80
"""How far an act may be from the thing that is given, in code points."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One act as one sentence tells it."""

    action: AidAction
    donor: str | None
    recipient: str | None
    items: tuple[str, ...]
    sum: tuple[float, str] | None
    status: ClaimStatus
    evidence: Evidence


class AidRules:
    """The rules of `data/aid.yaml`."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.groups: dict[str, list[str]] = row["groups"]
        self._short_names: dict[str, str] = row["short_names"]
        self._codes: dict[str, str] = row["codes"]
        self._hostile = frozenset(frozenset(pair) for pair in row["hostile"])
        self._amounts = read_amounts(row)
        self._negated = re.compile(rf"(?:{any_of(row['negations'])})\s(?:\w+ ){{0,2}}$", re.IGNORECASE)
        self._ahead = re.compile(rf"\b(?:{any_of(row['ahead'])})\s(?:\w+ ){{0,1}}$", re.IGNORECASE)

    def find(self, reading: Reading) -> tuple[Aid, ...]:
        """The facts of the document, those told best first."""
        facts = [fact for sentence in reading.sentences for fact in self._read(sentence, reading)]
        completed = _with_recipients(facts)
        return self._merge(fact for fact in completed if self._is_possible(fact.donor, fact.recipient))

    def _read(self, sentence: Sentence, reading: Reading) -> Iterator[Fact]:
        things = _things(sentence)
        if not things or "aid.exclude" in sentence.groups:
            return
        actors = actors_of(sentence, self._short_names)
        acts = [act for act in sentence.of_group(*ACTIONS) if any(_is_near(act, thing) for thing in things)]
        pairs = _best(told for act in _free(acts) for told in self._told(sentence, actors, act))
        if not pairs and not acts:
            pairs = [pair for thing in things for pair in _by_noun(Clause(sentence, actors, thing))]
        for action, donor, recipient in dict.fromkeys(pairs):
            if (donor is not None or action == "requested") and self._is_possible(donor, recipient):
                yield self._fact((action, donor, recipient), sentence, reading)

    def _told(self, sentence: Sentence, actors: list[Actor], act: Hit) -> list[Told]:
        clause = Clause(sentence, actors, act)
        action = self._action(sentence, act)
        subjects = clause.subjects()
        if act.group == "aid.receive":
            source = clause.source()
            return [(action, source.name if source else None, subject.name) for subject in subjects]
        if action == "requested":
            return _requested(clause, subjects)
        donors: list[str | None] = [subject.name for subject in subjects] or [None]
        recipients: list[str | None] = [item.name for item in clause.objects()] or [None]
        return [(action, donor, recipient) for donor in donors for recipient in recipients]

    def _action(self, sentence: Sentence, act: Hit) -> AidAction:
        action = ACTIONS[act.group]
        head = sentence.words[: act.start - sentence.start][-40:]
        if action in {"provided", "pledged"} and self._negated.search(head):
            return "refused"
        if act.group == "aid.provide" and self._ahead.search(head):
            return "pledged"
        return action

    def _is_possible(self, donor: str | None, recipient: str | None) -> bool:
        return donor != recipient and frozenset((donor, recipient)) not in self._hostile

    def _fact(self, told: Told, sentence: Sentence, reading: Reading) -> Fact:
        action, donor, recipient = told
        status = _status(sentence, told, actors_of(sentence, self._short_names))
        evidence = reading.evidence(sentence, status, f"aid:{action}")
        return Fact(action, donor, recipient, items_of(sentence), self._amounts.find(sentence.words), status, evidence)

    def _merge(self, facts: Iterable[Fact]) -> tuple[Aid, ...]:
        together: dict[tuple[str, str | None, str | None], list[Fact]] = {}
        for fact in sorted(facts, key=lambda fact: fact.donor is None):
            together.setdefault(_key(fact, together), []).append(fact)
        merged = [self._aid(same) for same in together.values()]
        rank = {"high": 0, "medium": 1, "low": 2, None: 3}
        return tuple(sorted(merged, key=lambda aid: (rank[aid.confidence], -len(aid.evidence)))[:AID_LIMIT])

    def _aid(self, same: list[Fact]) -> Aid:
        same = sorted(same, key=lambda fact: (fact.evidence.field != "title", fact.evidence.start))
        first = same[0]
        amount = next((fact.sum for fact in same if fact.sum), None)
        evidence = list({(fact.evidence.field, fact.evidence.start): fact.evidence for fact in same}.values())
        known = first.recipient is not None and (first.donor is not None or first.action == "requested")
        sure = first.evidence.field == "title" or len(evidence) > 1
        return Aid(
            action=first.action,
            donor=first.donor,
            recipient=first.recipient,
            items=tuple(dict.fromkeys(item for fact in same for item in fact.items))[:20],
            amount=amount[0] if amount else None,
            currency=amount[1] if amount else None,
            code=self._codes[first.action],
            status=first.status,
            confidence="high" if known and sure else "medium" if known else "low",
            evidence=tuple(evidence[:EVIDENCE_LIMIT]),
        )


def _things(sentence: Sentence) -> list[Hit]:
    """What may be given: words for aid, and weapons by name."""
    weapons = [Hit(item.start, item.end, "weapon") for item in sentence.mentions if item.entry.kind == "weapon"]
    return sorted((*sentence.of_group("aid.noun", "aid.item"), *weapons))


def _is_near(act: Hit, thing: Hit) -> bool:
    return max(act.start, thing.start) - min(act.end, thing.end) <= _THING_DISTANCE


def _free(acts: list[Hit]) -> list[Hit]:
    """The acts without those that another one governs: in `refused to send` only the refusal counts."""
    governing = [act for act in acts if act.group not in {"aid.provide", "aid.receive"}]
    return [act for act in acts if act in governing or not any(0 <= act.start - by.end <= _GOVERNS for by in governing)]


def _best(told: Iterable[Told]) -> list[Told]:
    """For each giver and recipient the act that weighs most; what lacks one of them only if nothing has both."""
    order = list(dict.fromkeys(ACTIONS.values()))
    named = sorted((fact for fact in told if fact[1] or fact[2]), key=lambda fact: order.index(fact[0]))
    whole = [fact for fact in named if fact[2] and (fact[1] or fact[0] == "requested")]
    chosen: dict[tuple[str | None, str | None], Told] = {}
    for fact in whole or named:
        chosen.setdefault(fact[1:], fact)
    return list(chosen.values())


def _requested(clause: Clause, subjects: list[Actor]) -> list[Told]:
    """Who asks gets, unless the sentence names somebody else for whom it is: then who asks wants to give."""
    source = clause.source()
    others = clause.objects(besides=source)
    if source is not None and others:
        return [("requested", source.name, others[0].name)]
    if subjects and others and others[0].name != subjects[0].name:
        return [("pledged", subjects[0].name, others[0].name)]
    return [("requested", source.name if source else None, subject.name) for subject in subjects[:1]]


def _by_noun(clause: Clause) -> list[Told]:
    """`US military aid to Ukraine`: no verb is needed."""
    owner, objects = clause.owner(), clause.objects()
    return [("provided", owner.name, objects[0].name)] if owner and objects else []


def _status(sentence: Sentence, told: Told, actors: Sequence[Actor]) -> ClaimStatus:
    """A gift told by somebody who is no party to it is alleged; a request is a fact once it is made."""
    action, donor, recipient = told
    status = claim_status(sentence)
    if action == "requested":
        return status if status in {"denied", "alleged"} else "asserted"
    speech = sentence.of_group("claim.speech")
    if status != "asserted" or not speech:
        return status
    speakers = [actor.name for actor in actors if actor.end <= speech[0].start]
    told_by_others = bool(speakers) and speakers[-1] != recipient and donor not in speakers
    return "alleged" if told_by_others else status


def _with_recipients(facts: list[Fact]) -> Iterator[Fact]:
    """A gift without a named recipient goes to the one recipient that the document names."""
    named = Counter(fact.recipient for fact in facts if fact.recipient is not None)
    only = next(iter(named)) if len(named) == 1 else None
    for fact in facts:
        if fact.recipient is not None:
            yield fact
        elif only is not None:
            yield replace(fact, recipient=only)


def _key(fact: Fact, known: Iterable[tuple[str, str | None, str | None]]) -> tuple[str, str | None, str | None]:
    """What makes two facts the same act; one without a donor joins one with."""
    if fact.donor is None:
        for action, donor, recipient in known:
            if (action, recipient) == (fact.action, fact.recipient):
                return action, donor, recipient
    return fact.action, fact.donor, fact.recipient
