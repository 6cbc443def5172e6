"""The bus: what every implementation promises. One suite of tests holds each of them to it.

publish(batch)      returns only when all of it would survive a crash
subscribe(group)    each member sees each record of its partitions at least once, in order per partition
commit(positions)   cumulative per partition; names what was finished, never what was polled
exclusive=True      one member of the group has all partitions, the others none; each handover raises `epoch`
close()             early or late, loses nothing
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from geowire.errors import Misconfigured, Rejected, Transient
from geowire.kafka_options import KafkaOptions
from geowire.settings_values import is_port
from geowire.topics import Topic

log = logging.getLogger(__name__)

Headers = tuple[tuple[str, bytes], ...]

NAME_TAKEN = "GEOWIRE_MEMBER: another replica has this name; give each a name of its own"
"""What a member is told whose name another one has."""


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is published. Records of one key keep their order; `value=None` is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes that count against a topic's limit: at most what Kafka counts for key, value, headers and framing."""
        headers = sum(len(name) + len(value) + 10 for name, value in self.headers)
        return len(self.key) + len(self.value or b"") + headers + 70


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record as it came off the bus. `timestamp_ms` is when it was published (Unix time)."""

    record: Record
    partition: int
    offset: int
    timestamp_ms: int

    @property
    def source(self) -> TopicPartition:
        """The partition that it came from."""
        return TopicPartition(self.record.topic, self.partition)


class Unwritable(Rejected):
    """The bus can never take this record: it is too large, or the broker refuses it."""

    def __init__(self, record: Record, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.record = record


def check_size(record: Record, limit: int) -> None:
    """Raise `Unwritable` for a record over its topic's limit, counted as Kafka does: key, value and headers."""
    if record.size > limit:
        raise Unwritable(record, "too-large", f"{record.size} bytes for {record.topic}, which takes {limit}")


class Extent(NamedTuple):
    """How far a group is in a partition: the next offset it will read, and the next that will be written."""

    committed: int
    end: int

    @property
    def lag(self) -> int:
        """Records still to come."""
        return max(0, self.end - self.committed)

    def without_expired(self, first: int) -> Extent:
        """The same where nothing before an offset is kept: the group will read from there, if it has not come as far.

        What was written since the extent was asked for, and may be the first now, is not in it.
        """
        return Extent(max(self.committed, min(first, self.end)), self.end)


class Standing(NamedTuple):
    """Where a group stands in a partition by its last commit, and in which log: a topic made anew is another one."""

    committed: int
    end: int
    log: str
    """Empty where the bus cannot tell one log from another of the same name."""


