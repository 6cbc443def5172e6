"""Persons: by full name, by surname once they are named, by surname alone where it suffices, by title and surname."""

from __future__ import annotations

from bisect import bisect_left

from processors.tag.gazetteer import Candidate, Entry
from processors.tag.match import Span
from processors.tag.mention import Mention
from processors.tag.setting import Setting

_PERSON = frozenset({"person"})


def decide_person(span: Span, scene: Setting) -> Mention | None:
    """The person that the span names, if any."""
    candidates = span.of_kinds(_PERSON)
    if not candidates:
        return None
    full = [candidate for candidate in candidates if candidate.form == "full"]
    if full:
        return Mention(span.start, span.end, _in_office_first(full, scene)[0].entry, "full-name", 0.95)
    if _is_somebody_else(span, candidates[0].entry, scene):
        return None
    return (
        _named_before(span, candidates, scene) or _by_title(span, candidates, scene) or _alone(span, candidates, scene)
    )


def _named_before(span: Span, candidates: tuple[Candidate, ...], scene: Setting) -> Mention | None:
    """The one of that surname who was named in full last, or else first after."""
    named = [
        _nearest(places, span.start)
        for candidate in candidates
        if (places := scene.named_persons.get(candidate.entry.id))
    ]
    if not named:
        return None
    _, _, entry = max(named, key=lambda place: place[:2])
    return Mention(span.start, span.end, entry, "surname", 0.9)


def _nearest(places: list[tuple[int, Entry]], position: int) -> tuple[bool, int, Entry]:
    """Where the person is named in full last before the position, else first after; the nearer compares as more."""
    index = bisect_left(places, position, key=lambda place: place[0])
    if index:
        return True, places[index - 1][0], places[index - 1][1]
    return False, -places[0][0], places[0][1]


def _by_title(span: Span, candidates: tuple[Candidate, ...], scene: Setting) -> Mention | None:
    """Somebody in office on the day: Foreign Minister Sikorski."""
    if scene.adjacent_before(span).lower() not in scene.words.titles:
        return None
    holders = [candidate for candidate in candidates if candidate.entry.holds_at(scene.document.date)]
    return Mention(span.start, span.end, holders[0].entry, "title-surname", 0.85) if len(holders) == 1 else None


def _alone(span: Span, candidates: tuple[Candidate, ...], scene: Setting) -> Mention | None:
    known = [candidate for candidate in candidates if candidate.form == "alone"]
    if not known:
        return None
    return Mention(span.start, span.end, _in_office_first(known, scene)[0].entry, "known-surname", 0.8)


def _in_office_first(candidates: list[Candidate], scene: Setting) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: not candidate.entry.holds_at(scene.document.date))


def _is_somebody_else(span: Span, entry: Entry, scene: Setting) -> bool:
    """True for Hunter Biden and Kim Min-seok, who are not the ones in the gazetteer."""
    before = scene.adjacent_before(span)
    if before in scene.words.first_names and before not in entry.label.split():
        return True
    if scene.capital_is_nothing(span):
        return False
    after = scene.adjacent_after(span)
    if entry.family_first and after[:1].isupper() and after.lower() not in scene.words.function_words:
        return True
    return scene.follows_unknown_name(span) and before not in entry.label.split()
