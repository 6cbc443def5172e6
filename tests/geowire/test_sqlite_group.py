"""Members of a group on the embedded bus: who is dead, whose name is refused, how little one at rest writes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from geowire import sqlite_group
from geowire.bus import MemberOptions, Record
from geowire.errors import Misconfigured
from geowire.sqlite_bus import SqliteBus
from geowire.sqlite_log import data_version, write_transaction
from geowire.topics import Topic

MEMBER = Path(__file__).parent / "member_process.py"
TOPIC = Topic("geowire.words", "id", "s", "w", (), partitions=2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bus with one topic."""
    file = tmp_path / "bus.db"
    with open_file(file) as bus:
        bus.ensure_topics([TOPIC])
    return file


def open_file(file: Path, name: str | None = None) -> SqliteBus:
    """The bus as one replica has it open."""
    return SqliteBus(str(file), MemberOptions(name=name, max_poll_interval=300.0))


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


def test_the_name_of_a_replica_that_lives_is_refused(file: Path) -> None:
    """Both would get everything. The one that was there stays; once it is killed its name is free at once."""
    with open_file(file, "tag-1") as bus:
        bus.publish([Record(TOPIC.name, b"k%d" % n, b"%d" % n) for n in range(60)])
        command = [sys.executable, str(MEMBER), f"sqlite:///{file}", "g", TOPIC.name, "0", "tag-1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            assert len(process.stdout.readline().split()) == 20

            with bus.subscribe("g", [TOPIC.name]) as second, pytest.raises(Misconfigured, match=r"^GEOWIRE_MEMBER: "):
                second.poll(1, 0)
            assert bus.members("g") == 1
            process.send_signal(signal.SIGKILL)

        with bus.subscribe("g", [TOPIC.name]) as next_one:
            assert len(next_one.poll(100, 0)) == 40


def test_a_replica_whose_name_was_taken_ends(file: Path) -> None:
    """A process that cannot be known, as of another container, takes the name over: it may be there in its stead."""
    with open_file(file, "tag-1") as bus, closing(sqlite3.connect(file, isolation_level=None)) as other:
        with bus.subscribe("g", [TOPIC.name]) as first:
            first.poll(1, 0)
        other.execute("INSERT INTO member VALUES ('g', 'tag-1', 'another-host/1/1', 0, 0, '[1]')")
        with bus.subscribe("g", [TOPIC.name]) as second:
            second.poll(1, 0)
            assert len(second.assignment) == 2
            other.execute("UPDATE member SET process = 'another-host/2/2'")
            second._rebalanced_at = float("-inf")

            with pytest.raises(Misconfigured, match=r"^GEOWIRE_MEMBER: "):
                second.keep_alive(0)

        assert other.execute("SELECT process FROM member").fetchall() == [("another-host/2/2",)]
