"""When a member of a Kafka group takes its join for failed, with a stand-in for kafka-python's consumer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kafka import TopicPartition as KafkaPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import ConsumerGroupMetadata, MemberState

from geowire import kafka_group
from geowire.bus import MemberOptions
from geowire.kafka_cluster import KafkaCluster
from geowire.kafka_group import KafkaSubscription

RECORD = ConsumerRecord("t", 0, 0, 0, 0, 0, b"k", b"v", [], None, 1, 1, 0)


class Member:
    """A subscription, the consumer that it has, and the clock of both."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.has_left = False
        self._records: list[ConsumerRecord] = []
        self._state = MemberState.STABLE
        monkeypatch.setattr(kafka_group, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(KafkaSubscription, "_join", lambda _: self)
        options = MemberOptions(session_timeout=30.0)
        self._subscription = KafkaSubscription(KafkaCluster(["h:1"]), "g", ["t"], options, exclusive=False)

    def polls_at(self, seconds: float, state: MemberState, *records: ConsumerRecord) -> None:
        """Poll at a time of the clock, with the consumer in a state."""
        self.now, self._state, self._records = 1_000.0 + seconds, state, list(records)
        assert len(self._subscription.poll(1, 0)) == len(records)

    def poll(self, **_: object) -> dict[KafkaPartition, list[ConsumerRecord]]:
        """See `KafkaConsumer`."""
        return {KafkaPartition("t", 0): self._records} if self._records else {}

    def group_metadata(self) -> ConsumerGroupMetadata:
        """See `KafkaConsumer`."""
        return ConsumerGroupMetadata(group_id="g", state=self._state)

    def paused(self) -> set[KafkaPartition]:
        """See `KafkaConsumer`."""
        return set()

    def close(self, **_: object) -> None:
        """See `KafkaConsumer`."""
        self.has_left = True


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> Member:
    """One whose session is 30 s."""
    return Member(monkeypatch)


def test_a_busy_member_stays_when_the_group_is_shared_anew(member: Member) -> None:
    """However long its polls were full, or its batch took, it has a session's time to join."""
    member.polls_at(0, MemberState.STABLE, RECORD)
    member.polls_at(300, MemberState.REBALANCING)
    member.polls_at(329, MemberState.REBALANCING)
    assert not member.has_left

    member.polls_at(331, MemberState.REBALANCING)
    assert member.has_left


@pytest.mark.parametrize(("state", "records"), [(MemberState.STABLE, ()), (MemberState.REBALANCING, (RECORD,))])
def test_each_rebalance_has_its_own_time(
    member: Member, state: MemberState, records: tuple[ConsumerRecord, ...]
) -> None:
    """Between two of them the member was seen in its group, or at work."""
    member.polls_at(0, MemberState.REBALANCING)
    member.polls_at(20, state, *records)
    member.polls_at(40, MemberState.REBALANCING)
    member.polls_at(69, MemberState.REBALANCING)

    assert not member.has_left
