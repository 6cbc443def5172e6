"""Military-aid facts: who gives, promises, is asked for, refuses or withholds what, to whom.

A sentence needs a thing (aid, a weapon), an act and a recipient, or somebody who asks. Facts that say the same are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from geowire.messages import Aid
from geowire.messages.tagged import ClaimStatus
from processors.tag.aid_actors import Actor, ActorRules, DocumentActors
from processors.tag.aid_code import Coded, Sign, encode, signs_of
from processors.tag.aid_date import act_day
from processors.tag.aid_facts import Fact, FactRules
from processors.tag.aid_grammar import Grammar, Told
from processors.tag.aid_guess import Guesses
from processors.tag.aid_items import clause_of, items_of, read_amounts
from processors.tag.aid_patterns import ASIDE
from processors.tag.aid_said import Said, Speakers
from processors.tag.claims import Claims
from processors.tag.lexicon import Hit, Lexicon
from processors.tag.reading import Reading, Sentence
from processors.tag.words import any_of

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_LONG_AGO = re.compile(
    r"\b(?:during the [\w ]{0,20}war\b|world war|cold war|gulf war|vietnam|soviet|decades? ago|in the (?:19)?[5-9]0s|"
    r"legacy of)",
    re.IGNORECASE,
)

_BY_SAYING = frozenset({"requested", "pledged", "refused"})
"""Acts that are done by saying so."""

TRIGGERS = ("aid.noun", "aid.item", "aid.arm")
"""Groups without which a sentence tells no fact."""


class CountryNames(NamedTuple):
    """Names of countries by their ISO codes, and the codes by the capitals."""

    labels: Mapping[str, str]
    demonyms: Mapping[str, str]
    capitals: Mapping[str, str]


class AidRules:
    """The rules of `data/aid.yaml`."""

    def __init__(self, row: dict[str, Any], names: CountryNames, claims: Claims) -> None:
        self.groups: dict[str, list[str]] = row["groups"]
        self._actors = ActorRules(row, names.demonyms, names.capitals)
        self._speakers = Speakers(claims, names.labels)
        self._acts = Lexicon(row["acts"])
        self._grammar = Grammar(row)
        self._facts = FactRules(row)
        self._amounts = read_amounts(row)
        self._exclude = re.compile(rf"\b(?:{any_of(row['exclude'])}|{'|'.join(row['exclude_patterns'])})\b")
        self._unless = re.compile(rf"\b(?:{any_of(row['unless'])})\b")
        self._never_given = frozenset(row["never_given"])
        self._claims = claims

    def find(self, reading: Reading) -> tuple[Aid, ...]:
        """The facts of the document, those told best first; the grammar is English."""
        if not reading.document.is_english:
            return ()
        actors = DocumentActors(self._actors, reading)
        read = [(sentence, told) for sentence in reading.sentences for told in self._read(sentence, actors)]
        completed = Guesses(read, actors, self._facts.is_possible).complete()
        acts: dict[int, list[int]] = {}
        for sentence, told in read:
            acts.setdefault(sentence.index, []).append(told.start)
        facts = [self._fact(sentence, told, actors, reading, acts[sentence.index]) for sentence, told in completed]
        return self._facts.merge(facts)

    def _read(self, sentence: Sentence, actors: DocumentActors) -> Iterator[Told]:
        if not _is_trigger(sentence) or sentence.is_overlong or self._unless.search(sentence.lowered):
            return
        lowered = self._exclude.sub(_blank, sentence.lowered)
        coded = self._encode(sentence, lowered, actors.of(sentence))
        if coded is not None:
            yield from self._grammar.read(coded)

    def _encode(self, sentence: Sentence, lowered: str, actors: list[Actor]) -> Coded | None:
        start = sentence.start
        things = [hit for hit in self._things(sentence) if lowered[hit.start - start : hit.end - start].strip()]
        if not things and "aid.arm" not in sentence.groups:
            return None
        acts = [Hit(act.start + start, act.end + start, act.group) for act in self._acts.find_in(lowered)]
        asides = [Sign(found.start() + start, found.end() + start, "") for found in ASIDE.finditer(lowered)]
        return encode(lowered, start, [*asides, *signs_of(actors, things, acts)])

    def _things(self, sentence: Sentence) -> list[Hit]:
        """What may be given: words for aid, and weapons by name."""
        weapons = [
            Hit(item.start, item.end, "weapon")
            for item in sentence.mentions
            if item.entry.kind == "weapon" and item.entry.label not in self._never_given
        ]
        return sorted((*sentence.of_group("aid.noun", "aid.item"), *weapons))

    def _fact(
        self, sentence: Sentence, told: Told, actors: DocumentActors, reading: Reading, acts: Iterable[int]
    ) -> Fact:
        status = self._status(sentence, told, actors.of(sentence))
        evidence = reading.evidence(sentence, status, f"aid:{told.action}-{told.pattern}")
        clause = clause_of(told.start, acts, sentence)
        amount = self._amounts.find(sentence, clause)
        old = is_old(sentence.words, reading.document.date)
        said = self._speakers.find(sentence)
        by_saying = told.action in _BY_SAYING and said is not None and _speaks_for_itself(said, told)
        day = act_day(sentence.words, reading.document.date, ahead=told.ahead, by_saying=by_saying)
        label = said.label if said else None
        return Fact(told, items_of(sentence, clause), amount, status, evidence, old, said_by=label, date=day)

    def _status(self, sentence: Sentence, told: Told, actors: list[Actor]) -> ClaimStatus:
        """What is only possible is planned, a gift told by somebody who is no party to it alleged.

        A request or a pledge is a fact once it is made.
        """
        status = self._claims.status(sentence)
        if status in {"denied", "alleged"}:
            return status
        if not told.sure and told.action != "requested":
            return "planned"
        if told.action != "provided":
            return "planned" if told.action == "pledged" and told.ahead else "asserted"
        speaker = self._claims.speaker(sentence)
        if speaker is None:
            return "asserted"
        speakers = [actor.name for actor in actors if actor.end <= speaker]
        told_by_others = bool(speakers) and speakers[-1] != _name(told.recipient) and _name(told.donor) not in speakers
        return "alleged" if told_by_others else "asserted"


def in_passing(aid: tuple[Aid, ...]) -> tuple[Aid, ...]:
    """The same facts of an article that treats something else: none is sure."""
    return tuple(fact.model_copy(update={"confidence": "low"}) for fact in aid)


def is_old(words: str, date: str) -> bool:
    """True if the sentence tells of a year long before the article's, or of another war."""
    years = [int(year) for year in _YEAR.findall(words)]
    long_ago = any(year < int(date[:4]) - 1 for year in years) if date < "9999" else False
    return long_ago or _LONG_AGO.search(words) is not None


def _speaks_for_itself(said: Said, told: Told) -> bool:
    """True if the one who speaks is the one who acts by it."""
    actor = told.recipient if told.action == "requested" else told.donor
    return _name(actor) in {said.country, said.label}


def _name(actor: Actor | None) -> str | None:
    return actor.name if actor else None


def _is_trigger(sentence: Sentence) -> bool:
    return not sentence.groups.isdisjoint(TRIGGERS) or any(item.entry.kind == "weapon" for item in sentence.mentions)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())
