"""Features of a pair: an article and a story, or two stories."""

from __future__ import annotations

from collections.abc import Collection, Container

from processors.relate.document_counts import DocumentCounts, entity_term
from processors.relate.live_story import LiveStory
from processors.relate.marks import DATED
from processors.relate.merge_score import Features, breadth, nearness
from processors.relate.newcomer import HEAVIEST, Newcomer
from processors.relate.vectors import Vector, dot, heaviest

FEWEST_SHARED = 3


def article_features(newcomer: Newcomer, story: LiveStory, documents: DocumentCounts, undated: float = 0.0) -> Features:
    """How an article compares with a story; where one of them has no date, time says `undated`."""
    brings, profile = newcomer.contribution, story.profile
    return Features(
        body=cosine(brings.body, profile.centroid, 1.0, profile.length),
        title=cosine(brings.title, profile.titles, 1.0, profile.titles_length),
        time=nearness(story.hours_from(newcomer.at)) if newcomer.dated and DATED in profile.marks else undated,
        shared=share_of(newcomer.heaviest, profile.centroid),
        entities=shared_entities(brings.entities, profile.entities, documents),
        breadth=breadth(len(story.members)),
    )


def story_features(younger: LiveStory, older: LiveStory, documents: DocumentCounts, undated: float = 0.0) -> Features:
    """How two stories compare."""
    left, right = younger.profile, older.profile
    hours = max(younger.first - older.last, older.first - younger.last, 0.0) / 3600
    return Features(
        body=cosine(left.centroid, right.centroid, left.length, right.length),
        title=cosine(left.titles, right.titles, left.titles_length, right.titles_length),
        time=nearness(hours) if DATED in left.marks and DATED in right.marks else undated,
        shared=share_of([term for term, _ in heaviest(left.centroid, HEAVIEST)], right.centroid),
        entities=shared_entities(left.entities, right.entities, documents),
        breadth=breadth(min(len(younger.members), len(older.members))) / 2,  # broad beside broad: less is by chance
    )


def cosine(left: Vector, right: Vector, left_length: float, right_length: float) -> float:
    """Cosine of the angle between two vectors; 0 if one is empty."""
    return dot(left, right) / (left_length * right_length) if left and left_length and right_length else 0.0


def has_enough_in_common(newcomer: Newcomer, story: LiveStory) -> bool:
    """Whether an article shares a few of its heaviest terms with a story: two words of a title are not enough."""
    shared = story.profile.centroid.keys() & newcomer.heaviest
    return len(shared) >= min(FEWEST_SHARED, len(newcomer.heaviest))


def share_of(found: Collection[str], vector: Vector) -> float:
    """Share of some terms that a vector has."""
    return len(vector.keys() & found) / len(found) if found else 0.0


def shared_entities(ours: Collection[str], theirs: Container[str], documents: DocumentCounts) -> float:
    """Share of our entities, by weight, that are among theirs."""
    weights = {entity: documents.weight(entity_term(entity)) for entity in ours}
    total = sum(weights.values())
    return sum(weight for entity, weight in weights.items() if entity in theirs) / total if total else 0.0


def distance_hours(newcomer: Newcomer, story: LiveStory) -> float:
    """Hours to the nearest member."""
    return min(abs(newcomer.at - member.at) for member in story.members.values()) / 3600
