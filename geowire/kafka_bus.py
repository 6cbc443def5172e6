"""The bus on Apache Kafka through kafka-python, with a guard around the faults that were found in it.

- One record that the broker refuses stops an idempotent producer for good: the producer is thrown away and what was not
  acknowledged is sent one record at a time, so that the culprit alone is named.
- The producer accepts without bound and may never answer: a batch goes out in bounded chunks, each with a time limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaProducer
from kafka import TopicPartition as KafkaPartition
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource

from geowire.bus import Extent, MemberOptions, Record, Standing, TopicPartition, Unwritable, check_size
from geowire.errors import GeowireError, Misconfigured, Transient
from geowire.kafka_cluster import KafkaCluster, kafka_faults, refusal
from geowire.kafka_group import KafkaReader, KafkaSubscription
from geowire.topics import MEGABYTE, Topic

CHUNK_RECORDS = 2_000
CHUNK_BYTES = 32_000_000
ACK_TIMEOUTS = 4
"""A chunk has so many request timeouts to be acknowledged in."""
LISTED_SECONDS = 10.0
SETTINGS_SECONDS = 2.0
COORDINATOR_TIMEOUT = 20.0
LATEST, EARLIEST = -1, -2
"""Asked for like a time, they mean the end and the beginning of a partition."""
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "delivery_timeout_ms": 2**31 - 1,  # a batch that expires wedges the producer; the limit is ours
    "linger_ms": 5,
    "batch_size": 262_144,
    "max_request_size": 16 * MEGABYTE,
    "compression_type": "zstd",
    "allow_auto_create_topics": False,
}
REPLICATED = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
"""With three copies one may be away, and a copy that lags never becomes the leader."""
REFUSALS = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.InvalidRecordError,
    kafka_errors.InvalidTimestampError,
)


class KafkaBus:
    """The `Bus` on Kafka. Connections are opened when first used."""

    def __init__(self, cluster: KafkaCluster, member: MemberOptions) -> None:
        self._cluster = cluster
        self._member = member
        self._request_ms = int(cluster.options.timeout * 1000)
        self._ack_seconds = ACK_TIMEOUTS * cluster.options.timeout
        self._lock = threading.Lock()
        self._producer: Any = None
        self._admin: Any = None
        self._limits: dict[str, int] = {}
        self._ensured: set[str] = set()

    def ensure_topics(self, topics: Iterable[Topic]) -> list[str]:
        """See `Bus`."""
        wanted = {topic.name: topic for topic in topics}
        with self._asking(f"cannot create topics on {self._cluster}") as admin:
            missing = sorted(wanted.keys() - set(admin.list_topics()))
            for name in missing:
                with suppress(kafka_errors.TopicAlreadyExistsError):
                    admin.create_topics({name: self._topic_options(wanted[name])}, wait_for_metadata=True)
            found = [topic for topic in wanted.values() if topic.name not in missing]
            self._ensured |= wanted.keys()
            return self._differences(found) if found else []

    def publish(self, batch: Sequence[Record]) -> None:
        """See `Bus`."""
        self._check_sizes(batch)
        with self._lock:
            for chunk in chunks(batch):
                self._publish_chunk(chunk)

    def subscribe(self, group: str, topics: Sequence[str], *, exclusive: bool = False) -> KafkaSubscription:
        """See `Bus`."""
        self._check_existence(topics)
        return KafkaSubscription(self._cluster, group, topics, self._member, exclusive=exclusive)

    def read(self, topic: str, *, from_beginning: bool = True) -> KafkaReader:
        """See `Bus`."""
        self._check_existence([topic])
        return KafkaReader(self._cluster, topic, from_beginning=from_beginning)

    def extents(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """See `Bus`."""
        extents = {place: Extent(at.committed, at.end) for place, at in self.standing(group, topics).items()}
        behind = [KafkaPartition(*place) for place, extent in extents.items() if extent.lag]
        if behind:
            with self._asking(f"cannot read the offsets of {group}"):
                firsts = self._ask_offsets(dict.fromkeys(behind, EARLIEST))
            found = {TopicPartition(*at): first.offset for at, first in firsts.items()}
            extents |= {place: extents[place].without_expired(first) for place, first in found.items()}
        return extents

    def standing(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """See `Bus`; brokers before 2.8 give topics no id."""
        self._check_existence(topics)
        with self._asking(f"cannot read the offsets of {group}") as admin:
            described = admin.describe_topics(list(topics))
            logs = {t["name"]: log_id(t) for t in described}
            places = [KafkaPartition(t["name"], p["partition_index"]) for t in described for p in t["partitions"]]
            ends = self._ask_offsets(dict.fromkeys(places, LATEST))
            committed = self._ask_coordinator(lambda: admin.list_group_offsets(group)).get(group, {})
        return {
            TopicPartition(*place): Standing(
                max(0, committed[place].offset if place in committed else 0), ends[place].offset, logs[place.topic]
            )
            for place in places
        }

    def members(self, group: str) -> int:
        """See `Bus`."""
        with self._asking(f"cannot describe {group}") as admin:
            described = self._ask_coordinator(lambda: admin.describe_groups([group])).get(group, {})
        return len(described.get("members") or ())

    def late_partitions(self, group: str, topics: Sequence[str], before: float) -> set[TopicPartition]:
        """See `Bus`."""
        behind = {place: extent for place, extent in self.extents(group, topics).items() if extent.lag}
        if not behind:
            return set()
        asked = dict.fromkeys((KafkaPartition(*place) for place in behind), int(before * 1000))
        with self._asking(f"cannot read the offsets of {group}"):
            found = {TopicPartition(*at): answer.offset for at, answer in self._ask_offsets(asked).items()}
        return {place for place, extent in behind.items() if found[place] < 0 or extent.committed < found[place]}

    def close(self) -> None:
        """See `Bus`."""
        with self._lock:
            self._discard_producer()
            self._discard_admin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asking(self, what: str) -> Iterator[Any]:
        """The admin client; after a fault it is thrown away, so that the next one learns what is wrong."""
        with self._lock:
            try:
                with kafka_faults(what):
                    yield self._admin_client()
            except Transient:
                self._discard_admin()
                raise

    def _admin_client(self) -> Any:
        if self._admin is None:
            self._admin = self._cluster.connect(KafkaAdminClient, request_timeout_ms=self._request_ms)
        return self._admin

    def _discard_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def _configs_of(self, topic: Topic) -> dict[str, str]:
        """The contract's settings, and with several copies those that keep what was acknowledged."""
        return topic.configs | (REPLICATED if self._cluster.options.replication > 2 else {})

    def _topic_options(self, topic: Topic) -> dict[str, Any]:
        replication = {"replication_factor": self._cluster.options.replication}
        return {"num_partitions": topic.partitions, "configs": self._configs_of(topic)} | replication

    def _differences(self, topics: Sequence[Topic]) -> list[str]:
        admin = self._admin_client()
        names = [topic.name for topic in topics]
        facts = {t["name"]: placement(t["partitions"]) for t in admin.describe_topics(names)}
        configs = self._configs(names)
        lines = []
        for topic in topics:
            wanted = {"partitions": str(topic.partitions)} | self._configs_of(topic)
            if self._cluster.options.replication > 1:
                wanted |= {"copies": str(self._cluster.options.replication)}
            found = facts[topic.name] | configs[topic.name]
            pairs = [(name, found.get(name), value) for name, value in wanted.items()]
            lines += [
                f"topic {topic.name}: {name} is {is_}, not {should}" for name, is_, should in pairs if is_ != should
            ]
        return lines

    def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The settings of topics; one of which a broker has not heard yet, or may not tell us, has none at first."""
        resources = [ConfigResource("topic", name) for name in names]
        deadline = time.monotonic() + SETTINGS_SECONDS
        while True:
            described = self._admin_client().describe_configs(resources, config_filter="all").get("topic", {})
            untold = [name for name in names if not described.get(name)]
            if not untold:
                return {name: {key: entry["value"] for key, entry in described[name].items()} for name in names}
            if time.monotonic() > deadline:
                raise self._why_untold(untold[0])
            threading.Event().wait(0.1)

    def _why_untold(self, name: str) -> GeowireError:
        """Why a topic has no settings for us: kafka-python keeps what the broker said to itself."""
        if name in self._ensured and name not in self._admin_client().list_topics():
            return Transient(f"topic {name} was made on {self._cluster} and is not listed yet")
        return Misconfigured(
            f"Kafka: cannot read the settings of topic {name}: it does not exist, or the broker does not permit"
            " DescribeConfigs on it; docs/delivery.md lists what to grant"
        )

    def _ask_offsets(self, moments: dict[KafkaPartition, int]) -> dict[KafkaPartition, Any]:
        return dict(self._admin_client().list_partition_offsets(moments))

    @staticmethod
    def _ask_coordinator(question: Callable[[], Any]) -> Any:
        """What a group's coordinator answers, which on a new broker takes a moment to be there."""
        deadline = time.monotonic() + COORDINATOR_TIMEOUT
        while True:
            try:
                return question()
            except kafka_errors.RetriableError:
                if time.monotonic() > deadline:
                    raise
            threading.Event().wait(0.1)

    def _check_existence(self, topics: Sequence[str]) -> None:
        """A topic that was ensured exists, but a busy cluster may need a moment until every broker lists it."""
        deadline = time.monotonic() + LISTED_SECONDS
        while missing := self._unlisted(topics):
            if not set(missing) <= self._ensured:
                raise Misconfigured(f"topic {missing[0]} does not exist on {self._cluster}, or we may not see it")
            if time.monotonic() > deadline:
                raise Transient(f"topic {missing[0]} was made on {self._cluster} and is not listed yet")
            threading.Event().wait(0.1)

    def _unlisted(self, topics: Sequence[str]) -> list[str]:
        with self._asking(f"no answer from {self._cluster}") as admin:
            return sorted(set(topics) - set(admin.list_topics()))

    def _check_sizes(self, batch: Sequence[Record]) -> None:
        self._read_limits({record.topic for record in batch} - self._limits.keys())
        self._read_limits(
            {record.topic for record in batch if record.size > self._limits[record.topic]}
        )  # once raised?
        for record in batch:
            check_size(record, self._limits[record.topic])

    def _read_limits(self, topics: Iterable[str]) -> None:
        if names := sorted(topics):
            with self._asking("cannot read topic limits"):
                configs = self._configs(names)
            self._limits |= {name: int(configs[name]["max.message.bytes"]) for name in names}

    def _publish_chunk(self, chunk: Sequence[Record]) -> None:
        """Send a chunk; if any of it fails, send what is not acknowledged again, one at a time."""
        waiting = self._send(chunk)
        if not waiting:
            return
        for record in waiting:
            if not self._send([record]):
                continue
            raise Transient(f"Kafka: no acknowledgement from {self._cluster}")

    def _send(self, records: Sequence[Record]) -> list[Record]:
        """The records that were not acknowledged, with the producer discarded if there are any."""
        try:
            with kafka_faults("cannot publish"):
                producer = self._live_producer()
                futures = [self._enqueue(producer, record) for record in records]
        except Transient:
            self._discard_producer()
            raise
        deadline = time.monotonic() + self._ack_seconds
        outcomes = [acknowledged(future, deadline) for future in futures]
        failed = [(record, error) for record, error in zip(records, outcomes, strict=True) if error is not None]
        if failed:
            self._discard_producer()
            if unpermitted := next((e for _, e in failed if isinstance(e, kafka_errors.AuthorizationError)), None):
                raise Misconfigured(f"Kafka: cannot publish: {refusal(unpermitted)}")
            if len(records) == 1 and isinstance(failed[0][1], REFUSALS):
                raise Unwritable(records[0], "refused", f"{type(failed[0][1]).__name__} {failed[0][1]}")
            if all(isinstance(error, kafka_errors.KafkaTimeoutError) for _, error in failed):
                raise Transient(f"Kafka: no acknowledgement from {self._cluster} within {self._ack_seconds:.0f} s")
        return [record for record, _ in failed]

    @staticmethod
    def _enqueue(producer: Any, record: Record) -> Any:
        return producer.send(record.topic, key=record.key, value=record.value, headers=list(record.headers))

    def _live_producer(self) -> Any:
        if self._producer is None:
            limits = {"request_timeout_ms": self._request_ms, "max_block_ms": self._request_ms}
            self._producer = self._cluster.connect(KafkaProducer, **PRODUCER | limits)
        return self._producer

    def _discard_producer(self) -> None:
        """Close the producer, by force if it is wedged: its thread would otherwise live on."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except kafka_errors.KafkaError:
            producer._sender.force_close()  # noqa: SLF001  # close() gives up before it stops the thread


def chunks(batch: Sequence[Record]) -> Iterator[list[Record]]:
    """The batch in pieces that may be in flight at once."""
    chunk: list[Record] = []
    size = 0
    for record in batch:
        if chunk and (len(chunk) >= CHUNK_RECORDS or size + record.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += record.size
    if chunk:
        yield chunk


def log_id(described: dict[str, Any]) -> str:
    """What tells a topic from one of its name that was deleted, or is on another cluster; empty without one."""
    found = str(described.get("topic_id") or "")
    return found if found.strip("0-") else ""


def placement(partitions: Sequence[dict[str, Any]]) -> dict[str, str]:
    """How many partitions a described topic has, and how many copies of each."""
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    return {"partitions": str(len(partitions)), "copies": str(copies)}


def acknowledged(future: Any, deadline: float) -> Exception | None:
    """None once the broker has the record; otherwise why not."""
    try:
        future.get(timeout=max(0.0, deadline - time.monotonic()))
    except kafka_errors.KafkaError as error:
        refused: Exception = error
        return refused
    return None
