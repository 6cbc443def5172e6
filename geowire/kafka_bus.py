"""The bus on Apache Kafka through kafka-python.

`kafka_writer.py` writes, `kafka_group.py` reads, `kafka_topics.py` makes topics, `kafka_admin.py` asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from kafka import TopicPartition as KafkaPartition

from geowire.bus import Extent, MemberOptions, Record, Standing, TopicPartition, check_size
from geowire.kafka_admin import EARLIEST, LATEST, KafkaAdmin, ask_coordinator, ask_offsets
from geowire.kafka_cluster import KafkaCluster
from geowire.kafka_group import KafkaReader, KafkaSubscription
from geowire.kafka_topics import KafkaTopics
from geowire.kafka_writer import KafkaWriter
from geowire.topics import Topic


class KafkaBus:
    """The `Bus` on Kafka. Connections are opened when first used."""

    def __init__(self, cluster: KafkaCluster, member: MemberOptions) -> None:
        self._cluster = cluster
        self._member = member
        self._admin = KafkaAdmin(cluster)
        self._topics = KafkaTopics(cluster, self._admin)
        self._writer = KafkaWriter(cluster)
        self._limits: dict[str, int] = {}

    def ensure_topics(self, topics: Iterable[Topic]) -> list[str]:
        """See `Bus`."""
        return self._topics.ensure(topics)

    def publish(self, batch: Sequence[Record]) -> None:
        """See `Bus`."""
        self._check_sizes(batch)
        self._writer.write(batch)

    def subscribe(self, group: str, topics: Sequence[str], *, exclusive: bool = False) -> KafkaSubscription:
        """See `Bus`."""
        self._topics.check_existence(topics)
        return KafkaSubscription(self._cluster, group, topics, self._member, exclusive=exclusive)

    def read(self, topic: str, *, from_beginning: bool = True) -> KafkaReader:
        """See `Bus`."""
        self._topics.check_existence([topic])
        return KafkaReader(self._cluster, topic, from_beginning=from_beginning)

    def extents(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """See `Bus`."""
        extents = {place: Extent(at.committed, at.end) for place, at in self.standing(group, topics).items()}
        behind = [KafkaPartition(*place) for place, extent in extents.items() if extent.lag]
        if behind:
            with self._admin.asking(f"cannot read the offsets of {group}") as client:
                firsts = ask_offsets(client, dict.fromkeys(behind, EARLIEST))
            found = {TopicPartition(*at): first.offset for at, first in firsts.items()}
            extents |= {place: extents[place].without_expired(first) for place, first in found.items()}
        return extents

    def standing(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """See `Bus`; brokers before 2.8 give topics no id."""
        self._topics.check_existence(topics)
        with self._admin.asking(f"cannot read the offsets of {group}") as client:
            described = client.describe_topics(list(topics))
            logs = {t["name"]: log_id(t) for t in described}
            places = [KafkaPartition(t["name"], p["partition_index"]) for t in described for p in t["partitions"]]
            ends = ask_offsets(client, dict.fromkeys(places, LATEST))
            committed = ask_coordinator(lambda: client.list_group_offsets(group)).get(group, {})
        return {
            TopicPartition(*place): Standing(
                max(0, committed[place].offset if place in committed else 0), ends[place].offset, logs[place.topic]
            )
            for place in places
        }

    def members(self, group: str) -> int:
        """See `Bus`."""
        with self._admin.asking(f"cannot describe {group}") as client:
            described = ask_coordinator(lambda: client.describe_groups([group])).get(group, {})
        return len(described.get("members") or ())

    def late_partitions(self, group: str, topics: Sequence[str], before: float) -> set[TopicPartition]:
        """See `Bus`."""
        behind = {place: extent for place, extent in self.extents(group, topics).items() if extent.lag}
        if not behind:
            return set()
        asked = dict.fromkeys((KafkaPartition(*place) for place in behind), int(before * 1000))
        with self._admin.asking(f"cannot read the offsets of {group}") as client:
            found = {TopicPartition(*at): answer.offset for at, answer in ask_offsets(client, asked).items()}
        return {place for place, extent in behind.items() if found[place] < 0 or extent.committed < found[place]}

    def close(self) -> None:
        """See `Bus`."""
        self._writer.close()
        self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_sizes(self, batch: Sequence[Record]) -> None:
        self._read_limits({record.topic for record in batch} - self._limits.keys())
        # a record that is too large may not be once the topic's limit was raised
        self._read_limits({record.topic for record in batch if record.size > self._limits[record.topic]})
        for record in batch:
            check_size(record, self._limits[record.topic])

    def _read_limits(self, topics: Iterable[str]) -> None:
        if names := sorted(topics):
            self._limits |= self._topics.size_limits(names)


def log_id(described: dict[str, Any]) -> str:
    """What tells a topic from one of its name that was deleted, or is on another cluster; empty without one."""
    found = str(described.get("topic_id") or "")
    return found if found.strip("0-") else ""
