"""Places that no list has: Silala River by its noun, Northern Luzon by its direction, a town by the state after it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ahocorasick_rs import AhoCorasick

from processors.tag.gazetteer import Entry
from processors.tag.match import Span, is_bounded
from processors.tag.mention import Mention
from processors.tag.setting import Setting

NOUN_TRAP = "trap/place-nouns"
"""The entry under which the nouns stand in the gazetteer."""

_PLACE_KINDS = frozenset({"country", "region", "water", "city"})
_NAME_WORD = r"(?:St\.|Ste\.|Mt\.|[^\W\d_a-z][\w’-]*(?:'[^\W\d_](?!\b)\w*)?)"
_NAME_BEFORE = re.compile(rf"(?:(?<=^)|(?<=[\s(\"“—–/-]))((?:{_NAME_WORD} ){{1,3}})$")
_NAME_AFTER = re.compile(rf" (?:the )?({_NAME_WORD})")
_DIRECTIONS = frozenset(
    f"{first}{rest}"
    for first in ("North", "South", "East", "West")
    for rest in ("", "ern", "east", "west", "eastern", "western")
) | {"Central", "Upper", "Lower", "Inner", "Outer", "Greater"}
_TOWN = re.compile(rf"(?:^|[\s(\"“—–])((?:{_NAME_WORD} ){{0,2}}{_NAME_WORD}) ?, $")
_COMPANIES = frozenset({"Company", "Bank", "Airlines", "Morning", "University"})
_LOOK_BACK = 50


class PlaceMaker:
    """The nouns of `data/place_nouns.yaml`, ready to make places."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self._nouns = {row["noun"]: row for row in rows}

    def extend(self, mentions: list[Mention], scene: Setting) -> list[Mention]:
        """The mentions with what the words beside them make of them, and the places made of nouns alone."""
        made = [*self._by_nouns(scene), *_towns(mentions, scene)]
        made += [wider for mention in mentions if (wider := _directed(mention, scene))]
        taken = [(mention.start, mention.end) for mention in made]
        return [*made, *_outside(mentions, taken)] if made else mentions

    def _by_nouns(self, scene: Setting) -> Iterator[Mention]:
        for span in scene.spans:
            if span.candidates[0].entry.id == NOUN_TRAP:
                found = self._by_noun(span, scene)
                if found:
                    yield found

    def _by_noun(self, span: Span, scene: Setting) -> Mention | None:
        full = scene.document.full
        surface = full[span.start : span.end]
        row = self._nouns.get(surface) or self._nouns.get(surface.title())
        if row is None or _goes_on(span, scene):
            return None
        start, end = span.start, span.end
        if row["name"] in {"before", "both"}:
            start = _name_start(span.start, scene)
        if start == span.start and row["name"] in {"after", "both"}:
            following = _NAME_AFTER.match(full, span.end)
            end = following.end() if following else end
            if following and following[1].lower() in scene.words.function_words:
                end = span.end
        if (start, end) == (span.start, span.end):
            return None
        return Mention(start, end, _entry(row["kind"], full[start:end], scene, (start, end)), "place-noun", 0.65)


def _goes_on(span: Span, scene: Setting) -> bool:
    """True before a word that makes a street or a body of it: Bay Street, County Council."""
    after = scene.adjacent_after(span)
    return after.lower() in scene.words.streets


def _name_start(position: int, scene: Setting) -> int:
    """Where the capitalised words before a noun begin, function words and demonyms left out."""
    full = scene.document.full
    sentence, _ = scene.document.sentences[scene.document.sentence_at(position)]
    window = full[max(sentence, position - _LOOK_BACK) : position]
    found = _NAME_BEFORE.search(window)
    if found is None:
        return position
    words = found[1].split(" ")[:-1]
    start = position
    for word in reversed(words):
        if _is_no_name(word, start - len(word) - 1 == sentence, scene):
            break
        start -= len(word) + 1
    opening = scene.spans_by_start.get(start)
    if opening and opening.end + 1 == position and any(item.entry.kind == "demonym" for item in opening.candidates):
        return position
    return start


def _is_no_name(word: str, opens: bool, scene: Setting) -> bool:
    """True for words that are written with a capital for another reason: `Three`, `Following`, `The`."""
    plain = word.lower().rstrip(".,'")
    if plain in scene.words.function_words | scene.words.titles | scene.words.numerals or plain.endswith("'s"):
        return True
    return opens and plain.endswith(("ing", "ed"))


