"""What deciders look at: a document, its spans, where it is set, and whether a name is a town or somebody."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cached_property, lru_cache
from typing import NamedTuple

from processors.tag.document import Document
from processors.tag.gazetteer import Entry, Gazetteer, Readings
from processors.tag.match import Span
from processors.tag.words import Words

AREA_LIMIT = 3
"""Mentions of one name that count for its state."""

TOWN_WEIGHT = 0.5
"""What a city counts for its state, beside a county or the state itself."""

NEIGHBOUR_WEIGHT = 0.3
"""What a vote for a neighbour counts for a country."""

KNOWN_CITY = 100_000
"""Inhabitants from which a city after a first name is a city."""

NAMESAKE = 15_000
"""Inhabitants from which a town of a country whose states are known makes a name ambiguous."""

VOTING_CITY = 1_000_000
"""Inhabitants from which a city speaks for its country."""

CACHED_NAMES = 8_192
"""Names whose votes are remembered from one document to the next."""

_VOTING_KINDS = frozenset({"country", "demonym", "region", "metonym", "government", "armed_force", "agency"})
_INITIAL_AND_NAME = re.compile(r" [A-Z]\. [A-Z]")
_PLACES = frozenset({"country", "region", "water", "city"})
_CITY = frozenset({"city"})
_DATELINE = re.compile(r"(?:, [A-Z][\w. ]{1,18})?(?: \([^)\n]{1,30}\))?(?: [—–-]|[—–]| --) ?")
_AGE = re.compile(r", (?:[1-9]\d|1?[2-9])\b")


class Signs(NamedTuple):
    """What speaks for a place and what against, over all mentions of one name."""

    mentions: int = 1
    place: int = 0
    person: int = 0
    other: int = 0
    sure: bool = False

    def join(self, more: Signs) -> Signs:
        """Both together."""
        return Signs(
            self.mentions + more.mentions,
            self.place + more.place,
            self.person + more.person,
            self.other + more.other,
            self.sure or more.sure,
        )

    @property
    def balance(self) -> int:
        """What is left for the place; what is no sure sign of a person counts only if it is usual."""
        against = self.other if 2 * self.other >= self.mentions else 0
        return self.place - 2 * self.person - against


class Setting:
    """One document while its spans are decided, and where it is set."""

    def __init__(self, document: Document, spans: list[Span], gazetteer: Gazetteer, words: Words) -> None:
        self.document = document
        self.spans = spans
        self.gazetteer = gazetteer
        self.words = words

    @cached_property
    def votes(self) -> Counter[str]:
        """How often each country is named by words that can mean no other, small places of the name aside."""
        return Counter(iso for span in self.spans if (iso := _vote_of(span.readings)))

    @cached_property
    def area_votes(self) -> dict[str, float]:
        """How often each state is named by itself, its counties and its cities, by GeoNames' codes."""
        counts: Counter[tuple[str, bool, tuple[str, ...]]] = Counter()
        for span in self.spans:
            areas, is_city = _areas(span.readings)
            if areas:
                counts[(self.document.full[span.start : span.end], is_city, areas)] += 1
        votes: dict[str, float] = defaultdict(float)
        for (_, is_city, areas), count in counts.items():
            for area in areas:
                votes[area] += min(count, AREA_LIMIT) * (TOWN_WEIGHT if is_city else 1.0) / len(areas)
        return votes

    def share_of(self, iso: str) -> float:
        """The share of the document's votes that a country has; its neighbours' count a little."""
        known = self._shares.get(iso)
        if known is None:
            near = sum(self.votes[other] for other in self.gazetteer.neighbours.get(iso, ()))
            known = self._shares[iso] = (self.votes[iso] + NEIGHBOUR_WEIGHT * near) / (self.votes.total() or 1)
        return known

    @cached_property
    def likeliest(self) -> dict[Readings, tuple[Entry, str, float]]:
        """The place that each name stands for where nothing beside it decides, filled as names are decided."""
        return {}

    @cached_property
    def _shares(self) -> dict[str, float]:
        return {}

    @cached_property
    def named_persons(self) -> dict[str, list[tuple[int, Entry]]]:
        """Who is named in full, and where, by the last word of the name and of the label."""
        named: dict[str, list[tuple[int, Entry]]] = defaultdict(list)
        for span in self.spans:
            for candidate in span.candidates:
                if candidate.entry.kind == "person" and candidate.form == "full":
                    named[candidate.entry.id].append((span.start, candidate.entry))
        return named

    @cached_property
    def span_ends(self) -> frozenset[int]:
        """Where spans end."""
        return frozenset(span.end for span in self.spans)

    @cached_property
    def spans_by_start(self) -> dict[int, Span]:
        """The outermost span that begins at each position."""
        return {span.start: span for span in reversed(self.spans)}

    @cached_property
    def title_is_cased(self) -> bool:
        """True if most words of the title begin with a capital, so that a capital says nothing there."""
        words = [word for word in self.document.title.split() if word[0].isalpha() and len(word) > 3]
        return sum(word[0].isupper() for word in words) > 0.6 * len(words)

    @cached_property
    def signs(self) -> dict[str, Signs]:
        """The signs of each name that a city has."""
        signs: dict[str, Signs] = {}
        for span in self.spans:
            if any(candidate.entry.kind == "city" for candidate in span.candidates):
                name = self.document.full[span.start : span.end]
                here = self._signs_at(span)
                signs[name] = signs[name].join(here) if name in signs else here
        return signs

    def signs_of(self, span: Span) -> Signs:
        """What speaks for and against the span's name in the whole document."""
        return self.signs.get(self.document.full[span.start : span.end], Signs())

    def areas_after(self, span: Span) -> list[Entry]:
        """The areas of `City, State` and `City, Country`."""
        full = self.document.full
        if full[span.end : span.end + 1] != "," or not full.startswith((", ", " , "), span.end):
            return []
        following = self.spans_by_start.get(span.end + 2)
        return [item.entry for item in following.of_kinds(_PLACES)] if following else []

    def is_dateline(self, span: Span) -> bool:
        """True if a line begins with the name and a dash follows."""
        if span.start != self.document.shift and self.document.full[span.start - 1] != "\n":
            start, _ = self.document.sentences[self.document.sentence_at(span.start)]
            if start != span.start:
                return False
        return _DATELINE.match(self.document.full, span.end) is not None

    def is_part_of_a_persons_name(self, span: Span) -> bool:
        """True if the words around make it a first or last name: Paris Hilton, Mr. Lincoln, Virginia L. Lane."""
        before = self.adjacent_before(span)
        if before in self.words.first_names and not self._begins_span_before(span):
            return True
        if before[:1].isupper() and before.lower() in self.words.personal_titles:
            return True
        name = self.document.full[span.start : span.end]
        if name not in self.words.person_like or self.capital_is_nothing(span):
            return False
        if before[:1].isupper() and before.lower() in self.words.titles:
            return True
        if _INITIAL_AND_NAME.match(self.document.full, span.end):
            return True
        after = self.adjacent_after(span)
        return after[:1].isupper() and not after.isupper() and not self.is_known_at(span.end + 1)

    def adjacent_before(self, span: Span) -> str:
        """The word right before, if only a blank (or the period of a title) stands between."""
        word, gap = self.document.word_before(span.start)
        return word if gap in {" ", ". "} else ""

    def adjacent_after(self, span: Span) -> str:
        """The word right after, if only a blank stands between."""
        word, gap = self.document.word_after(span.end)
        return word if gap == " " else ""

    def capital_is_nothing(self, span: Span) -> bool:
        """True where capitals are no sign of a name: in a title written in capitals."""
        return span.start < self.document.shift and self.title_is_cased

    def begins_sentence(self, position: int) -> bool:
        """True if a sentence begins at that position, quotation marks aside."""
        start, _ = self.document.sentences[self.document.sentence_at(position)]
        return position - start <= 1

    def follows_unknown_name(self, span: Span) -> bool:
        """True if the word before begins with a capital and is no title, no mention and no beginning of a sentence."""
        word, gap = self.document.word_before(span.start)
        if gap != " " or not word[:1].isupper() or word.lower() in self.words.titles | self.words.function_words:
            return False
        end = span.start - len(gap)
        return end not in self.span_ends and not self.begins_sentence(end - len(word))

    def is_known_at(self, position: int) -> bool:
        """True if a name of the gazetteer begins there, that of a mere town left out."""
        span = self.spans_by_start.get(position)
        return span is not None and not all(
            item.form != "full" or (item.entry.kind == "city" and item.entry.population < KNOWN_CITY)
            for item in span.candidates
        )

    def _begins_span_before(self, span: Span) -> bool:
        return span.start - 1 in self.span_ends

    def _signs_at(self, span: Span) -> Signs:
        if self.is_dateline(span) or any(
            lies_in(item.entry, area) for item in span.of_kinds(_CITY) for area in self.areas_after(span)
        ):
            return Signs(place=3, sure=True)
        before, after = self.adjacent_before(span), self.adjacent_after(span)
        place = (before.lower() in self.words.in_place) + (after.lower() in self.words.civic_after)
        if self._names_person(span, before):
            return Signs(place=place, person=1)
        told = before.lower() in self.words.locative
        return Signs(place=place, other=int(not told and self._is_other(span, after)))

    def _names_person(self, span: Span, before: str) -> bool:
        """True after a first name, a title or an initial, and before an age."""
        if before in self.words.first_names or (before[:1].isupper() and before.lower() in self.words.personal_titles):
            return True
        if len(before) == 1 and before.isupper() and before not in "AI":
            return True
        return _AGE.match(self.document.full, span.end) is not None

    def _is_other(self, span: Span, after: str) -> bool:
        """True where a person would stand, or between other capitals."""
        if self.capital_is_nothing(span):
            return False
        if after.lower() in self.words.person_after or self.follows_unknown_name(span):
            return True
        if not after[:1].isupper() or self.is_known_at(span.end + 1):
            return False
        return after.lower() not in self.words.civic_after | self.words.facilities


