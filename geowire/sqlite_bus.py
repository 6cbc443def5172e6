"""The embedded bus: a partitioned log in one SQLite file, for one machine; no replication, no access over a network."""

from __future__ import annotations

import itertools
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

from geowire.bus import Delivery, Extent, MemberOptions, Record, Standing, TopicPartition, check_size
from geowire.errors import Misconfigured, Transient
from geowire.liveness import is_gone
from geowire.sqlite_faults import sqlite_faults
from geowire.sqlite_group import SqliteSubscription
from geowire.sqlite_log import (
    BUS,
    LogTopic,
    append,
    create_topic,
    expire,
    find_topic,
    first_offset,
    identity,
    open_log,
    read_rows,
    wait_for,
    write_transaction,
)
from geowire.topics import Topic

log = logging.getLogger(__name__)

EXPIRE_EVERY = 60.0


class SqliteBus:
    """The `Bus` on one SQLite file."""

    def __init__(self, path: str, member: MemberOptions, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._member = member
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = open_log(self._path)
        self._topics: dict[str, LogTopic] = {}
        self._expired_at = 0.0

    def ensure_topics(self, topics: Iterable[Topic]) -> list[str]:
        """See `Bus`."""
        differences: list[str] = []
        with self._lock, write_transaction(self._connection) as connection:
            for topic in topics:
                found = find_topic(connection, topic.name)
                if found is None:
                    create_topic(connection, topic)
                else:
                    differences += [f"topic {topic.name}: {line}" for line in found.differences(topic)]
        return differences

    def publish(self, batch: Sequence[Record]) -> None:
        """See `Bus`; all of the batch is written, or none."""
        topics = {name: self._topic(name) for name in {record.topic for record in batch}}
        for record in batch:
            check_size(record, topics[record.topic].max_message_bytes)
        with self._lock, write_transaction(self._connection) as connection:
            timestamp = int(self._clock() * 1000)
            for record in batch:
                append(connection, topics[record.topic], record, timestamp)
        try:
            self._expire()
        except Transient as fault:  # the batch is written: publishing it again would only make duplicates
            log.warning("what is too old was not deleted: %s", fault)

    def subscribe(self, group: str, topics: Sequence[str], *, exclusive: bool = False) -> SqliteSubscription:
        """See `Bus`."""
        found = [self._topic(name) for name in topics]
        return SqliteSubscription(open_log(self._path), group, found, self._member, exclusive=exclusive)

    def read(self, topic: str, *, from_beginning: bool = True) -> SqliteReader:
        """See `Bus`."""
        return SqliteReader(open_log(self._path), self._topic(topic), from_beginning=from_beginning)

    def extents(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """See `Bus`."""
        return {place: self._from_first(place, extent) for place, extent in self._committed(group, topics).items()}

    def standing(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """See `Bus`."""
        with self._lock, write_transaction(self._connection) as connection:
            log_id = identity(connection)
        committed = self._committed(group, topics)
        return {at: Standing(*extent, f"{log_id}/{self._topic(at.topic).id}") for at, extent in committed.items()}

    def _committed(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """Extents from what the group has committed, whether it is kept or not."""
        query = """SELECT seq.partition, coalesce(lease.committed, 0), seq.next FROM seq LEFT JOIN lease
            ON lease.topic = seq.topic AND lease.partition = seq.partition AND lease.grp = ? WHERE seq.topic = ?"""
        extents: dict[TopicPartition, Extent] = {}
        for topic in (self._topic(name) for name in topics):
            with self._lock, sqlite_faults(BUS):
                rows = self._connection.execute(query, (group, topic.id)).fetchall()
            extents |= {TopicPartition(topic.name, p): Extent(committed, end) for p, committed, end in rows}
        return extents

    def _from_first(self, place: TopicPartition, extent: Extent) -> Extent:
        """An extent without what was expired, which nobody will read."""
        if not extent.lag:
            return extent
        topic = self._topic(place.topic)
        with self._lock:
            first = first_offset(self._connection, topic, place.partition)
        return extent.without_expired(extent.end if first is None else first)

    def members(self, group: str) -> int:
        """See `Bus`."""
        with self._lock, sqlite_faults(BUS):
            rows = self._connection.execute("SELECT process FROM member WHERE grp = ?", (group,)).fetchall()
        return sum(not is_gone(process) for (process,) in rows)

    def late_partitions(self, group: str, topics: Sequence[str], before: float) -> set[TopicPartition]:
        """See `Bus`."""
        late = set()
        for place, extent in self.extents(group, topics).items():
            topic = self._topic(place.topic)
            with self._lock:
                rows = read_rows(self._connection, topic, place.partition, extent.committed, 1)
            if rows and rows[0].timestamp_ms < before * 1000:
                late.add(place)
        return late

    def close(self) -> None:
        """See `Bus`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _topic(self, name: str) -> LogTopic:
        if name not in self._topics:
            with self._lock:
                found = find_topic(self._connection, name)
            if found is None:
                raise Misconfigured(f"topic {name} does not exist in {self._path}")
            self._topics[name] = found
        return self._topics[name]

    def _expire(self) -> None:
        """Now and then drop what is older than its topic keeps, a chunk at a time."""
        now = self._clock()
        if now - self._expired_at < EXPIRE_EVERY:
            return
        self._expired_at = now
        with self._lock:
            for topic in self._topics.values():
                if topic.retention_ms >= 0:
                    expire(self._connection, topic, int(now * 1000) - topic.retention_ms)
            with sqlite_faults(BUS):  # execute() would free a single page
                self._connection.executescript("PRAGMA incremental_vacuum(1000)")


class SqliteReader:
    """The `Reader` on one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, topic: LogTopic, *, from_beginning: bool) -> None:
        self._connection = connection
        self._topic = topic
        with sqlite_faults(BUS):
            rows = connection.execute("SELECT partition, next FROM seq WHERE topic = ?", (topic.id,)).fetchall()
        self._ends: dict[int, int] = dict(rows)
        self._positions = dict.fromkeys(self._ends, 0) if from_beginning else dict(self._ends)
        self._turn = itertools.count()

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """See `Reader`."""
        return wait_for(self._connection, lambda: self._take(max_records), timeout)

    def _take(self, max_records: int) -> list[Delivery]:
        taken: list[Delivery] = []
        first = next(self._turn)
        for step in range(len(self._positions)):
            partition = (first + step) % len(self._positions)
            room = max_records - len(taken)
            rows = read_rows(self._connection, self._topic, partition, self._positions[partition], room)
            self._positions[partition] = rows[-1].offset + 1 if rows else self._positions[partition]
            taken += rows
        return taken

    def at_end(self) -> bool:
        """See `Reader`; records that were expired or compacted away count as read."""
        return not any(
            read_rows(self._connection, self._topic, partition, position, 1)
            for partition, position in self._positions.items()
            if position < self._ends[partition]
        )

    def close(self) -> None:
        """See `Reader`."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
