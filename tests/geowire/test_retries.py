"""Dead letters given to their stage again: to it alone, as they were, and counted when they fail again."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import Bus, Delivery, Record, Unwritable, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.deadletters import Letter, dead_letter, read_letters, undeliverable
from geowire.errors import Rejected
from geowire.events import Event, decode, encode, ingest_failure_event
from geowire.messages import IngestFailure
from geowire.monitor import Counts
from geowire.retries import Choice, Retried, handled_cases, retry, waiting_letters
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS, Topic

QUICK = LoopOptions(batch=10, retry_wait=0.01, until_idle=True)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Picky:
    """A stage that answers each word but those that it cannot say."""

    def __init__(self, name: str, topic: str, answers: str, never: Iterable[str] = ()) -> None:
        self.name, self.topic, self._answers, self.never = name, topic, answers, set(never)

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Repeat each word under the stage's name."""
        for heard in batch:
            if heard.data.reason in self.never:  # type: ignore[attr-defined]
                raise Rejected("unspeakable", "never")
        return [replace(heard, topic=self._answers, source=self.name) for heard in batch]


class Remembering(Picky):
    """A stateful stage that answers each word once."""

    rebuilds_from = None

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """One table of words."""
        connection.execute("CREATE TABLE IF NOT EXISTS word (word TEXT PRIMARY KEY)")

    def load(self, connection: sqlite3.Connection) -> None:
        """Nothing is held in memory."""

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """There is nothing to rebuild from."""

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:  # type: ignore[override]
        """Repeat each word that is new."""
        insert = "INSERT OR IGNORE INTO word VALUES (?)"
        answers = super().process(batch)
        return [said for said in answers if connection.execute(insert, (said.data.reason,)).rowcount]  # type: ignore[attr-defined]


class Place:
    """Topics and stage names of one test, on a bus that other tests use too."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.mark = uuid.uuid4().hex[:8]
        self.source, self.answers = f"in.{self.mark}", f"out.{self.mark}"
        topics = [Topic(name, "id", "For a test.", "a test", (), partitions=2) for name in (self.source, self.answers)]
        bus.ensure_topics([*topics, DEADLETTERS])

    def name(self, stage: str) -> str:
        """A stage's name that no other test has."""
        return f"{stage}-{self.mark}"

    def send(self, *words: str) -> None:
        """Publish a word each."""
        failures = [IngestFailure(stage="fetch", url="https://a.example/", reason=w, failed_at=NOON) for w in words]
        self.bus.publish([encode(replace(ingest_failure_event(f), topic=self.source, key=f.reason)) for f in failures])

    def run(self, stage: Picky, state: StageState | None = None) -> Counts:
        """The stage until it is idle."""
        return ConsumerLoop(self.bus, stage, state=state, options=QUICK).run()

    def said(self) -> list[tuple[str, str]]:
        """Who said what, in no order."""
        events = [decode(delivery) for delivery in read_all(self.bus, self.answers)]
        return sorted((e.source, e.data.reason) for e in events)  # type: ignore[attr-defined]

    def waiting(self, stage: str) -> list[Letter]:
        """The letters of a stage that wait."""
        return list(waiting_letters(self.bus, Choice(self.name(stage))))

    def retry(self, letters: Iterable[Letter]) -> list[Retried]:
        """Retry letters."""
        return list(retry(self.bus, letters))


@pytest.fixture
def place(bus: Bus) -> Place:
    """Each kind of bus in turn."""
    return Place(bus)


def read_all(bus: Bus, topic: str) -> list[Delivery]:
    """All deliveries of a topic."""
    found: list[Delivery] = []
    with bus.read(topic) as reader:
        while not reader.at_end():
            found += reader.poll(100, 0.5)
    return found


def test_only_the_stage_that_failed_reads_it_again(place: Place) -> None:
    """Another stage of the same topic hears nothing, and the answer is the one that was missing."""
    broken = Picky(place.name("tag"), place.source, place.answers, never=["b"])
    other = Picky(place.name("other"), place.source, place.answers)
    place.send("a", "b")
    place.run(broken)
    place.run(other)
    (letter,) = place.waiting("tag")

    (retried,) = place.retry([letter])
    broken.never.clear()
    place.run(broken)
    counts = place.run(other)

    assert retried.refusal is None
    assert counts.taken == 0
    assert place.said() == sorted((place.name(stage), word) for stage in ("tag", "other") for word in "ab")
    assert not place.waiting("tag")


