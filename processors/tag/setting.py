"""What the whole document says about its places: which states it is set in, and whether a name is a town or somebody."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import NamedTuple

from processors.tag.gazetteer import Entry
from processors.tag.match import Span
from processors.tag.scene import Scene

AREA_LIMIT = 3
"""Mentions of one name that count for its state."""

TOWN_WEIGHT = 0.5
"""What a city counts for its state, beside a county or the state itself."""

NEIGHBOUR_WEIGHT = 0.3
"""What a vote for a neighbour counts for a country."""

KNOWN_CITY = 100_000
"""Inhabitants from which a city after a first name is a city."""

_INITIAL_AND_NAME = re.compile(r" [A-Z]\. [A-Z]")
_PLACES = frozenset({"country", "region", "water", "city"})
_CITY = frozenset({"city"})
_DATELINE = re.compile(r"(?:, [A-Z][\w. ]{1,18})?(?: \([^)\n]{1,30}\))?(?: [—–-]|[—–]| --) ?")
_AGE = re.compile(r", (?:[1-9]\d|1?[2-9])\b")


class Signs(NamedTuple):
    """How much speaks for a place and how much against, over all mentions of one name."""

    place: int = 0
    other: int = 0
    sure: bool = False

    def __add__(self, more: object) -> Signs:
        assert isinstance(more, Signs)
        return Signs(self.place + more.place, self.other + more.other, self.sure or more.sure)


class Setting(Scene):
    """A scene that knows where it is set."""

    @cached_property
    def area_votes(self) -> Counter[str]:
        """How often each state is named by itself, its counties and its cities, by GeoNames' codes."""
        counts: Counter[tuple[str, ...]] = Counter()
        votes: Counter[str] = Counter()
        for span in self.spans:
            areas = _areas(span)
            if areas:
                counts[(self.document.full[span.start : span.end], *areas)] += 1
        for (_, *areas), count in counts.items():
            is_city = areas[0] == ""
            names = areas[1:]
            for area in names:
                votes[area] += min(count, AREA_LIMIT) * (TOWN_WEIGHT if is_city else 1.0) / len(names)  # type: ignore[assignment]
        return votes

    def share_of(self, iso: str) -> float:
        """The share of the document's votes that a country has; its neighbours' count a little."""
        known = self._shares.get(iso)
        if known is None:
            near = sum(self.votes[other] for other in self.gazetteer.neighbours.get(iso, ()))
            known = self._shares[iso] = (self.votes[iso] + NEIGHBOUR_WEIGHT * near) / (self.votes.total() or 1)
        return known

    @cached_property
    def _shares(self) -> dict[str, float]:
        return {}

    @cached_property
    def signs(self) -> dict[str, Signs]:
        """The signs of each name that a city has."""
        signs: dict[str, Signs] = {}
        for span in self.spans:
            if any(candidate.entry.kind == "city" for candidate in span.candidates):
                name = self.document.full[span.start : span.end]
                signs[name] = signs.get(name, Signs()) + self._signs_at(span)
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

    def is_known_at(self, position: int) -> bool:
        """True if a name of the gazetteer begins there, that of a mere town left out."""
        span = self.spans_by_start.get(position)
        return span is not None and not all(
            item.entry.kind == "city" and item.entry.population < KNOWN_CITY for item in span.candidates
        )

    def _signs_at(self, span: Span) -> Signs:
        if self.is_dateline(span) or any(lies_in(item.entry, area) for item in span.of_kinds(_CITY) for area in self.areas_after(span)):
            return Signs(3, 0, sure=True)
        before, gap_before = self.document.word_before(span.start)
        after, gap_after = self.document.word_after(span.end)
        before = before if gap_before in {" ", ". "} else ""
        joined = gap_after == " "
        return Signs(self._place_signs(before, after if joined else ""), self._other_signs(span, before, after, joined=joined))

    def _place_signs(self, before: str, after: str) -> int:
        return (before.lower() in self.words.in_place) + (after.lower() in self.words.civic_after)

    def _other_signs(self, span: Span, before: str, after: str, *, joined: bool) -> int:
        if before in self.words.first_names or (before[:1].isupper() and before.lower() in self.words.personal_titles):
            return 2
        if len(before) == 1 and before.isupper() and before != "I":
            return 2
        if _AGE.match(self.document.full, span.end):
            return 2
        if not joined or self.capital_is_nothing(span):
            return 0
        if after.lower() in self.words.person_after:
            return 1
        if self.follows_unknown_name(span):
            return 1
        unknown_after = after[:1].isupper() and not self.is_known_at(span.end + 1)
        return int(unknown_after and after.lower() not in self.words.civic_after | self.words.facilities)


def lies_in(place: Entry, area: Entry) -> bool:
    """True if the city lies in that country or region, as far as is known."""
    if area.kind not in {"country", "region"} or place.kind != "city":
        return False
    if area.admin is not None and place.admin is not None:
        return area.admin == place.admin
    return area.country is not None and area.country == place.country


def _areas(span: Span) -> tuple[str, ...]:
    """The states that the name speaks for; an empty string before those of a city."""
    places = [item.entry for item in span.candidates]
    states = dict.fromkeys(place.admin for place in places if place.kind == "region" and place.admin)
    if states:
        return () if any(place.kind == "country" for place in places) else tuple(filter(None, states))
    areas = dict.fromkeys(place.admin for place in places if place.admin)
    if not areas or any(place.admin is None for place in places):
        return ()
    if len(areas) > 1 or max(place.population for place in places) < 100_000:
        return ()
    return ("", *filter(None, areas))