class Subscription(Protocol):
    """A member of a consumer group. Not for use by two threads at once."""

    @property
    def epoch(self) -> int:
        """Raised whenever this member's partitions change; what was polled under an older one may be someone else's."""
        ...

    @property
    def has_joined(self) -> bool:
        """Whether this member stands in its group, with partitions or, if others have them all, without."""
        ...

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that this member has now; it changes only inside `poll` and `keep_alive`."""
        ...

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """Up to `max_records` in order per partition; empty after `timeout` seconds without any. Raises `Transient`.

        `Misconfigured` if another replica that lives has this member's name.
        """
        ...

    def keep_alive(self, timeout: float) -> None:
        """Stay in the group for up to `timeout` seconds without receiving anything."""
        ...

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Record the next offset to read of each partition.

        Raises `PartitionLost` if another member has it now, `Transient` if the bus does not answer.
        """
        ...

    def rewind(self) -> None:
        """Read again from what was last committed, forgetting what was polled since."""
        ...

    def close(self) -> None:
        """Leave the group; what is not committed goes to the next member."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Reader(Protocol):
    """Reads a topic from beginning to end without a group."""

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """The next records, in order per partition; empty after `timeout` seconds without any."""
        ...

    def at_end(self) -> bool:
        """Whether everything that stood in the topic when the reader was opened has been returned."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Bus(Protocol):
    """A durable partitioned log. `publish` may be called by several threads."""

    def ensure_topics(self, topics: Iterable[Topic]) -> list[str]:
        """Create what is missing; return one line for each topic that exists but differs. Raises `Transient`."""
        ...

    def publish(self, batch: Sequence[Record]) -> None:
        """Append all, or raise: `Unwritable` names a record that can never be written, `Transient` means try again.

        After either some may have been written: what is published again makes duplicates, never gaps.
        """
        ...

    def subscribe(self, group: str, topics: Sequence[str], *, exclusive: bool = False) -> Subscription:
        """Join a group; a new group starts at the beginning. Raises `Misconfigured` for a topic that does not exist."""
        ...

    def read(self, topic: str, *, from_beginning: bool = True) -> Reader:
        """Read without a group. Raises `Misconfigured` for a topic that does not exist."""
        ...

    def extents(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """How far the group is in each partition: at the oldest record that is kept, if it has not come as far."""
        ...

    def standing(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """What the group has committed in each partition of which log; 0 where it never committed."""
        ...

    def members(self, group: str) -> int:
        """How many members the group has now; one that died unseen counts until it is given up."""
        ...

    def late_partitions(self, group: str, topics: Sequence[str], before: float) -> set[TopicPartition]:
        """The partitions whose next record for the group was published before a moment (Unix time)."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """How a member of a group behaves. Times are seconds."""

    name: str | None = None
    """A stable name of this replica: after a crash it takes its partitions back at once.

    No two replicas that live may have the same: one of them ends with `Misconfigured`.
    """
    session_timeout: float = 30.0
    """A member that was not heard of for so long is out."""
    max_poll_interval: float = 300.0
    """A member that did not poll for so long is out, alive or not."""


def open_bus(url: str, *, member: MemberOptions | None = None, kafka: KafkaOptions | None = None) -> Bus:
    """Open `kafka://host:9092[,host2:9092]`, reached as the options say, or `sqlite:///path`.

    Raises `Misconfigured` for any other address. Brokers are first asked when the bus is first used.
    """
    scheme, separator, rest = url.partition("://")
    options = member or MemberOptions()
    if separator and scheme == "kafka" and rest.strip("/,"):
        from geowire.kafka_bus import KafkaBus  # noqa: PLC0415  # the embedded bus must not pay for kafka's import
        from geowire.kafka_cluster import KafkaCluster  # noqa: PLC0415

        return KafkaBus(KafkaCluster(parse_servers(rest.rstrip("/")), kafka), options)
    if separator and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from geowire.sqlite_bus import SqliteBus  # noqa: PLC0415

        return SqliteBus(rest[1:], options)
    refuse_user(url)
    raise Misconfigured(
        f"GEOWIRE_BUS: {url!r} is not a bus address; write kafka://host:9092[,host2:9092] or sqlite:///path/to/bus.db"
    )


def ensure_topics_or_later(bus: Bus, topics: Iterable[Topic]) -> list[str]:
    """`ensure_topics` for who keeps messages in an outbox: a bus that is away now is said, and hinders nothing."""
    try:
        return bus.ensure_topics(topics)
    except Transient as fault:
        log.warning("messages wait in the outbox: %s", fault)
        return []


def parse_servers(servers: str) -> list[str]:
    """`host:port[,host:port]`; raises `Misconfigured` for anything else."""
    refuse_user(servers)
    parsed = [server.strip() for server in servers.split(",")]
    for server in parsed:
        host, separator, port = server.rpartition(":")
        if not (is_host(host) and separator and is_port(port)):
            raise Misconfigured(f"GEOWIRE_BUS: {server!r} is not host:port; write kafka://host:9092[,host2:9092]")
    return parsed


def refuse_user(address: str) -> None:
    """Raise `Misconfigured` for an address with a user; it is not repeated, as it may hold a password."""
    if "@" in address:
        raise Misconfigured(
            "GEOWIRE_BUS: write kafka://host:9092 without a user; that is GEOWIRE_KAFKA_USERNAME and its password"
            " GEOWIRE_KAFKA_PASSWORD"
        )


def is_host(name: str) -> bool:
    """Whether a name can be looked up; an empty or overlong label breaks the socket library."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False
