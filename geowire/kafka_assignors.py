"""Who reads which partition of a Kafka group: a group that shares, and one with a single holder and its standbys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from kafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment, ConsumerProtocolSubscription


class TopicByTopicAssignor(CooperativeStickyAssignor):  # type: ignore[misc]
    """Shares each topic's partitions among the members, instead of all topics' together.

    Together, a member that joins may get nothing but the partitions of a topic that is seldom written. What members
    tell each other is the base's, and so is the name: either may lead the group while geowire is updated.
    """

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """The group's leader decides."""
        shares: dict[str, list[tuple[str, list[int]]]] = {member.member_id: [] for member in members}
        for topic in sorted({topic for member in members for topic in member.metadata.topics}):
            for name, share in super().assign(cluster, of_topic(members, topic)).items():
                shares[name] += share.assigned_partitions
        return {name: ConsumerProtocolAssignment(self.version, share, b"") for name, share in shares.items()}


def of_topic(members: Sequence[Any], topic: str) -> list[Any]:
    """The members that read a topic, as if they read no other."""
    return [
        SimpleNamespace(
            member_id=member.member_id,
            metadata=SimpleNamespace(
                topics=[topic],
                owned_partitions=[owned for owned in member.metadata.owned_partitions or () if owned.topic == topic],
                generation_id=member.metadata.generation_id,
            ),
        )
        for member in members
        if topic in member.metadata.topics
    ]


class OneHolderAssignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """All partitions to one member: whoever held them in the latest generation, else the smallest member id.

    A member's claim, the generation in which it last got partitions, travels as the protocol's user data.
    """

    name = "geowire-one-holder"

    def __init__(self) -> None:
        self._held_in = -1

    def metadata(self, topics: Iterable[str]) -> Any:
        """What this member tells the group."""
        return ConsumerProtocolSubscription(0, sorted(topics), b"%d" % self._held_in)

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """The group's leader decides."""
        chosen = min(members, key=lambda member: (-int(member.metadata.user_data or b"-1"), member.member_id))
        topics = sorted(chosen.metadata.topics)
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        shares = {member.member_id: everything if member is chosen else [] for member in members}
        return {name: ConsumerProtocolAssignment(0, share, b"") for name, share in shares.items()}

    def on_assignment(self, assignment: Any, generation: int) -> None:
        """Remember the claim."""
        self._held_in = generation if assignment.partitions() else -1
