"""Reading from Kafka: members of a group, and readers without one.

After an exception while records are unpacked, kafka-python spins for ever: bytes are decoded by geowire, never
by the consumer, and after any fault out of `poll` the consumer is made anew.
"""

from __future__ import annotations

import itertools
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka import errors as kafka_errors
from kafka.structs import MemberState, OffsetAndMetadata

from geowire.bus import Delivery, MemberOptions, Record, TopicPartition
from geowire.errors import PartitionLost, Transient
from geowire.kafka_assignors import OneHolderAssignor, TopicByTopicAssignor
from geowire.kafka_cluster import KafkaCluster, kafka_faults

log = logging.getLogger(__name__)

CONSUMER: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "fetch_max_bytes": 16 * 2**20,
    "max_partition_fetch_bytes": 2 * 2**20,
    "allow_auto_create_topics": False,
}


class KafkaSubscription:
    """The `Subscription` on Kafka."""

    def __init__(
        self, cluster: KafkaCluster, group: str, topics: Sequence[str], member: MemberOptions, *, exclusive: bool
    ) -> None:
        self._cluster = cluster
        self._request_ms = int(cluster.options.timeout * 1000)
        self._options = CONSUMER | {
            "group_id": group,
            "request_timeout_ms": self._request_ms,
            "client_id": f"{group}-{uuid.uuid4().hex[:8]}",
            "group_instance_id": f"{group}-{member.name}" if member.name else None,
            "session_timeout_ms": int(member.session_timeout * 1000),
            "heartbeat_interval_ms": int(member.session_timeout * 100),
            "max_poll_interval_ms": int(member.max_poll_interval * 1000),
            "partition_assignment_strategy": [OneHolderAssignor if exclusive else TopicByTopicAssignor],
        }
        self._topics = list(topics)
        self._session_seconds = member.session_timeout
        self._unsettled_since: float | None = None
        self._epoch = 0
        self._consumer: Any = self._join()

    def _join(self) -> Any:
        with kafka_faults("cannot join the group"):
            consumer = self._cluster.connect(KafkaConsumer, **self._options)
            with closed_after_a_fault(consumer):
                for topic in self._topics:  # a join without the topics' metadata is done twice, and may wedge
                    consumer.partitions_for_topic(topic)
                consumer.subscribe(self._topics, listener=_EpochListener(self._raise_epoch))
        self._unsettled_since = None
        return consumer

    def _raise_epoch(self) -> None:
        self._epoch += 1

    @property
    def epoch(self) -> int:
        """See `Subscription`."""
        return self._epoch

    @property
    def has_joined(self) -> bool:
        """See `Subscription`."""
        return bool(self._consumer.group_metadata().state == MemberState.STABLE)

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """See `Subscription`."""
        held = self._consumer.assignment() if self._consumer is not None else ()
        return frozenset(TopicPartition(*place) for place in held)

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """See `Subscription`."""
        consumer = self._member()
        if paused := consumer.paused():
            consumer.resume(*paused)
        return self._poll(max_records, timeout)

    def _member(self) -> Any:
        """The consumer; one that was given up is made anew. Raises `Transient` if no broker answers."""
        if self._consumer is None:
            self._consumer = self._join()
        return self._consumer

    def _poll(self, max_records: int, timeout: float) -> list[Delivery]:
        try:
            with kafka_faults("cannot read"):
                found = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        except Transient:
            self._give_up()
            raise
        if found:
            self._unsettled_since = None
        else:
            self._check_membership()
        return [delivery_of(record) for record in itertools.chain.from_iterable(found.values())]

    def _check_membership(self) -> None:
        """Start anew if a join does not end.

        A poll that times out while a join is in flight can lose its answer: the consumer then takes itself for joined,
        sends no heartbeat, and never hears that the group went on without it. Only empty polls on end count: a member
        that was busy until now has just begun to join.
        """
        now = time.monotonic()
        if self._consumer.group_metadata().state == MemberState.STABLE:
            self._unsettled_since = None
        elif self._unsettled_since is None:
            self._unsettled_since = now
        elif now - self._unsettled_since > self._session_seconds:
            log.warning("the group was not joined within %.0f s: joining anew", self._session_seconds)
            self._give_up()
            self._member()

    def _give_up(self) -> None:
        """After an exception out of poll() a consumer may spin for ever: leave, and let the next call join again."""
        consumer, self._consumer = self._consumer, None
        self._raise_epoch()
        with suppress(kafka_errors.KafkaError):
            consumer.close(autocommit=False, timeout_ms=5_000)

    def keep_alive(self, timeout: float) -> None:
        """See `Subscription`."""
        consumer = self._member()
        consumer.pause(*consumer.assignment())
        unwanted = self._poll(1, timeout)
        for delivery in unwanted:  # of a partition that was assigned just now
            consumer.seek(KafkaPartition(*delivery.source), delivery.offset)

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """See `Subscription`."""
        lost = positions.keys() - self.assignment
        if lost:
            raise PartitionLost(f"{min(lost)} belongs to another member now")
        offsets = {KafkaPartition(*place): OffsetAndMetadata(at, "", -1) for place, at in positions.items()}
        with kafka_faults("cannot commit"):
            self._consumer.commit(offsets, timeout_ms=self._request_ms)

    def rewind(self) -> None:
        """See `Subscription`."""
        consumer = self._member()
        with kafka_faults("cannot read committed offsets"):
            for place in consumer.assignment():
                committed = consumer.committed(place, timeout_ms=self._request_ms)
                if committed is None:
                    consumer.seek_to_beginning(place)
                else:
                    consumer.seek(place, committed)

    def close(self) -> None:
        """See `Subscription`."""
        if self._consumer is None:
            return
        with suppress(kafka_errors.KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=10_000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def closed_after_a_fault(consumer: Any) -> Iterator[None]:
    """A consumer that is not kept must not leave its thread behind."""
    try:
        yield
    except BaseException:
        with suppress(kafka_errors.KafkaError):
            consumer.close(autocommit=False, timeout_ms=1_000)
        raise


class KafkaReader:
    """The `Reader` on Kafka."""

    def __init__(self, cluster: KafkaCluster, topic: str, *, from_beginning: bool) -> None:
        with kafka_faults(f"cannot read {topic}"):
            self._consumer = cluster.connect(KafkaConsumer, group_id=None, **CONSUMER)
            with closed_after_a_fault(self._consumer):
                numbers = sorted(self._consumer.partitions_for_topic(topic))
                places = [KafkaPartition(topic, number) for number in numbers]
                self._consumer.assign(places)
                seek = self._consumer.seek_to_beginning if from_beginning else self._consumer.seek_to_end
                seek(*places)
                self._ends: dict[KafkaPartition, int] = self._consumer.end_offsets(places)

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """See `Reader`."""
        with kafka_faults("cannot read"):
            found = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        return [delivery_of(record) for record in itertools.chain.from_iterable(found.values())]

    def at_end(self) -> bool:
        """See `Reader`."""
        with kafka_faults("cannot read"):
            return all(self._consumer.position(place) >= end for place, end in self._ends.items())

    def close(self) -> None:
        """See `Reader`."""
        with suppress(kafka_errors.KafkaError):
            self._consumer.close(autocommit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _EpochListener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Says when the assignment changed. It runs on the client's I/O thread and must not call the consumer."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def on_partitions_revoked(self, revoked: Sequence[KafkaPartition]) -> None:
        if revoked:
            self._changed()

    def on_partitions_assigned(self, assigned: Sequence[KafkaPartition]) -> None:
        if assigned:
            self._changed()

    def on_partitions_lost(self, lost: Sequence[KafkaPartition]) -> None:
        if lost:
            self._changed()


def delivery_of(record: Any) -> Delivery:
    """A consumer record in geowire's terms."""
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Delivery(
        Record(record.topic, record.key or b"", record.value, headers),
        record.partition,
        record.offset,
        record.timestamp,
    )