def lies_in(place: Entry, area: Entry) -> bool:
    """True if the city lies in that country or region, as far as is known."""
    if area.kind not in {"country", "region"} or place.kind != "city":
        return False
    if area.admin is not None and place.admin is not None:
        return area.admin == place.admin
    return area.country is not None and area.country == place.country


@lru_cache(maxsize=CACHED_NAMES)
def _vote_of(readings: Readings) -> str | None:
    """The country that the name speaks for, small places of that name aside."""
    places = [item.entry for item in readings.candidates if not _is_small(item.entry)]
    countries = {place.country for place in places}
    return countries.pop() if len(countries) == 1 and any(_may_vote(place) for place in places) else None


@lru_cache(maxsize=CACHED_NAMES)
def _areas(readings: Readings) -> tuple[tuple[str, ...], bool]:
    """The states that the name speaks for, and whether as a city's."""
    places = [item.entry for item in readings.candidates]
    states = dict.fromkeys(place.admin for place in places if place.kind == "region" and place.admin)
    if states:
        return (() if any(place.kind == "country" for place in places) else tuple(filter(None, states))), False
    areas = dict.fromkeys(place.admin for place in places)
    if len(areas) > 1 or not places or max(place.population for place in places) < KNOWN_CITY:
        return (), True
    return tuple(filter(None, areas)), True


def _is_small(place: Entry) -> bool:
    return place.kind == "city" and place.population < (KNOWN_CITY if place.admin is None else NAMESAKE)


def _may_vote(place: Entry) -> bool:
    return place.kind in _VOTING_KINDS or (place.kind == "city" and place.population >= VOTING_CITY)
