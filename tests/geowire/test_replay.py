"""A replay: the same stage over what stands on its topic, in the order of writing, beside what is live."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire import replay_order
from geowire.bus import Bus, Delivery, Extent, MemberOptions, Record, TopicPartition
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Misconfigured, Rejected, Transient
from geowire.events import Event, decode, encode, ingest_failure_event
from geowire.messages import IngestFailure
from geowire.monitor import Counts
from geowire.replay import Plan, ReplayBus
from geowire.sqlite_bus import SqliteBus
from geowire.stage import group_of
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS, Topic

QUICK = LoopOptions(batch=4, retry_wait=0.01, until_idle=True)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORDS = [f"word-{number:02}" for number in range(30)]


class Numbering:
    """A stateful stage that numbers the words it hears: its answers tell in which order it heard them."""

    def __init__(self, topic: str, answers: str, never: str = "") -> None:
        self.name = f"numbering-{topic[-8:]}"
        self.topic, self.rebuilds_from, self._never = topic, answers, never

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """One table of words."""
        connection.execute("CREATE TABLE IF NOT EXISTS word (number INTEGER PRIMARY KEY, word TEXT UNIQUE)")

    def load(self, connection: sqlite3.Connection) -> None:
        """Nothing is held in memory."""

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:
        """`3 word` is the answer to a word that is the third."""
        answers = []
        for heard in batch:
            word = heard.data.reason  # type: ignore[attr-defined]
            if word == self._never:
                raise Rejected("unspeakable", "never")
            number = connection.execute("INSERT INTO word (word) VALUES (?)", (word,)).lastrowid
            data = heard.data.model_copy(update={"reason": f"{number} {word}"})
            answers.append(replace(heard, topic=self.rebuilds_from, key="one", id=f"{word}:{number}", data=data))
        return answers

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """The words that were numbered."""
        for said in published:
            number, _, word = said.data.reason.partition(" ")  # type: ignore[attr-defined]
            connection.execute("INSERT INTO word VALUES (?, ?)", (int(number), word))


class Place:
    """One test's topics, and a stage that has read them live."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        mark = uuid.uuid4().hex[:8]
        self.bus, self.folder = bus, folder
        self.source, self.answers = f"in.{mark}", f"out.{mark}"
        topics = [Topic(self.source, "word", "For a test.", "a test", (), partitions=3), self.answer_topic, DEADLETTERS]
        bus.ensure_topics(topics)

    @property
    def answer_topic(self) -> Topic:
        """One partition, so that its order is that of the answers."""
        return Topic(self.answers, "one", "For a test.", "a test", (), partitions=1)

    def send(self, words: Iterable[str]) -> None:
        """Publish words one after the other."""
        for word in words:
            failure = IngestFailure(stage="fetch", url="https://a.example/", reason=word, failed_at=NOON)
            self.bus.publish([encode(replace(ingest_failure_event(failure), topic=self.source, key=word))])

    def live(self) -> Counts:
        """The stage as it runs live."""
        return self._run(self.bus, Numbering(self.source, self.answers), "live.db")

    def replay(self, plan: Plan, limit: int | None = None, never: str = "") -> Counts:
        """The stage under a plan, to its end or so many messages."""
        view = ReplayBus(self.bus, plan)
        view.ensure_topics([self.answer_topic, DEADLETTERS])
        return self._run(view, Numbering(self.source, self.answers, never), f"{plan.label}.db", limit)

    def _run(self, bus: Bus, stage: Numbering, file: str, limit: int | None = None) -> Counts:
        state = StageState(self.folder / file)

        def stop_at_limit(counts: Counts) -> None:
            if limit is not None and counts.taken >= limit:
                loop.stop()

        loop = ConsumerLoop(bus, stage, state=state, options=QUICK, on_progress=stop_at_limit)
        try:
            return loop.run()
        finally:
            state.close()

    def records(self, topic: str) -> list[Record]:
        """What stands in a topic, without the topic's name."""
        return [replace(delivery.record, topic="") for delivery in self.deliveries(topic)]

    def deliveries(self, topic: str) -> list[Delivery]:
        """All deliveries of a topic."""
        found: list[Delivery] = []
        with self.bus.read(topic) as reader:
            while not reader.at_end():
                found += reader.poll(100, 0.5)
        return found

    def said(self, topic: str) -> list[str]:
        """The words of a topic's answers, in their order."""
        return [decode(delivery).data.reason for delivery in self.deliveries(topic)]  # type: ignore[attr-defined]

    def in_order(self) -> list[str]:
        """What should be said: the source's words, numbered in the order of their writing."""
        written = sorted(self.deliveries(self.source), key=lambda d: (d.timestamp_ms, d.partition, d.offset))
        words = [decode(delivery).data.reason for delivery in written]  # type: ignore[attr-defined]
        return [f"{number} {word}" for number, word in enumerate(words, 1)]


