"""Where names stand: every match of the automaton at word boundaries, within the limits of the name, longest first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from processors.tag.document import Document
from processors.tag.gazetteer import Candidate, Gazetteer, Limits, Readings
from processors.tag.spaced import squeeze

NESTING_KINDS = frozenset({"organisation", "agency", "government", "armed_force", "armed_group", "alliance", "office"})
"""Kinds whose names may contain the name of something else: the US in US Congress."""

NESTED_KINDS = frozenset({"country", "demonym", "region", "alliance"})
"""Kinds that are a mention of their own inside a longer name."""

_BLANKS = frozenset(" \n,")
_PARTIES = frozenset({"D", "R", "I"})
"""Parties as they stand before a state: D-S.C."""

_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


class Span:
    """Words that may be a mention, and of what."""

    __slots__ = ("candidates", "end", "of_kinds", "readings", "start")

    def __init__(self, start: int, end: int, readings: Readings) -> None:
        self.start = start
        self.end = end
        self.readings = readings
        self.candidates = readings.candidates
        self.of_kinds = readings.of_kinds


def find_spans(gazetteer: Gazetteer, document: Document) -> list[Span]:
    """The spans of the document in order; a span inside another follows it."""
    names: dict[tuple[int, int], list[int]] = {}
    full = document.full
    for name, place in _matches(gazetteer, document):
        if is_bounded(full, *place):
            known = names.setdefault(place, [])
            if name not in known:
                known.append(name)
    spans = (_span(gazetteer, document, place, names[place]) for place in sorted(names, key=_outer_first))
    return longest_first(span for span in spans if span.candidates)


def _matches(gazetteer: Gazetteer, document: Document) -> Iterator[tuple[int, tuple[int, int]]]:
    """Every match in the text, in its words in capitals, and where its tokens stand apart."""
    find = gazetteer.automaton.find_matches_as_indexes
    for name, start, end in find(document.full, overlapping=True):
        yield name, (start, end)
    for shift, words in document.recased():
        for name, start, end in find(words, overlapping=True):
            yield name, (start + shift, end + shift)
    squeezed = squeeze(document.full)
    if squeezed:
        for name, start, end in find(squeezed.text, overlapping=True):
            place = squeezed.span(start, end)
            if place:
                yield name, place


def longest_first(spans: Iterable[Span]) -> list[Span]:
    """Drop what overlaps a longer span, and what is inside one that is no place to look."""
    kept: list[Span] = []
    outer: Span | None = None
    for span in spans:
        if outer is None or span.start >= outer.end:
            outer = span
        elif span.end > outer.end:
            if span.end - span.start <= outer.end - outer.start:
                continue
            kept = _pop_from(kept, outer.start)
            outer = span
        elif not (outer.of_kinds(NESTING_KINDS) and span.of_kinds(NESTED_KINDS)):
            continue
        kept.append(span)
    return kept


def is_bounded(text: str, start: int, end: int) -> bool:
    """True if the span neither begins nor ends within a word or an address."""
    if start:
        left = text[start - 1]
        if left not in _BLANKS and (left == "@" or _joined(left, text[start])):
            return False
    if end == len(text) or text[end] in _BLANKS:
        return True
    right = text[end]
    if right == "." and text[end + 1 : end + 2].islower():
        return False
    return not _joined(text[end - 1], right) or (_is_hangul(text[end - 1]) and _is_hangul(right))


def _joined(left: str, right: str) -> bool:
    if not (_is_word(left) and _is_word(right)):
        return False
    return left.isascii() or not (_is_unspaced(left) or _is_unspaced(right))


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_" or unicodedata.combining(letter) != 0


def _is_unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_UNSPACED)


def _is_hangul(letter: str) -> bool:
    """Korean writes its particles onto the name."""
    return "가" <= letter <= "힣"


def _outer_first(place: tuple[int, int]) -> tuple[int, int]:
    return place[0], -place[1]


def _pop_from(kept: list[Span], start: int) -> list[Span]:
    while kept and kept[-1].start >= start:
        kept.pop()
    return kept


def _span(gazetteer: Gazetteer, document: Document, place: tuple[int, int], names: list[int]) -> Span:
    start, end = place
    if len(names) == 1:
        readings = gazetteer.readings(names[0])
        if not readings.is_limited:
            return Span(start, end, readings)
    candidates = (candidate for name in names for candidate in gazetteer.readings(name).candidates)
    allowed = dict.fromkeys(
        candidate for candidate in candidates if candidate.limits is None or _allows(candidate.limits, document, place)
    )
    return Span(start, end, Readings(tuple(_of_the_language(tuple(allowed)))))


def _of_the_language(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """What the text's own language calls so: its word for something else hides all names, its name those of towns."""
    own = [candidate for candidate in candidates if candidate.limits and candidate.limits.languages]
    if any(candidate.entry.kind == "trap" for candidate in own):
        return own
    return [it for it in candidates if it in own or it.entry.kind != "city"] if own else candidates


def _allows(limits: Limits, document: Document, place: tuple[int, int]) -> bool:
    start, end = place
    before, gap_before = document.word_before(start)
    after, gap_after = document.word_after(end)
    if limits.languages and document.language not in limits.languages:
        return False
    if limits.after_comma and not (gap_before.startswith(", ") or (gap_before == "-" and before in _PARTIES)):
        return False
    if not gap_before.strip() and before.lower() in limits.not_after:
        return False
    if limits.only_after and not (gap_before == " " and before.lower() in limits.only_after):
        return False
    if not gap_after.strip(" -") and after.lower() in limits.not_before:
        return False
    return not limits.blocked_by or limits.blocked_by.isdisjoint(document.words_around(start))
