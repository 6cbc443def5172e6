"""Across languages: an article and a story are compared by what means the same in both, never by words.

Linked entities, numbers, themes and time; at least three of the first two, at least one of them telling: a number, or
an entity that is more than a country. The weights are set by hand, on the careful side: there is no public set.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from processors.relate.document_counts import DocumentCounts, entity_term
from processors.relate.live_story import LiveStory
from processors.relate.marks import DATED, LANGUAGE, THEME, languages
from processors.relate.newcomer import Newcomer

FEWEST_SHARED = 3
MOST_HOURS = 48.0
BIAS, ENTITIES, TELLING, NUMBERS, THEMES, TIME = -6.5, 5.0, 3.0, 2.0, 1.0, 1.5
ENOUGH = 3
BROAD = ("country/", "demonym/", "region/", "government/", "alliance/", "metonym/")
INDEXED_IDS = 30


@dataclass(frozen=True, slots=True)
class Shared:
    """What an article shares with a story in another language."""

    entities: tuple[str, ...]
    numbers: tuple[str, ...]
    themes: tuple[str, ...]
    likeness: float
    """From 0 to 1."""


def telling_ids(entities: Collection[str], marks: Collection[str]) -> list[str]:
    """Ids that few stories share: numbers, and entities that are more than a country."""
    narrow = [entity for entity in entities if not entity.startswith(BROAD)]
    return [*narrow, *(mark for mark in marks if mark.startswith("#"))][:INDEXED_IDS]


def in_another_language(spoken: Collection[str], story: LiveStory) -> bool:
    """Whether a member of the story is in another language than those that are spoken, and none is in one of them."""
    marks = story.profile.marks
    return not any(language in marks for language in spoken) and bool(languages(marks))


def shared_across(newcomer: Newcomer, story: LiveStory, documents: DocumentCounts) -> Shared | None:
    """What they share; None if that is too little to speak of, or their numbered things differ."""
    ours, profile = newcomer.contribution, story.profile
    hours = story.hours_from(newcomer.at)
    dated = newcomer.dated and DATED in profile.marks
    if hours > MOST_HOURS or not dated or _counted_apart(ours.ordinals, profile.ordinals):
        return None
    entities = tuple(entity for entity in ours.entities if entity in profile.entities)
    common = [mark for mark in ours.marks if mark in profile.marks and not mark.startswith((LANGUAGE, DATED))]
    telling = telling_ids(entities, common)
    numbers = tuple(mark for mark in common if mark.startswith("#"))
    if len(entities) + len(numbers) < FEWEST_SHARED or not telling:
        return None
    themes = tuple(mark for mark in common if mark.startswith(THEME))
    total = BIAS + ENTITIES * _overlap(ours.entities, profile.entities, documents) + THEMES * bool(themes)
    total += TELLING * min(len(telling), ENOUGH) / ENOUGH + NUMBERS * min(len(numbers), ENOUGH) / ENOUGH
    total += TIME * math.exp(-hours / MOST_HOURS)
    return Shared(entities, numbers, themes, 1 / (1 + math.exp(-total)))


def _overlap(ours: Collection[str], theirs: Mapping[str, int], documents: DocumentCounts) -> float:
    """Cosine of two sets of entities, by weight."""
    left = {entity: documents.weight(entity_term(entity)) ** 2 for entity in ours}
    right = sum(documents.weight(entity_term(entity)) ** 2 for entity in theirs)
    both = sum(weight for entity, weight in left.items() if entity in theirs)
    return both / math.sqrt(sum(left.values()) * right) if left and right else 0.0


def _counted_apart(left: Mapping[str, frozenset[int]], right: Mapping[str, frozenset[int]]) -> bool:
    """Whether both number something and no number is common: the things are named in two languages."""
    ours, theirs = (set[int]().union(*ordinals.values()) for ordinals in (left, right))
    return bool(ours and theirs) and ours.isdisjoint(theirs)