@pytest.fixture
def place(bus: Bus, tmp_path: Path) -> Place:
    """Each kind of bus in turn."""
    return Place(bus, tmp_path)


@pytest.fixture
def embedded(tmp_path: Path) -> Place:
    """The embedded bus; a minute passes with each look at its clock."""
    minutes = iter(range(30_000_000, 40_000_000))
    return Place(SqliteBus(str(tmp_path / "own.db"), MemberOptions(), lambda: next(minutes) * 60.0), tmp_path)


def test_a_replay_touches_nothing_that_is_live(place: Place) -> None:
    """Same bytes in the original topics, same position of the live group; the answers stand under the label."""
    place.send(WORDS[:12])
    place.live()
    group = group_of(Numbering(place.source, place.answers).name)
    before = (place.records(place.answers), place.bus.extents(group, [place.source]))

    counts = place.replay(Plan("again"))

    assert counts.taken == 12
    assert (place.records(place.answers), place.bus.extents(group, [place.source])) == before
    assert len(place.records(f"{place.answers}.again")) == 12


def test_two_replays_give_the_same_bytes_in_the_order_of_writing(place: Place) -> None:
    """However the bus hands out partitions, a stage that remembers hears everything in one order."""
    place.send(WORDS)

    place.replay(Plan("one"))
    place.replay(Plan("two"))

    assert place.said(f"{place.answers}.one") == place.in_order()
    assert place.records(f"{place.answers}.two") == place.records(f"{place.answers}.one")


def test_a_replay_goes_on_where_it_was_stopped(place: Place) -> None:
    """Nothing is left out and nothing is said twice; a third run has nothing to do."""
    place.send(WORDS)

    first = place.replay(Plan("again"), limit=8)
    second = place.replay(Plan("again"))
    third = place.replay(Plan("again"))

    assert (first.taken, second.taken, third.taken) == (8, 22, 0)
    assert place.said(f"{place.answers}.again") == place.in_order()


def test_a_replays_lost_state_is_rebuilt_from_its_own_topic(embedded: Place) -> None:
    """Not from the live one, whose answers are another run's."""
    embedded.send(WORDS[:6])
    embedded.replay(Plan("again"), limit=4)
    (embedded.folder / "again.db").unlink()

    embedded.replay(Plan("again"))

    assert embedded.said(f"{embedded.answers}.again") == embedded.in_order()


def test_only_what_was_published_in_a_time_is_replayed(embedded: Place) -> None:
    """From the first moment, up to the second and without it."""
    embedded.send(WORDS[:9])
    times = sorted(datetime.fromtimestamp(d.timestamp_ms / 1000, UTC) for d in embedded.deliveries(embedded.source))

    counts = embedded.replay(Plan("part", since=times[2], until=times[5]))

    assert counts.taken == 3
    assert embedded.said(f"{embedded.answers}.part") == [f"{n} {word}" for n, word in enumerate(WORDS[2:5], 1)]


def test_what_is_published_during_a_replay_is_not_part_of_it(embedded: Place) -> None:
    """It ends where the topic ended when it began."""
    embedded.send(WORDS[:3])
    view = ReplayBus(embedded.bus, Plan("again"))
    with view.subscribe("g", [embedded.source]) as reading:
        embedded.send(WORDS[3:6])
        found = [*reading.poll(10, 1.0), *reading.poll(10, 0.1)]

    assert sorted(delivery.record.key.decode() for delivery in found) == WORDS[:3]


def test_a_replays_dead_letters_are_its_own(embedded: Place) -> None:
    """The live ones are what waits for somebody."""
    embedded.send(WORDS[:4])

    counts = embedded.replay(Plan("again"), never=WORDS[1])

    assert (counts.taken, counts.dead) == (4, 1)
    assert not embedded.records(DEADLETTERS.name)
    assert len(embedded.records(f"{DEADLETTERS.name}.again")) == 1


