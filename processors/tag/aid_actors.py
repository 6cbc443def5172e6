"""Who acts in a sentence, by the names that facts give them: countries, alliances, armed groups, groups of states.

A government is its country; `the rebels` are those of the country that the document tells of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from processors.tag.gazetteer import Entry
from processors.tag.mention import Mention
from processors.tag.reading import Reading, Sentence
from processors.tag.words import any_of

_BY_LABEL = frozenset({"alliance", "armed_group"})
_BY_COUNTRY = frozenset({"country", "demonym", "metonym", "person", "office", "government", "armed_force", "agency"})
_GROUPS = ("rebels", "separatists", "kurds")
_PEOPLES = {"demonym/people-western": "Western", "demonym/people-european": "European", "demonym/people-arab": "Arab"}
_WEST = "alliance/west"
_KURDISTAN = "region/iq-kurdistan-region"

UNNAMED = ""
"""The name of allies and countries that the text does not name."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A country or an armed body in a sentence, by the name that a fact gives it."""

    name: str
    start: int
    end: int
    kind: str


class ActorRules:
    """How actors are named, from `data/aid.yaml` and the gazetteer's demonyms and capitals."""

    def __init__(self, row: Mapping[str, Any], demonyms: Mapping[str, str], capitals: Mapping[str, str]) -> None:
        self.short_names: Mapping[str, str] = row["short_names"]
        self.demonyms = demonyms
        self.capitals = capitals
        self.at_war = frozenset(row["at_war"])
        states = {name: any_of(words) for name, words in row["groups_of_states"].items()}
        self.states = {name: re.compile(rf" (?P<noun>{words})\b", re.IGNORECASE) for name, words in states.items()}
        self.groups = {name: re.compile(rf"\b(?:{any_of(row[name])})\b") for name in _GROUPS}
        self.unnamed = re.compile(rf"\b(?:{any_of(row['unnamed'])})\b")
        self.any_group = re.compile(rf"\b(?:{any_of(word for name in _GROUPS for word in row[name])})\b")


