"""What SQLite's faults mean: a disk without room is a passing fault, because somebody may make room."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from geowire.errors import Transient


def disk_is_full(error: Exception) -> bool:
    """Whether a write failed for lack of space."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says in which file
    return code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@contextmanager
def sqlite_faults(what: str) -> Iterator[None]:
    """Turn SQLite's own faults into `Transient`, with what to do if the disk is full."""
    try:
        yield
    except sqlite3.Error as error:
        advice = "; make room on its disk" if disk_is_full(error) else ""
        raise Transient(f"{what}: {error}{advice}") from error