def test_a_replay_of_a_replay_reads_its_topic(embedded: Place) -> None:
    """What was tagged again can be grouped again."""
    embedded.send(WORDS[:4])
    embedded.replay(Plan("one"))
    view = ReplayBus(embedded.bus, Plan("two", source_label="one"))

    with view.subscribe("g", [embedded.answers]) as reading:
        found = reading.poll(10, 1.0)

    assert [delivery.source for delivery in found] == [TopicPartition(f"{embedded.answers}.one", 0)] * 4


def test_a_replay_ends_although_old_records_are_gone(embedded: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition all of whose records have expired gives none, whatever its end says."""
    monkeypatch.setattr(replay_order, "QUIET_SECONDS", 0.3)
    embedded.send(WORDS[:9])
    keys = {delivery.record.key.decode() for delivery in embedded.deliveries(embedded.source) if delivery.partition}
    with sqlite3.connect(embedded.folder / "own.db") as file:
        file.execute("DELETE FROM log_1_0")

    embedded.replay(Plan("again"))

    assert {word.partition(" ")[2] for word in embedded.said(f"{embedded.answers}.again")} == keys


class Five:
    """Stands in for a subscription to five records on one of two partitions; its first rewind fails."""

    place, empty = TopicPartition("t", 0), TopicPartition("t", 1)

    def __init__(self) -> None:
        self.epoch = 0
        self.assignment: frozenset[TopicPartition] = frozenset()
        self._next = 0
        self._fails = True

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:  # noqa: ARG002  # as `Subscription` has it
        """Join with the first poll; two records each time."""
        if not self.assignment:
            self.assign(self.place)
        offsets = range(5)[self._next :][: min(2, max_records)] if self.place in self.assignment else ()
        found = [Delivery(Record("t", b"k", b"v"), 0, offset, offset) for offset in offsets]
        self._next += len(found)
        return found

    def assign(self, place: TopicPartition) -> None:
        """Another partition from now on."""
        self.assignment = frozenset([place])
        self.epoch += 1

    def rewind(self) -> None:
        """To the first; the first time no broker answers."""
        if self._fails:
            self._fails = False
            raise Transient("no answer")
        self._next = 0

    def in_order(self) -> replay_order.InTimeOrder:
        """The records as a replay reads them."""
        extents = {self.place: Extent(0, 5), self.empty: Extent(0, 0)}
        return replay_order.InTimeOrder(self, lambda: extents, lambda _: True)  # type: ignore[arg-type]


def test_a_rewind_that_failed_is_done_again() -> None:
    """What was polled under the old partitions is forgotten, and must not be missing afterwards."""
    reading = Five().in_order()

    with pytest.raises(Transient):
        reading.poll(10, 0)

    assert [delivery.offset for _ in range(5) for delivery in reading.poll(10, 0)] == [0, 1, 2, 3, 4]


def test_what_is_held_of_a_lost_partition_is_not_handed_out() -> None:
    """Partitions may also change while a fault is waited out."""
    inner = Five()
    reading = inner.in_order()
    with pytest.raises(Transient):
        reading.poll(10, 0)
    assert [delivery.offset for delivery in reading.poll(1, 0)] == [0]

    inner.assign(inner.empty)

    assert reading.poll(1, 0) == []


def test_a_refused_record_is_named_as_the_loop_knows_it(embedded: Place) -> None:
    """So that a dead letter takes its place."""
    view = ReplayBus(embedded.bus, Plan("again"))
    view.ensure_topics([embedded.answer_topic])
    large = Record(embedded.answers, b"k", b"x" * 2_000_000)

    with pytest.raises(Rejected) as refused:
        view.publish([Record(embedded.answers, b"k", b"small"), large])

    assert refused.value.record is large  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", ["", "Retag", "a b", "a.b", "-a", "x" * 41])
def test_a_label_that_is_no_topics_name_is_refused(label: str) -> None:
    """With a word on what to write."""
    with pytest.raises(Misconfigured, match="lower-case letters"):
        Plan(label)


def test_times_that_hold_nothing_are_refused() -> None:
    """From a later moment to an earlier one."""
    with pytest.raises(Misconfigured, match="nothing lies"):
        Plan("again", since=NOON, until=NOON)