class DocumentActors:
    """The actors of a document's sentences."""

    def __init__(self, rules: ActorRules, reading: Reading) -> None:
        self._rules = rules
        self._reading = reading
        self._known: dict[int, list[Actor]] = {}

    def of(self, sentence: Sentence) -> list[Actor]:
        """The actors in order, none inside another."""
        if sentence.is_overlong:
            return []
        if sentence.index not in self._known:
            found = sorted((*self._mentioned(sentence), *self._grouped(sentence)), key=lambda it: (it.start, -it.end))
            self._known[sentence.index] = _outermost(found)
        return self._known[sentence.index]

    def sentences_before(self, sentence: Sentence, count: int) -> Iterator[Sentence]:
        """The sentences right before that name somebody, the nearest first; never the title."""
        read = self._reading.sentences
        place = self._places[sentence.index]
        yield from (item for item in reversed(read[max(0, place - count) : place]) if item.index)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {sentence.index: place for place, sentence in enumerate(self._reading.sentences)}

    @cached_property
    def _named_rebels(self) -> Counter[str]:
        """The rebels that the document names with their country."""
        labels = (mention.entry.label for sentence in self._reading.sentences for mention in sentence.mentions)
        return Counter(
            label
            for label in labels
            if label.endswith(" rebels") and label.partition(" ")[0] not in {"Russian", "Ukrainian"}
        )

    @cached_property
    def countries(self) -> Counter[str]:
        """How often each country is named in the document."""
        return Counter(
            mention.entry.country
            for sentence in self._reading.sentences
            for mention in sentence.mentions
            if mention.entry.country
        )

    def _mentioned(self, sentence: Sentence) -> Iterator[Actor]:
        for mention in sentence.mentions:
            name, end = self._name(sentence, mention)
            if name:
                yield Actor(name, mention.start, end, mention.entry.kind)

    def _name(self, sentence: Sentence, mention: Mention) -> tuple[str | None, int]:
        """The name in a fact, and where the words for it end."""
        if mention.entry.id in _PEOPLES:
            return self._group_of_states(sentence, mention)
        if mention.entry.id == _WEST:
            return _as_written(
                sentence.words[mention.start - sentence.start : mention.end - sentence.start]
            ), mention.end
        return self._name_of(mention.entry), mention.end

    def _name_of(self, entry: Entry) -> str | None:
        if entry.id == _KURDISTAN:
            return f"{self._rules.demonyms['IQ']} Kurds"
        if entry.kind in _BY_LABEL:
            return self._label(entry.label, entry.country)
        if entry.kind == "city":
            return self._rules.capitals.get(entry.label)
        is_no_government = entry.kind == "person" and self._serves_no_country(entry)
        return entry.country if entry.kind in _BY_COUNTRY and not is_no_government else None

    def _serves_no_country(self, entry: Entry) -> bool:
        """True for who heads the United Nations or an alliance on the article's day."""
        date = self._reading.document.date
        held = [office for office in entry.offices if office.since <= date <= office.until]
        return bool(held) and all(office.country is None for office in held)

    def _label(self, label: str, country: str | None) -> str:
        """The name in a fact; Russian separatists and Ukrainian ones are the same in a war over Ukraine."""
        if label.endswith((" separatists", " rebels")) and country in {"RU", "UA"}:
            return self._of_country("separatists")
        return self._rules.short_names.get(label, label)

    def _group_of_states(self, sentence: Sentence, mention: Mention) -> tuple[str | None, int]:
        people = _PEOPLES[mention.entry.id]
        after = self._rules.states[people].match(sentence.words, mention.end - sentence.start)
        if after:
            return f"{people} {after['noun'].lower()}", sentence.start + after.end()
        return ("West" if people == "Western" else None), mention.end

    def _grouped(self, sentence: Sentence) -> Iterator[Actor]:
        words = sentence.lowered
        for found in self._rules.any_group.finditer(words):
            name = next(name for name in _GROUPS if self._rules.groups[name].fullmatch(found.group()))
            start, end = sentence.start + found.start(), sentence.start + found.end()
            yield Actor(self._of_country(name), self._with_country(sentence, start), end, "armed_group")
        for found in self._rules.unnamed.finditer(words):
            yield Actor(UNNAMED, sentence.start + found.start(), sentence.start + found.end(), "unnamed")

    def _with_country(self, sentence: Sentence, start: int) -> int:
        """Where the name begins if a country stands right before: Iraq's Kurds, Syrian opposition."""
        for mention in sentence.mentions:
            between = sentence.words[mention.end - sentence.start : start - sentence.start]
            if mention.end < start and between.lower() in {" ", "'s "} and mention.entry.kind in {"country", "demonym"}:
                return mention.start
        return start

    def _of_country(self, group: str) -> str:
        """Iraqi Kurds, Syrian rebels: of the country whose war the document tells."""
        among = {"IQ", "SY", "TR", "IR"} if group == "kurds" else self._rules.at_war
        if group == "rebels" and self._named_rebels:
            return self._named_rebels.most_common(1)[0][0]
        counted = [
            (count, iso) for iso, count in self.countries.items() if iso in among and iso in self._rules.demonyms
        ]
        if group == "rebels" and counted and max(counted)[1] == "UA":
            group = "separatists"
        noun = "Kurds" if group == "kurds" else group
        if not counted:
            return noun
        most = "UA" if group == "separatists" and self.countries["UA"] else max(counted)[1]
        return f"{self._rules.demonyms[most]} {noun}"


def _as_written(words: str) -> str:
    """Western allies, the West: what a group of states is called."""
    first, _, rest = words.removeprefix("the ").partition(" ")
    return f"{first[:1].upper()}{first[1:]} {rest.lower()}".strip()


def _outermost(actors: list[Actor]) -> list[Actor]:
    kept: list[Actor] = []
    for actor in actors:
        if kept and actor.start < kept[-1].end:
            if actor.end > kept[-1].end or actor.kind == "armed_group" != kept[-1].kind:
                kept[-1] = Actor(actor.name, min(actor.start, kept[-1].start), max(actor.end, kept[-1].end), actor.kind)
            continue
        kept.append(actor)
    return kept
