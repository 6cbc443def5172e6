"""What becomes of the embedded bus's faults: some are waited out, some end the stage with what a person should do."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import MemberOptions, Record
from geowire.bus_retention import expire_records
from geowire.errors import Misconfigured, Transient
from geowire.sqlite_bus import SqliteBus
from geowire.sqlite_faults import SqliteFile, fault_of
from geowire.sqlite_log import open_log
from geowire.topics import Topic

FILE = SqliteFile("state file", "GEOWIRE_DATA", "move it away")
TOPIC = Topic("geowire.words", "id", "s", "w", (), partitions=1)
WORD = Record(TOPIC.name, b"k", b"x" * 5_000)


def fault(code: int) -> sqlite3.Error:
    """An error of SQLite with a code."""
    error = sqlite3.DatabaseError("it says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (sqlite3.SQLITE_BUSY, Transient, "state file /s.db: it says"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Transient, "state file /s.db: it says"),
        (sqlite3.SQLITE_LOCKED, Transient, "state file /s.db: it says"),
        (sqlite3.SQLITE_FULL, Transient, "state file /s.db: it says; make room on its disk"),
        (
            sqlite3.SQLITE_IOERR_FSYNC,
            Transient,
            "state file /s.db: it says; make room on its disk, or replace the disk if it has room",
        ),
        (sqlite3.SQLITE_CORRUPT, Misconfigured, "GEOWIRE_DATA: state file /s.db: it says; move it away"),
        (sqlite3.SQLITE_NOTADB, Misconfigured, "GEOWIRE_DATA: state file /s.db: it says; move it away"),
        (
            sqlite3.SQLITE_CANTOPEN_ISDIR,
            Misconfigured,
            "GEOWIRE_DATA: state file /s.db: it says; let geowire write the file and its folder",
        ),
        (
            sqlite3.SQLITE_READONLY_DBMOVED,
            Misconfigured,
            "GEOWIRE_DATA: state file /s.db: it says; let geowire write the file and its folder",
        ),
    ],
)
def test_a_code_tells_what_to_do(code: int, kind: type[Exception], text: str) -> None:
    """Extended codes count as the plain ones."""
    found = fault_of(fault(code), FILE, "/s.db")

    assert type(found) is kind
    assert str(found) == text


def test_other_faults_are_left_to_the_caller() -> None:
    """A wrong statement, one of the sqlite3 module's own, and a folder that cannot be made mean nothing here."""
    assert fault_of(fault(sqlite3.SQLITE_CONSTRAINT), FILE) is None
    assert fault_of(sqlite3.ProgrammingError("Cannot operate on a closed database."), FILE) is None
    assert fault_of(PermissionError(errno.EACCES, "no"), FILE) is None
    assert isinstance(fault_of(OSError(errno.EDQUOT, "no"), FILE), Transient)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    """Opening it again would never help."""
    file = tmp_path / "bus.db"
    file.write_bytes(b"hello " * 2_000)

    with pytest.raises(Misconfigured, match=r"^GEOWIRE_BUS: embedded bus .*bus\.db: .*not a database; put back a copy"):
        SqliteBus(str(file), MemberOptions())


def test_a_damaged_bus_is_said(tmp_path: Path) -> None:
    """Reading and writing its damaged part ends with one line, instead of being tried for ever."""
    file = tmp_path / "bus.db"
    with SqliteBus(str(file), MemberOptions()) as bus:
        bus.ensure_topics([TOPIC])
        bus.publish([WORD] * 20)
    damage(file, "log_1_0")

    with SqliteBus(str(file), MemberOptions()) as bus:
        with bus.subscribe("g", [TOPIC.name]) as subscription, pytest.raises(Misconfigured, match="put back a copy"):
            subscription.poll(100, 0)
        with pytest.raises(Misconfigured, match="put back a copy"):
            bus.publish([WORD])


def damage(file: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\x99" * size)


def test_a_bus_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    """No waiting makes it writable."""
    with SqliteBus(str(tmp_path / "bus.db"), MemberOptions()) as bus:
        bus.ensure_topics([TOPIC])
        bus._connection.execute("PRAGMA query_only = 1")

        with pytest.raises(Misconfigured, match="let geowire write"):
            bus.publish([WORD])


def test_a_locked_bus_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the lock lets it go: that is no wrong setting."""
    monkeypatch.setattr("geowire.sqlite_log.BUSY_SECONDS", 0.0)
    file = tmp_path / "bus.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(Transient, match="locked"):
            open_log(file)


def test_room_is_given_back_when_the_bus_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process writes, that is a passing fault like any other."""
    file = tmp_path / "bus.db"
    monkeypatch.setattr("geowire.sqlite_log.BUSY_SECONDS", 0.0)
    connection = open_log(file)
    monkeypatch.setattr("geowire.bus_retention.open_log", lambda _: connection)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Transient, match="locked"):
            expire_records(f"sqlite:///{file}", (), datetime.now(UTC))


def test_counting_members_fails_as_all_else_does(tmp_path: Path) -> None:
    """Whoever asks expects `Transient`."""
    with SqliteBus(str(tmp_path / "bus.db"), MemberOptions()) as bus:
        bus._connection.execute("DROP TABLE member")

        with pytest.raises(Transient, match="embedded bus: no such table"):
            bus.members("g")