def _directed(mention: Mention, scene: Setting) -> Mention | None:
    """Northern Luzon, East Palo Alto: the part, with its direction."""
    if mention.entry.kind not in _PLACE_KINDS - {"water"} or mention.rule == "place-noun":
        return None
    if mention.entry.kind == "region" and mention.entry.admin is not None:
        return None
    full = scene.document.full
    word, gap = scene.document.word_before(mention.start)
    if gap not in {" ", "-"} or word not in _DIRECTIONS:
        return None
    start = mention.start - len(gap) - len(word)
    if scene.begins_sentence(start) or (start < scene.document.shift and scene.title_is_cased):
        return None
    if scene.document.word_after(mention.end)[0] in _COMPANIES:
        return None
    kind = "city" if mention.entry.kind == "city" else "region"
    label = full[start : mention.end]
    iso = mention.entry.country
    entry = Entry(kind, _id(kind, label, iso), label[:120], iso)
    return Mention(start, mention.end, entry, "part-of-place", 0.7)


def _towns(mentions: list[Mention], scene: Setting) -> Iterator[Mention]:
    """Towns that no list has, told by the state or country after them, and their other mentions."""
    full = scene.document.full
    found: dict[str, Entry] = {}
    ends = {mention.end for mention in mentions}
    for mention in mentions:
        if (
            mention.entry.kind not in {"country", "region"}
            or mention.start < 4
            or full[mention.start - 2 : mention.start] != ", "
        ):
            continue
        name = _town_before(mention.start, scene)
        if name and mention.start - 2 not in ends:
            label = name
            found.setdefault(
                name, Entry("city", _id("city", label, mention.entry.country), label, mention.entry.country)
            )
    if not found:
        return
    entries = list(found.values())
    for index, start, end in AhoCorasick(list(found)).find_matches_as_indexes(full, overlapping=True):
        if is_bounded(full, start, end) and not _is_within_name(start, end, scene):
            yield Mention(start, end, entries[index], "named-within", 0.65)


def _town_before(position: int, scene: Setting) -> str | None:
    """The capitalised words after `in` or at the beginning of a line, before a comma."""
    full = scene.document.full
    sentence, _ = scene.document.sentences[scene.document.sentence_at(position)]
    window_start = max(sentence, position - _LOOK_BACK)
    found = _TOWN.search(full[window_start:position])
    if found is None:
        return None
    name = found[1]
    start = window_start + found.start(1)
    before, gap = scene.document.word_before(start)
    told = gap == " " and before.lower() in scene.words.locative and not _is_of_office(start - 3, before, scene)
    opens = start == sentence and scene.document.sentence_at(start) <= 1
    words = name.split(" ")
    plain = not any(
        word in scene.words.first_names or word.lower() in scene.words.function_words | scene.words.titles
        for word in words
    )
    return name if (told or opens) and plain and len(name) > 2 else None


def _is_of_office(position: int, before: str, scene: Setting) -> bool:
    """True within `Department of Health, Ohio`."""
    return before.lower() == "of" and scene.document.word_before(position)[0][:1].isupper()


def _is_within_name(start: int, end: int, scene: Setting) -> bool:
    before, gap = scene.document.word_before(start)
    if gap == " " and before in scene.words.first_names:
        return True
    after, gap = scene.document.word_after(end)
    return gap == " " and after.lower() in scene.words.streets


def _outside(mentions: Iterable[Mention], taken: Iterable[tuple[int, int]]) -> Iterator[Mention]:
    """The mentions that no made place has swallowed or crosses; both come in order of their places."""
    places = sorted(taken)
    first = 0
    for mention in sorted(mentions, key=lambda item: item.start):
        while first < len(places) and places[first][1] <= mention.start:
            first += 1
        if first == len(places) or places[first][0] >= mention.end:
            yield mention


def _entry(kind: str, name: str, scene: Setting, place: tuple[int, int]) -> Entry:
    iso = _country_within(place, scene) or _main_country(scene)
    return Entry(kind, _id(kind, name, iso), name[:120], iso)


def _country_within(place: tuple[int, int], scene: Setting) -> str | None:
    """The country of a known place that is part of the name: Buenos Aires Province."""
    inner = scene.spans_by_start.get(place[0])
    if inner is None or inner.end >= place[1]:
        return None
    countries = {item.entry.country for item in inner.of_kinds(_PLACE_KINDS)}
    return countries.pop() if len(countries) == 1 else None


def _main_country(scene: Setting) -> str | None:
    """The country of most of the states that the document names, else that which most of its names speak for."""
    areas = scene.area_votes
    if areas:
        return max(areas, key=lambda area: areas[area]).partition("-")[0]
    votes = scene.votes.most_common(1)
    return votes[0][0] if votes and 2 * votes[0][1] >= sum(scene.votes.values()) else None


def _id(kind: str, name: str, iso: str | None) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    slug = re.sub(r"[^\w]+", "-", plain.lower()).strip("-")
    return "/".join(filter(None, (kind, (iso or "").lower(), slug)))[:120]
