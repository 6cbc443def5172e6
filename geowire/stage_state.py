"""The file of a stateful stage: its tables, how far it is in each partition, and what it has still to publish.

All three change in one transaction, so that a crash at any point neither loses a message nor decides anything twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from geowire.bus import Record, TopicPartition
from geowire.errors import Misconfigured, PartitionLost, Transient
from geowire.headers import pack_headers, unpack_headers
from geowire.sqlite_faults import SqliteFile, fault_of

LOCK_SECONDS = 30.0
STATE = SqliteFile(
    "state file",
    "GEOWIRE_DATA",
    "move it and its -wal and -shm away: it is built anew from what its stage has published",
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS stage_offset (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stage_log (topic TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stage_outbox (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, key BLOB NOT NULL, value BLOB, headers BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS stage_owner (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), token TEXT NOT NULL, built INTEGER NOT NULL
);
"""


class StageState:
    """One stage's state file. For one thread; a standby on the same machine may have it open too."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=LOCK_SECONDS, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise _cannot_open(path, error) from error
        try:
            _set_up(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            raise _cannot_open(path, error) from error
        self._path = path
        self._token = ""

    def size(self) -> int:
        """Bytes on disk, what is not yet in the main file included. May be asked for by any thread."""
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def claim(self, token: str) -> bool:
        """Become the one writer, the one before is refused from now on; whether it was someone else."""
        self._token = token
        with self.transaction(fenced=False) as connection:
            (before,) = connection.execute("SELECT token FROM stage_owner").fetchone()
            connection.execute("UPDATE stage_owner SET token = ?", (token,))
        return bool(before != token)

    @contextmanager
    def transaction(self, *, fenced: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, rolled back on any exception.

        Raises `PartitionLost` if another member has claimed the file, `Transient` if SQLite cannot write now,
        `Misconfigured` if a person must see to the file. A statement that is wrong stays what it is.
        """
        with self.reading() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                if fenced:
                    self._check_owner()
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for reading outside a transaction. Raises as `transaction` does for faults of the file."""
        try:
            yield self._connection
        except sqlite3.Error as error:
            fault: Exception | None = fault_of(error, STATE, str(self._path))
            if fault is None and isinstance(error, sqlite3.OperationalError):
                fault = Transient(f"{STATE.name} {self._path}: {error}")
            if fault is None:
                raise
            raise fault from error

    def _check_owner(self) -> None:
        (owner,) = self._connection.execute("SELECT token FROM stage_owner").fetchone()
        if owner != self._token:
            raise PartitionLost("another member works on this state now")

    def next_offset(self, source: TopicPartition) -> int:
        """The first offset of the partition that the state has not taken in."""
        query = "SELECT next FROM stage_offset WHERE topic = ? AND partition = ?"
        with self.reading() as connection:
            row = connection.execute(query, source).fetchone()
        return int(row[0]) if row else 0

    def knows(self, place: TopicPartition, log: str, end: int) -> bool:
        """Whether its offset can be of this log, which ends there; a log without a name passes for the known one."""
        with self.reading() as connection:
            row = connection.execute("SELECT id FROM stage_log WHERE topic = ?", (place.topic,)).fetchone()
        return self.next_offset(place) <= end and (row is None or log in {row[0], ""})

    def is_built(self) -> bool:
        """Whether the tables were once filled, if only with nothing."""
        with self.reading() as connection:
            (built,) = connection.execute("SELECT built FROM stage_owner").fetchone()
        return bool(built)

    @staticmethod
    def mark_built(connection: sqlite3.Connection) -> None:
        """Remember that the tables are filled, inside the transaction that fills them."""
        connection.execute("UPDATE stage_owner SET built = 1")

    @staticmethod
    def empty(connection: sqlite3.Connection) -> None:
        """Take out everything but who owns the file and what it reads, inside a transaction; it is not built then."""
        kept = "('stage_owner', 'stage_log')"
        tables = f"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN {kept}"  # noqa: S608
        for (table,) in connection.execute(tables).fetchall():
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608  # a name out of the file's own schema
        connection.execute("UPDATE stage_owner SET built = 0")

    @staticmethod
    def begin_log(connection: sqlite3.Connection, topic: str) -> None:
        """Forget the offsets of a topic, and in which log they were, inside a transaction."""
        connection.execute("DELETE FROM stage_offset WHERE topic = ?", (topic,))
        connection.execute("DELETE FROM stage_log WHERE topic = ?", (topic,))

    @staticmethod
    def name_logs(connection: sqlite3.Connection, logs: Mapping[str, str]) -> None:
        """Remember in which log the offsets of each topic are, inside a transaction; without a name, nothing."""
        rows = [(topic, log) for topic, log in logs.items() if log]
        connection.executemany("INSERT OR REPLACE INTO stage_log VALUES (?, ?)", rows)

    @staticmethod
    def advance(connection: sqlite3.Connection, positions: dict[TopicPartition, int]) -> None:
        """Record the next offset of each partition, inside the stage's transaction."""
        rows = [(topic, partition, position) for (topic, partition), position in positions.items()]
        connection.executemany("INSERT OR REPLACE INTO stage_offset VALUES (?, ?, ?)", rows)

    @staticmethod
    def put(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
        """Keep records for publication, inside the stage's transaction."""
        rows = [(r.topic, r.key, r.value, pack_headers(r.headers)) for r in records]
        connection.executemany("INSERT INTO stage_outbox (topic, key, value, headers) VALUES (?, ?, ?, ?)", rows)

    def waiting(self, limit: int) -> tuple[list[Record], int]:
        """The oldest records not yet struck, and the number to strike them by."""
        with self.reading() as connection:
            rows = connection.execute("SELECT * FROM stage_outbox ORDER BY seq LIMIT ?", (limit,)).fetchall()
        records = [Record(topic, key, value, unpack_headers(headers)) for _, topic, key, value, headers in rows]
        return records, rows[-1][0] if rows else 0

    def strike(self, up_to: int) -> None:
        """Forget published records up to a number that `waiting` gave."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM stage_outbox WHERE seq <= ?", (up_to,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _set_up(connection: sqlite3.Connection) -> None:
    """Make what is missing; what is there needs no lock, which another member may hold for as long as it rebuilds."""
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-2048;"
    connection.executescript(pragmas + SCHEMA)
    if connection.execute("SELECT 1 FROM stage_owner").fetchone() is None:
        connection.execute("INSERT OR IGNORE INTO stage_owner VALUES (1, '', 0)")


def _cannot_open(path: Path, error: OSError | sqlite3.Error) -> Transient | Misconfigured:
    wrong = Misconfigured(f"{STATE.setting}: no {STATE.name} {path}: {error}; name a writable folder")
    return fault_of(error, STATE, str(path)) or wrong
