"""A story in words: its headline, one paragraph, and a timeline, all taken from members' own sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from geowire.messages import TimelineEntry
from processors.relate.member_facts import MemberFacts
from processors.relate.vectors import Vector

CONSIDERED = 50
EXTRACT_MEMBERS = 20
EXTRACT_SENTENCES = 3
EXTRACT_LENGTH = 2_000
MOST_OVERLAP = 0.5
TIMELINE_LIMIT = 50
TIMELINE_HEADLINE_LENGTH = 200
SHORTEST_SLOT = 3600.0


def headline(members: Sequence[MemberFacts], titles: Vector) -> str:
    """Title of the most central member; live blogs and round-ups only if there is nothing else."""
    if not members:
        return ""
    considered = [member for member in members if not member.quiet] or list(members)
    central = max(considered[-CONSIDERED:], key=lambda member: weight_in(titles, member.title_terms))
    return central.added.title


def weight_in(vector: Vector, found: Collection[str]) -> float:
    """How central some terms are, long and short texts alike."""
    return sum(vector.get(term, 0.0) for term in found) / math.sqrt(len(found)) if found else 0.0


def extract(members: Sequence[MemberFacts], centroid: Vector) -> str | None:
    """The most central sentences that differ from one another, in the order in which they were published."""
    placed = [
        (weight_in(centroid, found), member.at, place, sentence, frozenset(found))
        for member in members[-EXTRACT_MEMBERS:]
        for place, (sentence, found) in enumerate(member.sentences)
    ]
    chosen: list[tuple[float, int, str, frozenset[str]]] = []
    for _, at, place, sentence, found in sorted(placed, key=lambda row: (-row[0], row[1], row[2])):
        if all(_overlap(found, other) <= MOST_OVERLAP for *_, other in chosen):
            chosen.append((at, place, sentence, found))
        if len(chosen) == EXTRACT_SENTENCES:
            break
    chosen.sort(key=lambda row: row[:2])
    return " ".join(sentence for _, _, sentence, _ in chosen)[:EXTRACT_LENGTH] or None


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / max(1, min(len(left), len(right)))


def timeline(members: Sequence[MemberFacts]) -> tuple[TimelineEntry, ...]:
    """The first member of each slot of time; slots are an hour, or so long that fifty cover the story."""
    if not members:
        return ()
    in_order = sorted(members, key=lambda member: member.at)
    start = in_order[0].at
    slot = max(SHORTEST_SLOT, (in_order[-1].at - start) / (TIMELINE_LIMIT - 1))
    first: dict[int, MemberFacts] = {}
    for member in in_order:
        first.setdefault(int((member.at - start) / slot), member)
    return tuple(_entry(member) for member in list(first.values())[:TIMELINE_LIMIT])


def _entry(member: MemberFacts) -> TimelineEntry:
    moment = datetime.fromtimestamp(member.at, UTC)
    title = member.added.title[:TIMELINE_HEADLINE_LENGTH]
    return TimelineEntry(at=moment, headline=title, article_id=member.added.article_id)
