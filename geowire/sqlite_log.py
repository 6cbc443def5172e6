"""The file of the embedded bus: one table for each partition, its rowid the offset, so that appends are sequential.

Offsets come from `seq` in the transaction that appends: what is visible has no gaps, and no offset is used twice.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geowire.bus import Delivery, Record
from geowire.errors import Misconfigured
from geowire.headers import pack_headers, unpack_headers
from geowire.partition import partition_for
from geowire.sqlite_faults import SqliteFile, fault_of, sqlite_faults
from geowire.topics import Topic

EXPIRE_CHUNK = 3_000
WAIT_STEP = 0.01
BUSY_SECONDS = 30.0
"""How long a connection waits for another that writes."""
BUS = SqliteFile(
    "embedded bus", "GEOWIRE_BUS", "put back a copy, or move the file and its -wal and -shm away and lose what is in it"
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL,
    cleanup TEXT NOT NULL, max_message_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS lease (
    grp TEXT, topic INTEGER, partition INTEGER, owner TEXT, epoch INTEGER NOT NULL, committed INTEGER NOT NULL,
    PRIMARY KEY (grp, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
    grp TEXT, name TEXT, process TEXT NOT NULL, joined INTEGER NOT NULL, polled REAL NOT NULL, topics TEXT NOT NULL,
    PRIMARY KEY (grp, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seq (
    topic INTEGER, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class LogTopic:
    """A topic as it stands in the file."""

    id: int
    name: str
    partitions: int
    retention_ms: int
    cleanup: str
    max_message_bytes: int

    def table(self, partition: int) -> str:
        """The table of one partition."""
        return f"log_{self.id}_{partition}"

    def differences(self, wanted: Topic) -> list[str]:
        """What differs from the contract, as `setting is X, not Y`."""
        names = ("partitions", "retention_ms", "cleanup", "max_message_bytes")
        pairs = [(name, getattr(self, name), getattr(wanted, name)) for name in names]
        return [f"{name} is {is_}, not {should}" for name, is_, should in pairs if is_ != should]


def open_log(path: Path) -> sqlite3.Connection:
    """A connection to a log file, made if missing.

    Raises `Misconfigured` if it cannot be one, `Transient` if it is locked or its disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
        connection.executescript(
            "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=FULL; PRAGMA cache_size=-4096;" + SCHEMA
        )
    except (OSError, sqlite3.DatabaseError) as error:
        advice = "name a file in a writable folder"
        fault = fault_of(error, BUS, str(path)) or Misconfigured(
            f"{BUS.setting}: cannot open {path}: {error}; {advice}"
        )
        raise fault from error
    return connection


@contextmanager
def write_transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """`BEGIN IMMEDIATE` to `COMMIT`, rolled back on any exception; with SQLite's own faults in geowire's terms."""
    with sqlite_faults(BUS):
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def identity(connection: sqlite3.Connection) -> str:
    """What tells this file from any other, inside a transaction: drawn by who asks first, and kept."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS identity (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT)"
    )
    connection.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (uuid.uuid4().hex,))
    (found,) = connection.execute("SELECT id FROM identity").fetchone()
    return str(found)


def find_topic(connection: sqlite3.Connection, name: str) -> LogTopic | None:
    """The topic, or None."""
    with sqlite_faults(BUS):
        row = connection.execute("SELECT * FROM topic WHERE name = ?", (name,)).fetchone()
    return LogTopic(*row) if row else None


def create_topic(connection: sqlite3.Connection, topic: Topic) -> None:
    """Make the tables of a topic, inside a transaction."""
    cursor = connection.execute(
        "INSERT INTO topic (name, partitions, retention_ms, cleanup, max_message_bytes) VALUES (?, ?, ?, ?, ?)",
        (topic.name, topic.partitions, topic.retention_ms, topic.cleanup, topic.max_message_bytes),
    )
    for partition in range(topic.partitions):
        table = f"log_{cursor.lastrowid}_{partition}"
        connection.execute(
            f"CREATE TABLE {table} (o INTEGER PRIMARY KEY, ts INTEGER NOT NULL, k BLOB NOT NULL, h BLOB, v BLOB)"
        )
        if topic.cleanup == "compact":
            connection.execute(f"CREATE INDEX {table}_key ON {table} (k)")
        connection.execute("INSERT INTO seq VALUES (?, ?, 0)", (cursor.lastrowid, partition))


def append(connection: sqlite3.Connection, topic: LogTopic, record: Record, timestamp: int) -> None:
    """Append one record, inside a transaction; in a compacted topic it takes the place of its key's last."""
    partition = partition_for(record.key, topic.partitions)
    table = topic.table(partition)
    update = "UPDATE seq SET next = next + 1 WHERE topic = ? AND partition = ? RETURNING next - 1"
    (offset,) = connection.execute(update, (topic.id, partition)).fetchone()
    if topic.cleanup == "compact":
        connection.execute(f"DELETE FROM {table} WHERE k = ?", (record.key,))  # noqa: S608  # the name is built from integers
    row = (offset, timestamp, record.key, pack_headers(record.headers), record.value)
    connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608


def expire(connection: sqlite3.Connection, topic: LogTopic, before_ms: int) -> int:
    """Delete one chunk of each partition's records that were published before a moment; how many."""
    deleted = 0
    for partition in range(topic.partitions):
        table = topic.table(partition)
        with write_transaction(connection):
            deleted += connection.execute(
                f"DELETE FROM {table} WHERE o IN (SELECT o FROM {table} WHERE ts < ? ORDER BY o LIMIT ?)",  # noqa: S608
                (before_ms, EXPIRE_CHUNK),
            ).rowcount
    return deleted


def first_offset(connection: sqlite3.Connection, topic: LogTopic, partition: int) -> int | None:
    """The offset of the oldest record that is kept; None if the partition is empty."""
    with sqlite_faults(BUS):
        (offset,) = connection.execute(f"SELECT min(o) FROM {topic.table(partition)}").fetchone()  # noqa: S608
    return None if offset is None else int(offset)


def read_rows(
    connection: sqlite3.Connection, topic: LogTopic, partition: int, start: int, limit: int
) -> list[Delivery]:
    """Up to `limit` records of one partition from an offset on."""
    query = f"SELECT o, ts, k, h, v FROM {topic.table(partition)} WHERE o >= ? ORDER BY o LIMIT ?"  # noqa: S608
    with sqlite_faults(BUS):
        rows = connection.execute(query, (start, limit)).fetchall()
    return [Delivery(Record(topic.name, k, v, unpack_headers(h)), partition, o, ts) for o, ts, k, h, v in rows]


def wait_for(connection: sqlite3.Connection, attempt: Callable[[], list[Delivery]], timeout: float) -> list[Delivery]:
    """Try at once and after each change of the file by another connection, until there is something or time is up."""
    deadline = time.monotonic() + timeout
    ticks = threading.Event()
    while True:
        version = data_version(connection)
        if found := attempt():
            return found
        while data_version(connection) == version:
            if time.monotonic() >= deadline:
                return []
            ticks.wait(WAIT_STEP)


def data_version(connection: sqlite3.Connection) -> int:
    """A number that differs once another connection has written."""
    with sqlite_faults(BUS):
        (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)
