"""Which partitions a member of a group on the embedded bus should have: decisions without a file."""

from __future__ import annotations

from collections.abc import Mapping

Place = tuple[int, int]
"""A topic's id and a partition."""


def fair_share(members: Mapping[str, frozenset[int]], owners: Mapping[Place, str | None], name: str) -> set[Place]:
    """The places that a member should have: of each topic an equal share, its own first, then free ones.

    What does not divide goes to the members in turn, to others with each topic. `members` are those that read
    any topic, by the order in which they joined, each with its topics.
    """
    share = set()
    for topic in {topic for topic, _ in owners}:
        readers = [member for member, topics in members.items() if topic in topics]
        of_topic = {place: owner for place, owner in owners.items() if place[0] == topic}
        each, rest = divmod(len(of_topic), len(readers))
        rank = (readers.index(name) + topic) % len(readers)
        share |= up_to(each + (rank < rest), of_topic, name)
    return share


def exclusive_share(members: Mapping[str, frozenset[int]], owners: Mapping[Place, str | None], name: str) -> set[Place]:
    """All places for whoever holds one already, else for the member that joined first; none for the others."""
    topics = {topic for topic, _ in owners}
    holders = [owner for owner in owners.values() if owner is not None]
    active = holders[0] if holders else next(member for member, read in members.items() if read & topics)
    return up_to(len(owners), owners, name) if active == name else set()


def up_to(quota: int, owners: Mapping[Place, str | None], name: str) -> set[Place]:
    """A member's own places, then free ones, as many as its quota."""
    mine = [place for place, owner in owners.items() if owner == name]
    free = [place for place, owner in owners.items() if owner is None]
    return set((mine + free)[:quota])
