"""Retention on demand: the embedded bus drops what is old as it is written to; one that nobody writes to needs this."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from geowire.sqlite_faults import sqlite_faults
from geowire.sqlite_log import BUS, expire, find_topic, open_log
from geowire.topics import Topic

SCHEME = "sqlite://"


def expire_records(bus_url: str, topics: Iterable[Topic], now: datetime) -> int:
    """Drop what an embedded bus holds beyond its topics' retention, and give the room back to the disk; how much.

    Kafka sees to that by itself: 0. Raises `Transient` if the file is busy for too long.
    """
    path = Path(bus_url.removeprefix(f"{SCHEME}/"))
    if not bus_url.startswith(SCHEME) or not path.exists():
        return 0
    deleted = 0
    with contextlib.closing(open_log(path)) as connection:
        for topic in topics:
            found = find_topic(connection, topic.name)
            if found is None or found.retention_ms < 0:
                continue
            before = int(now.timestamp() * 1000) - found.retention_ms
            while chunk := expire(connection, found, before):
                deleted += chunk
        with sqlite_faults(BUS):
            connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
    return deleted