def test_what_fails_again_waits_again_with_one_attempt_more(place: Place) -> None:
    """Its facts are still those of the record's first reading, and the bytes are the original's."""
    broken = Picky(place.name("tag"), place.source, place.answers, never=["b"])
    place.send("b")
    place.run(broken)
    (first,) = place.waiting("tag")

    place.retry([first])
    place.run(broken)

    (second,) = place.waiting("tag")
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.original == first.original
    assert (second.facts["topic"], second.facts["offset"]) == (place.source, first.facts["offset"])
    assert first.case in handled_cases(place.bus)


def test_retrying_twice_has_one_effect(place: Place, tmp_path: Path) -> None:
    """Two people who retry one letter at a time: the stage's own state knows what it has seen."""
    state = StageState(tmp_path / "state.db")
    broken = Remembering(place.name("relate"), place.source, place.answers, never=["b"])
    place.send("a", "b", "c")
    place.run(broken, state)
    letters = place.waiting("relate")
    broken.never.clear()

    place.retry(letters)
    place.retry(letters)
    place.run(broken, state)
    state.close()

    assert [word for _, word in place.said()] == ["a", "b", "c"]
    assert not place.waiting("relate")


@pytest.fixture
def embedded(tmp_path: Path) -> Place:
    """The embedded bus, where nothing depends on which it is."""
    return Place(open_bus(f"sqlite:///{tmp_path / 'own.db'}"))


def test_one_failure_is_one_letter_however_often_it_was_written(embedded: Place) -> None:
    """A crash between a dead letter and the commit writes it twice."""
    source = Delivery(Record(embedded.source, b"k", b"{}"), 1, 7, 99)
    letter = dead_letter(source, Rejected("malformed"), "tag", "geowire.tag")
    embedded.bus.publish([letter, letter])

    assert len(list(read_letters(embedded.bus))) == 1
    embedded.retry(waiting_letters(embedded.bus))
    assert not list(waiting_letters(embedded.bus))


def test_a_record_that_was_too_large_goes_to_its_own_topic_once_there_is_room(embedded: Place) -> None:
    """Nobody has read it there, so it is no retry of one stage."""
    large = Record(embedded.source, b"k", b"x" * 2_000_000, (("ce_id", b"1"),))
    embedded.bus.publish([undeliverable(Unwritable(large, "too-large", "2000000 bytes"))])

    (refused,) = embedded.retry(waiting_letters(embedded.bus))

    assert "max.message.bytes" in (refused.refusal or "")
    assert len(list(waiting_letters(embedded.bus))) == 1
    with sqlite3.connect(embedded.bus._path) as file:  # type: ignore[attr-defined]
        file.execute("UPDATE topic SET max_message_bytes = 4000000")
    with open_bus(f"sqlite:///{embedded.bus._path}") as roomy:  # type: ignore[attr-defined]
        (sent,) = retry(roomy, waiting_letters(roomy))
        assert sent.refusal is None
        assert [delivery.record for delivery in read_all(roomy, embedded.source)] == [large]
        assert not list(waiting_letters(roomy))


def failure_of_ingest() -> Record:
    """A letter of ingest."""
    failure = IngestFailure(stage="extract", url="https://a.example/x", reason="timeout", failed_at=NOON)
    return encode(ingest_failure_event(failure))


@pytest.mark.parametrize(
    ("record", "stage", "says"),
    [
        (failure_of_ingest, "ingest", "no message yet"),
        (lambda: Record(DEADLETTERS.name, b"k", b"?"), "unknown", "where it was read"),
    ],
)
def test_what_cannot_be_run_again_says_so(embedded: Place, record: Callable[[], Record], stage: str, says: str) -> None:
    """A letter of ingest has no message, and what somebody else wrote there no facts."""
    embedded.bus.publish([record()])

    (retried,) = embedded.retry(waiting_letters(embedded.bus))

    assert retried.letter.stage == stage
    assert says in (retried.refusal or "")
    assert list(waiting_letters(embedded.bus))
