"""A disk without room under the embedded bus and a stage's state: a passing fault that says so, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.processes import wait_until
from servers.relay import Relay
from servers.small_disk import no_room, small_disk

from geowire.bus import Bus, MemberOptions, Record, open_bus
from geowire.errors import Transient
from geowire.sqlite_bus import SqliteBus
from geowire.stage_state import StageState
from geowire.topics import Topic


def test_publisher_and_stage_go_on_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bus and state on one full disk: both wait with a line that says why, then every message is there once."""
    monkeypatch.setattr("geowire.patience.LONGEST_BUS_WAIT", 0.5)
    often = MemberOptions(max_poll_interval=5.0)  # a stage that gets no message writes a tenth as often
    with (
        small_disk(tmp_path / "disk", 24) as disk,
        Relay(f"sqlite:///{disk}/bus.db", member=often, state=disk / "echo.db") as relay,
    ):
        relay.wait_for_progress()
        with no_room(disk):
            wait_until(lambda: bool(relay.faults) and "make room" in caplog.text, "both to notice")
            assert relay.failure is None
        relay.wait_for_progress()
        words, echoes = relay.finish()

    assert "make room on its disk" in relay.faults[-1]
    assert (words.lost, words.disordered) == (0, 0)
    assert (echoes.lost, echoes.duplicates, echoes.disordered) == (0, 0, 0)


@pytest.fixture
def topic() -> Topic:
    """A topic of one partition."""
    return Topic("geowire.words", "id", "s", "w", (), partitions=1)


def test_a_file_that_may_not_grow_is_a_passing_fault(tmp_path: Path, topic: Topic) -> None:
    """The same where nothing can be mounted: a batch is written whole or not at all."""
    batch = [Record(topic.name, b"k", b"x" * 50_000) for _ in range(20)]
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as bus:
        bus.ensure_topics([topic])
        limit_pages(bus, 60)
        with pytest.raises(Transient, match="full; make room on its disk"):
            bus.publish(batch)
        assert count(bus, topic) == 0

        limit_pages(bus, 100_000)
        bus.publish(batch)

        assert count(bus, topic) == 20


def limit_pages(bus: Bus, most: int) -> None:
    """How large the bus's file may be, in pages."""
    assert isinstance(bus, SqliteBus)
    bus._connection.execute(f"PRAGMA max_page_count={most}")


def count(bus: Bus, topic: Topic) -> int:
    """Records that stand in the topic."""
    with bus.read(topic.name) as reader:
        return len(reader.poll(100, 0.1))


def test_what_was_published_counts_although_old_records_cannot_go(
    tmp_path: Path, topic: Topic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Deleting what is too old comes after the batch: its failure must not make the caller publish again."""

    def full(*_: object) -> None:
        raise Transient("embedded bus: database or disk is full")

    monkeypatch.setattr("geowire.sqlite_bus.expire", full)
    with SqliteBus(str(tmp_path / "bus.db"), MemberOptions()) as bus:
        bus.ensure_topics([topic])
        bus.publish([Record(topic.name, b"k", b"v")])

        assert count(bus, topic) == 1
    assert "disk is full" in caplog.text


def test_files_on_a_full_disk_are_waited_for(tmp_path: Path) -> None:
    """Opening them there is a passing fault as well, not a wrong setting."""
    with small_disk(tmp_path / "disk", 1) as disk, no_room(disk):
        with pytest.raises(Transient, match="make room on its disk"):
            open_bus(f"sqlite:///{disk / 'bus.db'}")
        with pytest.raises(Transient, match="make room"):
            StageState(disk / "relate.db")
