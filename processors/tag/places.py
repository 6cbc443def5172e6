"""Places: which of several of the same name, whether it is one at all, and when a capital means its government."""

from __future__ import annotations

import math

from processors.tag.gazetteer import Entry
from processors.tag.match import Span
from processors.tag.mention import Mention
from processors.tag.setting import Setting, Signs, lies_in

_PLACES = frozenset({"country", "region", "water", "city"})
_METONYM = frozenset({"metonym"})
_TRAP = frozenset({"trap"})

PRIOR = {"country": 1.5, "region": 1.0, "water": 1.0}
"""How likely a name means such a place before the document is read; a city's depends on its size."""

TOWN = 15_000
"""Inhabitants below which something in the document must speak for a town."""

LARGE_CITY = 1_000_000
"""Inhabitants from which a city is meant even where persons of that name are in the document."""

SMALL_CITY = 100_000
"""Inhabitants below which a city needs something that speaks for it."""

VOTE_WEIGHT = 0.6
"""What it counts if all countries that the document names are the place's own."""

HOME_WEIGHT = 0.25
"""What it counts that the place lies in the publisher's country."""

AREA_WEIGHT = 0.8
"""What it counts if all states that the document names are the place's own."""

SIGN_WEIGHT = 0.15
"""What it counts each time that the document speaks of the name as of a place."""

SIGN_LIMIT = 3
"""Times that count."""

LISTED_WEIGHT = 0.5
"""What it counts for a state that two others of its country are named, and nothing of the country of that name."""

LEAST_SCORE = 0.45
"""Below this a place is not tagged."""


def decide_place(span: Span, scene: Setting) -> Mention | None:
    """The place or, for a capital that acts, the government that the span names."""
    places = [candidate.entry for candidate in span.of_kinds(_PLACES)]
    if not places or span.of_kinds(_TRAP) or _is_a_person(span, places, scene):
        return None
    best, rule, score = _best(span, places, scene)
    metonym = _metonym(span, best, scene)
    if metonym is not None:
        return metonym
    if best.kind == "city" and "within" not in rule and not _is_city(span, best, score, scene):
        return None
    return Mention(span.start, span.end, best, rule, min(0.95, round(score, 2)))


def _best(span: Span, places: list[Entry], scene: Setting) -> tuple[Entry, str, float]:
    """The place that the words right after decide, else the one with the most support."""
    following = scene.areas_after(span)
    if following:
        within = [place for place in places if any(lies_in(place, area) for area in following)]
        if within:
            return max(within, key=lambda place: place.population), "within", 0.95
        states = [area for area in following if area.kind == "region" and area.admin]
        if states and all(place.kind == "city" for place in places):
            return _namesake(places[0], states[0]), "named-within", 0.7
    known = scene.likeliest.get(span.readings)
    if known is None:
        known = scene.likeliest[span.readings] = _likeliest(span, places, scene)
    best, rule, score = known
    return best, rule, score + _locative_bonus(span, scene)


def _likeliest(span: Span, places: list[Entry], scene: Setting) -> tuple[Entry, str, float]:
    seats = {candidate.entry.country for candidate in span.of_kinds(_METONYM)}
    seats = _likely_seats(seats, places, scene)
    left = _without_unnamed_countries(places, scene)
    best = max(left, key=lambda place: _support(place, scene) + _capital_bonus(place, seats))
    return best, "name" if len(left) == 1 else "support", _support(best, scene)


def _namesake(place: Entry, area: Entry) -> Entry:
    """A town that no list has, told by its state: Bradford, Ontario."""
    slug = place.id.split("/")[2]
    return Entry("city", f"city/{(area.country or '').lower()}/{slug}", place.label, area.country, admin=area.admin)


def _without_unnamed_countries(places: list[Entry], scene: Setting) -> list[Entry]:
    """Lebanon is a town where the document names the town's state and nothing else of the country."""
    towns = [
        place for place in places if place.kind == "city" and place.admin and scene.area_votes.get(place.admin, 0) >= 1
    ]
    if not towns:
        return places
    named = [place for place in places if place.kind == "country" and scene.votes[place.country or ""]]
    return [place for place in places if place.kind != "country"] if not named else places


def _support(place: Entry, scene: Setting) -> float:
    """Prior, votes of the document and of the country's neighbours, and the publisher's country."""
    prior = PRIOR.get(place.kind) or max(0.0, math.log10(max(place.population, 10)) - 4) / 2.5
    if place.country is None:
        return prior
    home = HOME_WEIGHT if place.country == scene.document.publisher_country else 0.0
    return prior + VOTE_WEIGHT * scene.share_of(place.country) + home + _area_bonus(place, scene)


