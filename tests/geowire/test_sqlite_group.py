"""Members of a group on the embedded bus: who is taken for dead, and how little a member at rest writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from geowire import sqlite_group
from geowire.bus import MemberOptions
from geowire.sqlite_bus import SqliteBus
from geowire.sqlite_log import data_version, write_transaction
from geowire.topics import Topic

TOPIC = Topic("geowire.words", "id", "s", "w", (), partitions=2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bus with one topic."""
    file = tmp_path / "bus.db"
    with open_file(file) as bus:
        bus.ensure_topics([TOPIC])
    return file


def open_file(file: Path) -> SqliteBus:
    """The bus as one replica has it open."""
    return SqliteBus(str(file), MemberOptions(max_poll_interval=300.0))


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        fake = SimpleNamespace(monotonic=lambda: self.now, monotonic_ns=lambda: int(self.now * 1e9))
        monkeypatch.setattr(sqlite_group, "time", fake)


def test_who_joins_while_another_waits_for_the_lock_is_no_dead_member(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that waited reads the clock after it, and leaves the other its partitions."""
    with (
        open_file(file) as bus,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as first,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as waiting,
    ):

        @contextmanager
        def after_the_first(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
            monkeypatch.setattr(sqlite_group, "write_transaction", write_transaction)
            first.poll(1, 0)
            with write_transaction(connection):
                yield connection

        monkeypatch.setattr(sqlite_group, "write_transaction", after_the_first)
        waiting.poll(1, 0)

        assert len(first.assignment) == 2
        assert not waiting.assignment
        assert bus.members("g") == 2


def test_a_member_at_rest_writes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holder and standby look at the group again and again; each write would cost a sync and wake all others."""
    clock = Clock(monkeypatch)
    with (
        open_file(file) as bus,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as holder,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as standby,
        closing(sqlite3.connect(file)) as watcher,
    ):
        holder.poll(1, 0)
        standby.poll(1, 0)
        before = data_version(watcher)

        for _ in range(20):
            clock.now += 1.0
            holder.poll(1, 0)
            standby.keep_alive(0)

        assert data_version(watcher) == before
        clock.now += 20.0
        holder.poll(1, 0)
        assert data_version(watcher) != before


def test_silence_is_counted_from_the_last_poll(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll that wrote nothing counts too; who is silent for a little more than the interval is out."""
    clock = Clock(monkeypatch)
    with (
        open_file(file) as bus,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as busy,
        bus.subscribe("g", [TOPIC.name], exclusive=True) as standby,
    ):
        busy.poll(1, 0)
        clock.now += 29.0
        busy.poll(1, 0)
        clock.now += 299.0
        standby.poll(1, 0)
        assert not standby.assignment

        clock.now += 31.0
        standby.poll(1, 0)

        assert len(standby.assignment) == 2
