"""How batches are answered when partitions change hands in the middle: nothing is counted twice, no memory is stale."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import Bus, Delivery, Record, Standing, TopicPartition, Unwritable, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import PartitionLost, Transient
from geowire.events import Event, encode, ingest_failure_event
from geowire.handlers import StatefulHandler, StatelessHandler
from geowire.messages import IngestFailure
from geowire.monitor import Monitor
from geowire.patience import Patience
from geowire.retries import RETRIES
from geowire.sqlite_bus import SqliteReader
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS, Topic

FAILURE = IngestFailure(
    stage="fetch", url="https://a.example/", reason="r", failed_at=datetime(2026, 1, 1, 12, tzinfo=UTC)
)


class Membership:
    """As much of a subscription as patience looks at; while `is_shaken` its partitions change all the time."""

    epoch = 0
    is_shaken = False

    def keep_alive(self, _timeout: float) -> None:
        """Stay in the group."""
        self.epoch += self.is_shaken


class ShakyBus:
    """Takes everything but what it was told not to, after the faults that it was told to have."""

    def __init__(self, *faults: Exception) -> None:
        self._faults = list(faults)
        self.published: list[Record] = []

    def publish(self, batch: Sequence[Record]) -> None:
        """Keep it."""
        fault = self._faults.pop(0) if self._faults else None
        if isinstance(fault, Unwritable):  # it names the record that it was given
            raise Unwritable(next(each for each in batch if each == fault.record), fault.reason, fault.detail)
        if fault:
            raise fault
        self.published += batch

    def standing(self, _group: str, _topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """There is nothing on it."""
        return {}


class Counting:
    """A stage that remembers how often it was loaded, and fails to make its tables as often as it was told."""

    name = "counting"
    topic = "in"
    rebuilds_from = None
    loads = 0

    def __init__(self) -> None:
        self.faults: list[Exception] = []

    def create_tables(self, _connection: sqlite3.Connection) -> None:
        """None."""
        if self.faults:
            raise self.faults.pop(0)

    def load(self, _connection: sqlite3.Connection) -> None:
        """Count."""
        self.loads += 1

    def process(self, _batch: Sequence[Event], _connection: sqlite3.Connection) -> list[Event]:
        """Nothing follows."""
        return []

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Nothing to rebuild."""


class Repeating:
    """A stage without state that repeats what it hears."""

    name = "repeating"
    topic = "in"

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Repeat."""
        return list(batch)


@pytest.fixture
def membership() -> Membership:
    """A member of a quiet group."""
    return Membership()


@pytest.fixture
def monitor() -> Monitor:
    """What the loop tells."""
    return Monitor()


@pytest.fixture
def patience(membership: Membership, monitor: Monitor) -> Patience:
    """Waits a moment at most."""
    return Patience(membership, 0.001, threading.Event(), monitor)  # type: ignore[arg-type]


def delivery(record: Record, offset: int = 0) -> Delivery:
    """A record off the bus."""
    return Delivery(record, 0, offset, 0)


def test_memory_is_read_anew_although_opening_was_cut_short(
    tmp_path: Path, membership: Membership, monitor: Monitor, patience: Patience
) -> None:
    """Another member had the file; a fault while it is opened, and the partitions change: the claim is no news then."""
    with closing(StageState(tmp_path / "a.db")) as state, closing(StageState(tmp_path / "a.db")) as other:
        stage = Counting()
        handler = StatefulHandler(ShakyBus(), stage, state, patience, monitor)  # type: ignore[arg-type]
        handler.assigned(0)
        other.claim("another member")
        stage.faults, membership.is_shaken = [Transient("no room")], True
        with pytest.raises(PartitionLost):
            handler.assigned(0)
        membership.is_shaken = False

        handler.assigned(0)
        handler.assigned(0)

        assert stage.loads == 2


class Rebuilding(Counting):
    """A stage that is rebuilt from what it has published."""

    rebuilds_from = "out"  # type: ignore[assignment]
    rebuilt = 0

    def rebuild(self, published: Iterable[Event], _connection: sqlite3.Connection) -> None:
        """Count what there is."""
        self.rebuilt = len(list(published))


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """One answer stands on it."""
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as opened:
        topics = [Topic(name, "id", "For a test.", "a test", (), partitions=1) for name in ("in", "out")]
        opened.ensure_topics([*topics, RETRIES])
        opened.publish([encode(replace(ingest_failure_event(FAILURE), topic="out"))])
        yield opened


def test_a_rebuild_stays_in_the_group_and_ends_when_the_partitions_are_lost(
    bus: Bus, tmp_path: Path, membership: Membership, monitor: Monitor, patience: Patience
) -> None:
    """It leaves nothing behind; the next turn begins it anew."""
    stage = Rebuilding()
    with closing(StageState(tmp_path / "state.db")) as state:
        handler = StatefulHandler(bus, stage, state, patience, monitor)
        membership.is_shaken = True
        with pytest.raises(PartitionLost, match="while the state is rebuilt"):
            handler.assigned(0)
        assert not state.is_built()
        membership.is_shaken = False

        handler.assigned(membership.epoch)

        assert state.is_built()
    assert stage.rebuilt == 1


def test_a_stage_that_is_told_to_end_does_not_rebuild_first(
    bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There would be more to read."""
    ends = iter([False] * 5)
    with closing(StageState(tmp_path / "state.db")) as state:
        loop = ConsumerLoop(bus, Rebuilding(), state=state, options=LoopOptions(until_idle=True))

        def stop(*_: object) -> list[Delivery]:
            loop.stop()
            return []

        monkeypatch.setattr(SqliteReader, "at_end", lambda _: next(ends, True))
        monkeypatch.setattr(SqliteReader, "poll", stop)

        loop.run()

        assert not state.is_built()


def test_a_dead_letter_counts_once_although_its_batch_is_taken_again(
    membership: Membership, monitor: Monitor, patience: Patience, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no event, and an answer that is too large: the bus is away before either is a dead letter."""
    answer = encode(replace(ingest_failure_event(FAILURE), topic="in"))
    batch = [delivery(Record("in", b"k", b"no event"), 0), delivery(answer, 1)]
    bus = ShakyBus(
        Unwritable(answer, "too-large", "far"), Transient("no broker"), Unwritable(answer, "too-large", "far")
    )
    handler = StatelessHandler(bus, Repeating(), patience, monitor)  # type: ignore[arg-type]
    membership.is_shaken = True
    with pytest.raises(PartitionLost):
        handler.answer(batch)

    handler.answer(batch)

    assert monitor.counts.reasons == {"unknown-type": 1, "too-large": 1}
    assert caplog.text.count("dead letter: ") == 2
    assert [record.topic for record in bus.published] == [DEADLETTERS.name] * 2