def _area_bonus(place: Entry, scene: Setting) -> float:
    """What it counts that the document is set in the city's state."""
    votes = scene.area_votes
    if place.kind == "region" and place.admin is not None:
        return LISTED_WEIGHT * (sum(area.partition("-")[0] == place.country for area in votes) > 1)
    if place.kind != "city" or place.admin is None or place.admin not in votes:
        return 0.0
    return AREA_WEIGHT * votes[place.admin] / sum(votes.values())


def _likely_seats(seats: set[str | None], places: list[Entry], scene: Setting) -> set[str | None]:
    """The seats of government, unless the document names only countries of the other places of that name."""
    others = {place.country for place in places} - seats
    named = any(scene.votes[iso] for iso in seats if iso)
    return seats if named or not any(scene.votes[iso] for iso in others if iso) else set()


def _capital_bonus(place: Entry, seats: set[str | None]) -> float:
    """Washington is the capital before it is a state."""
    return 1.0 if place.kind == "city" and place.country in seats and place.population >= SMALL_CITY else 0.0


def _locative_bonus(span: Span, scene: Setting) -> float:
    return 0.2 if scene.adjacent_before(span).lower() in scene.words.locative else 0.0


def _is_a_person(span: Span, places: list[Entry], scene: Setting) -> bool:
    name = scene.document.full[span.start : span.end]
    may_be = name in scene.words.person_like or all(place.kind == "city" for place in places)
    return may_be and scene.is_part_of_a_persons_name(span)


def _is_city(span: Span, city: Entry, score: float, scene: Setting) -> bool:
    """True if nothing speaks against the city here, and enough for it in the document."""
    if _is_part_of_unknown_name(span, city, scene):
        return False
    signs = scene.signs_of(span)
    if city.geonames is None:
        return signs.balance >= 0 and (signs.place > 0 or scene.votes[city.country or ""] > 0)
    if city.population < TOWN:
        return _is_town(city, signs, scene)
    if signs.balance < 0 and city.population < LARGE_CITY and not signs.sure:
        return False
    spoken_for = SIGN_WEIGHT * min(SIGN_LIMIT, signs.balance)
    return score + max(0.0, spoken_for) >= LEAST_SCORE or signs.sure


def _is_town(town: Entry, signs: Signs, scene: Setting) -> bool:
    """True if the document is sure of the town, or speaks of it as a place while set in its state or country."""
    if signs.sure:
        return True
    if signs.balance <= 0:
        return False
    if town.admin is not None and scene.area_votes:
        return town.admin in scene.area_votes
    return scene.votes[town.country or ""] > 0


def _is_part_of_unknown_name(span: Span, place: Entry, scene: Setting) -> bool:
    """True for a small city between other capitals: Lincoln in Lincoln Center."""
    if place.population >= SMALL_CITY or scene.capital_is_nothing(span):
        return False
    after = scene.adjacent_after(span)
    known_after = scene.is_known_at(span.end + 1)
    return scene.follows_unknown_name(span) or (
        after[:1].isupper() and not known_after and after.lower() not in scene.words.facilities
    )


def _end_of_joined(span: Span, scene: Setting) -> int:
    """The end of the last of `London and Paris`, who act together."""
    for joint in (" and ", ", "):
        following = scene.spans_by_start.get(span.end + len(joint))
        if following and following.of_kinds(_METONYM) and scene.document.full.startswith(joint, span.end):
            return following.end
    return span.end


def _metonym(span: Span, place: Entry, scene: Setting) -> Mention | None:
    """The government, if the capital acts, owns or is dealt with as one."""
    governments = [item.entry for item in span.of_kinds(_METONYM) if item.entry.country == place.country]
    if not governments:
        return None
    text = scene.document.full
    acts = scene.words.acts_after.match(text, _end_of_joined(span, scene))
    sentence_start, _ = scene.document.sentences[scene.document.sentence_at(span.start)]
    before = text[max(sentence_start, span.start - 60) : span.start]
    governed = _may_govern(before, scene) and scene.words.governs_before.search(before)
    if not acts and not governed:
        return None
    return Mention(span.start, span.end, governments[0], "capital-acts" if acts else "capital-dealt-with", 0.85)


def _may_govern(before: str, scene: Setting) -> bool:
    """True if one of the phrases stands there, four letters aside: cheaper than the pattern that decides."""
    lowered = before.lower()
    return any(lowered.endswith(scene.words.governing, 0, len(lowered) - skipped) for skipped in range(5))
