"""What the faults of SQLite and its files mean: some pass, as somebody may make room; some need a person."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from geowire.errors import Misconfigured, Transient

MAKE_ROOM = "make room on its disk"
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
PASSING = {
    sqlite3.SQLITE_BUSY: "",
    sqlite3.SQLITE_LOCKED: "",
    sqlite3.SQLITE_FULL: f"; {MAKE_ROOM}",
    sqlite3.SQLITE_IOERR: f"; {MAKE_ROOM}, or replace the disk if it has room",
}
"""What to do about each fault that passes; a full disk may look like a broken one."""
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
BARRED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file of ours as errors speak of it."""

    name: str
    """What it is, such as `state file`."""
    setting: str
    """The setting that says where it is."""
    if_damaged: str
    """What a person does when it cannot be read any more."""


def fault_of(error: sqlite3.Error | OSError, file: SqliteFile, place: str = "") -> Transient | Misconfigured | None:
    """What a fault of a file means, in one line; None if it is of another kind, such as a wrong statement.

    `Transient`: the file is locked, or its disk is full or fails. `Misconfigured`: the file is damaged, is no database,
    cannot be opened or may not be written. `place` is the file's path where it is known.
    """
    called = f"{file.name} {place}".rstrip()
    if isinstance(error, OSError):
        return Transient(f"{called}: {error}; {MAKE_ROOM}") if error.errno in NO_ROOM else None
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest of it says in which file
    if code in PASSING:
        return Transient(f"{called}: {error}{PASSING[code]}")
    if code in DAMAGED:
        return Misconfigured(f"{file.setting}: {called}: {error}; {file.if_damaged}")
    if code in BARRED:
        return Misconfigured(f"{file.setting}: {called}: {error}; let geowire write the file and its folder")
    return None


@contextmanager
def sqlite_faults(file: SqliteFile) -> Iterator[None]:
    """Turn SQLite's own faults into what `fault_of` takes them for; those of another kind into `Transient`."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault_of(error, file) or Transient(f"{file.name}: {error}") from error
