"""The consumer loop: batches, faults, dead letters, and the state of a stage that remembers."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import Bus, Delivery, MemberOptions, Record, Standing, TopicPartition, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Misconfigured, PartitionLost, Rejected, Transient
from geowire.events import Event, decode, encode, header_texts, ingest_failure_event
from geowire.handlers import StatefulHandler, ends_of
from geowire.messages import IngestFailure
from geowire.monitor import Counts, Monitor
from geowire.patience import Patience
from geowire.retries import RETRIES, retry, waiting_letters
from geowire.sqlite_bus import SqliteBus
from geowire.sqlite_group import SqliteSubscription
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS, Topic
from geowire.turn import Turn

QUICK = LoopOptions(batch=10, retry_wait=0.01, until_idle=True)
Standings = dict[TopicPartition, Standing]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """The embedded bus: the loop relies only on promises that every bus keeps."""
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}", member=MemberOptions()) as opened:
        opened.ensure_topics([DEADLETTERS])
        yield opened


def new_topics(bus: Bus) -> tuple[str, str]:
    """A topic to read and one to write."""
    names = (f"in.{uuid.uuid4().hex}", f"out.{uuid.uuid4().hex}")
    bus.ensure_topics([Topic(name, "id", "For a test.", "a test", (), partitions=1) for name in names])
    return names


def event(topic: str, word: str) -> Event:
    """An event that says one word."""
    failure = IngestFailure(stage="fetch", url=f"https://a.example/{word}", reason=word, failed_at=NOON)
    return replace(ingest_failure_event(failure), topic=topic, key="k")


def words(bus: Bus, topic: str) -> list[str]:
    """The words that stand in a topic."""
    return [decode(delivery).data.reason for delivery in everything(bus, topic)]  # type: ignore[attr-defined]


def everything(bus: Bus, topic: str) -> list[Delivery]:
    """All deliveries of a topic."""
    found: list[Delivery] = []
    with bus.read(topic) as reader:
        while not reader.at_end():
            found += reader.poll(100, 0.1)
    return found


def send(bus: Bus, topic: str, *sent: str) -> None:
    """Publish a word each."""
    bus.publish([encode(event(topic, word)) for word in sent])


class Echo:
    """A stateless stage that repeats each word, after the faults it was told to have."""

    name = "echo"

    def __init__(self, topic: str, answers: str, faults: Iterable[Exception | None] = (), never: str = "") -> None:
        self.topic = topic
        self._answers = answers
        self._faults = list(faults)
        self._never = never
        self.heard: list[list[str]] = []

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Repeat."""
        self.heard.append([heard.data.reason for heard in batch])  # type: ignore[attr-defined]
        if self._faults and (fault := self._faults.pop(0)):
            raise fault
        for heard in batch:
            if heard.data.reason == self._never:  # type: ignore[attr-defined]
                raise Rejected("unspeakable", "never")
        return [replace(heard, topic=self._answers) for heard in batch]


class Numbering(Echo):
    """A stateful stage that numbers the words it hears."""

    name = "numbering"

    @property
    def rebuilds_from(self) -> str | None:
        """Its own answers."""
        return self._answers

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """One table of words."""
        connection.execute("CREATE TABLE IF NOT EXISTS word (number INTEGER PRIMARY KEY, word TEXT UNIQUE)")

    def load(self, connection: sqlite3.Connection) -> None:
        """Count what is known."""
        (self.known,) = connection.execute("SELECT count(*) FROM word").fetchone()

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:  # type: ignore[override]
        """`one` is answered by `one-1` if it is the first word."""
        answers = []
        for heard in super().process(batch):
            self.known += 1
            word = heard.data.reason  # type: ignore[attr-defined]
            connection.execute("INSERT INTO word VALUES (?, ?)", (self.known, word))
            answers.append(event(self._answers, f"{word}-{self.known}"))
        return answers

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Its answers hold words and numbers."""
        for said in published:
            word, _, number = said.data.reason.rpartition("-")  # type: ignore[attr-defined]
            connection.execute("INSERT INTO word VALUES (?, ?)", (int(number), word))


def test_a_stage_answers_everything_once_and_commits(bus: Bus) -> None:
    """A second run finds nothing to do."""
    source, answers = new_topics(bus)
    send(bus, source, *[f"w{n}" for n in range(25)])

    first = ConsumerLoop(bus, Echo(source, answers), options=QUICK).run()
    second = ConsumerLoop(bus, Echo(source, answers), options=QUICK).run()

    assert words(bus, answers) == [f"w{n}" for n in range(25)]
    assert (first.taken, first.published, second.taken) == (25, 25, 0)


def test_partitions_may_be_lost_again_while_the_loss_is_mended(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus is away when the loop rewinds, and the partitions change hands meanwhile: it goes on all the same."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b")
    faults: dict[str, list[Exception]] = {
        "commit": [PartitionLost("another member's")],
        "rewind": [Transient("no broker"), PartitionLost("another member's")],
    }
    for name, ahead in faults.items():
        monkeypatch.setattr(SqliteSubscription, name, after_faults(getattr(SqliteSubscription, name), ahead))
    epochs = iter(range(1_000_000))
    monkeypatch.setattr(SqliteSubscription, "epoch", property(lambda _: next(epochs)))

    counts = ConsumerLoop(bus, Echo(source, answers), options=QUICK).run()

    assert faults == {"commit": [], "rewind": []}
    assert words(bus, answers) == ["a", "b", "a", "b"]
    assert counts.taken == 2


def after_faults(method: Callable[..., None], faults: list[Exception]) -> Callable[..., None]:
    """A method that fails so often before it works."""

    def faulty(*arguments: object) -> None:
        if faults:
            raise faults.pop(0)
        method(*arguments)

    return faulty


def test_a_rejection_is_counted_once_although_its_batch_is_tried_again(bus: Bus) -> None:
    """The fault comes after the rejection, in the same batch."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b", "c")
    faults = [None, None, None, Transient("a database is away")]

    counts = ConsumerLoop(bus, Echo(source, answers, faults, never="b"), options=QUICK).run()

    assert words(bus, answers) == ["a", "c"]
    assert (counts.dead, counts.reasons) == (1, {"unspeakable": 1})


def test_a_passing_fault_is_waited_out(bus: Bus) -> None:
    """The same batch is tried again; there is no dead letter."""
    source, answers = new_topics(bus)
    send(bus, source, "one", "two")
    stage = Echo(source, answers, faults=[Transient("down"), Transient("still down")])

    counts = ConsumerLoop(bus, stage, options=QUICK).run()

    assert words(bus, answers) == ["one", "two"]
    assert (counts.retries, counts.dead) == (2, 0)


def test_a_fault_in_the_middle_of_a_batch_repeats_nothing(bus: Bus, tmp_path: Path) -> None:
    """The state is asked again what it has; listeners hear once of each message."""
    turns: list[Turn] = []
    faults: list[Exception | None] = [RuntimeError("a batch too many"), None, Transient("away")]
    for stage in (Numbering(*new_topics(bus), faults), Echo(*new_topics(bus), faults)):
        send(bus, stage.topic, "a", "b")
        with contextlib.closing(StageState(tmp_path / "numbering.db")) as state:
            own = state if isinstance(stage, Numbering) else None
            ConsumerLoop(bus, stage, state=own, options=QUICK, monitor=Monitor([turns.append])).run()
        again = [["b"]] if own else [["a", "b"]]

        assert stage.heard == [["a", "b"], ["a"], ["b"], *again]
    assert [[taken.data.reason for taken in turn.taken] for turn in turns] == [["a", "b"]] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("stage_type", [Echo, Numbering])
def test_what_is_rejected_goes_to_dead_letters_alone(bus: Bus, tmp_path: Path, stage_type: type[Echo]) -> None:
    """The original bytes with the facts; the rest of its batch is answered in order."""
    source, answers = new_topics(bus)
    send(bus, source, "one", "bad", "three")
    state = StageState(tmp_path / "state.db") if stage_type is Numbering else None

    counts = ConsumerLoop(bus, stage_type(source, answers, never="bad"), state=state, options=QUICK).run()

    assert [word[:3] for word in words(bus, answers)] == ["one", "thr"]
    assert counts.reasons == {"unspeakable": 1}
    (letter,) = everything(bus, DEADLETTERS.name)
    (original,) = [d for d in everything(bus, source) if d.record.value == letter.record.value]
    facts = header_texts(letter.record.headers)
    assert letter.record.headers[: len(original.record.headers)] == original.record.headers
    assert (facts["dlq.topic"], facts["dlq.partition"], facts["dlq.offset"]) == (source, "0", "1")
    assert (facts["dlq.stage"], facts["dlq.reason"]) == (stage_type.name, "unspeakable")


def test_bytes_that_are_no_event_go_to_dead_letters(bus: Bus) -> None:
    """Unknown types, broken JSON and missing headers do not stop the stream."""
    source, answers = new_topics(bus)
    good = encode(event(source, "good"))
    broken = replace(good, value=b"{")
    bus.publish([Record(source, b"k", b"hello"), broken, good, replace(good, value=None)])

    counts = ConsumerLoop(bus, Echo(source, answers), options=QUICK).run()

    assert words(bus, answers) == ["good"]
    assert counts.reasons == {"unknown-type": 1, "malformed": 1, "no-value": 1}


def test_a_bug_in_a_stage_makes_a_dead_letter_and_the_stream_goes_on(bus: Bus) -> None:
    """An unforeseen exception counts as internal-error."""
    source, answers = new_topics(bus)
    send(bus, source, "one")

    counts = ConsumerLoop(bus, Echo(source, answers, faults=[ZeroDivisionError("oops")]), options=QUICK).run()

    assert counts.reasons == {"internal-error": 1}


def test_an_answer_that_no_topic_takes_goes_to_dead_letters(bus: Bus) -> None:
    """The rest of the batch is published."""
    source, _ = new_topics(bus)
    small = Topic(f"small.{uuid.uuid4().hex}", "id", "For a test.", "a test", (), partitions=1, max_message_bytes=700)
    bus.ensure_topics([small])
    send(bus, source, "x" * 100, "one")

    counts = ConsumerLoop(bus, Echo(source, small.name), options=QUICK).run()

    assert words(bus, small.name) == ["one"]
    assert counts.reasons == {"too-large": 1}


def test_a_wrong_set_up_ends_the_loop_and_loses_nothing(bus: Bus) -> None:
    """After it is put right the same messages come."""
    source, answers = new_topics(bus)
    send(bus, source, "one")
    with pytest.raises(Misconfigured):
        ConsumerLoop(bus, Echo(source, answers, faults=[Misconfigured("no gazetteer")]), options=QUICK).run()

    ConsumerLoop(bus, Echo(source, answers), options=QUICK).run()

    assert words(bus, answers) == ["one"]


def test_stop_finishes_the_batch_in_hand(bus: Bus) -> None:
    """A loop that is stopped has published and committed what it took."""
    source, answers = new_topics(bus)
    send(bus, source, *[f"w{n}" for n in range(25)])
    loop = ConsumerLoop(bus, Echo(source, answers), options=QUICK, on_progress=lambda _: loop.stop())

    counts = loop.run()

    assert counts.taken == 10
    assert len(words(bus, answers)) == 10


def number_words(bus: Bus, state_file: Path, stage: Numbering) -> Counts:
    """One run of the numbering stage on a state file."""
    state = StageState(state_file)
    try:
        return ConsumerLoop(bus, stage, state=state, options=QUICK).run()
    finally:
        state.close()


def test_a_stage_remembers_across_restarts(bus: Bus, tmp_path: Path) -> None:
    """Its state and its offsets stand in one file."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b")
    number_words(bus, tmp_path / "state.db", Numbering(source, answers))
    send(bus, source, "c")

    number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2", "c-3"]


def test_a_batch_that_fails_in_the_middle_leaves_no_trace(bus: Bus, tmp_path: Path) -> None:
    """The transaction is rolled back and memory is read anew before the batch is tried again."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "bad", "c")

    number_words(bus, tmp_path / "state.db", Numbering(source, answers, never="bad"))

    assert words(bus, answers) == ["a-1", "c-2"]


def test_what_the_state_has_taken_in_is_skipped_and_what_it_keeps_is_sent(bus: Bus, tmp_path: Path) -> None:
    """A crash between the state's transaction and the bus: answers are sent once, nothing is numbered twice."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b")
    state = StageState(tmp_path / "state.db")
    stage = Numbering(source, answers)
    state.claim("crashed")
    with state.transaction() as connection:
        stage.create_tables(connection)
        state.mark_built(connection)
        stage.load(connection)
        batch = everything(bus, source)
        state.put(connection, [encode(said) for said in stage.process([decode(d) for d in batch], connection)])
        state.advance(connection, ends_of(batch))
    state.close()

    counts = number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2"]
    assert counts.taken == 2


def test_a_lost_state_is_rebuilt_from_what_was_published(bus: Bus, tmp_path: Path) -> None:
    """The stage reads its own topic back before it takes anything new."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b")
    number_words(bus, tmp_path / "first.db", Numbering(source, answers))
    send(bus, source, "c")

    number_words(bus, tmp_path / "second.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2", "c-3"]


def test_a_member_that_comes_back_knows_what_was_decided_without_it(
    bus: Bus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each machine has a file of its own: what the first still has to send was decided anew by the second."""
    source, answers = new_topics(bus)
    send(bus, source, "a")
    number_words(bus, tmp_path / "first.db", Numbering(source, answers))
    with contextlib.closing(StageState(tmp_path / "first.db")) as state:
        state.claim("crashed")
        with state.transaction() as connection:
            state.put(connection, [encode(event(answers, "b-2"))])
    send(bus, source, "b")
    number_words(bus, tmp_path / "second.db", Numbering(source, answers))
    send(bus, source, "c")

    for _ in range(2):
        number_words(bus, tmp_path / "first.db", Numbering(source, answers))
    send(bus, source, "d")
    number_words(bus, tmp_path / "second.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2", "c-3", "d-4"]
    assert caplog.text.count("others went on without this state") == 2


class Member:
    """As much of a subscription as patience looks at."""

    epoch = 1

    def keep_alive(self, timeout: float) -> None:
        """Stay."""


def test_a_member_that_never_ended_knows_it_too(bus: Bus, tmp_path: Path) -> None:
    """It lost its partitions and has them again: nobody has touched its file meanwhile."""
    source, answers = new_topics(bus)
    send(bus, source, "a")
    bus.ensure_topics([RETRIES])
    stage, monitor = Numbering(source, answers), Monitor()
    member = Member()
    patience = Patience(member, 0.01, threading.Event(), monitor)  # type: ignore[arg-type]
    with contextlib.closing(StageState(tmp_path / "first.db")) as state:
        handler = StatefulHandler(bus, stage, state, patience, monitor)
        handler.assigned(member.epoch)
        number_words(bus, tmp_path / "second.db", Numbering(source, answers))
        handler.assigned(member.epoch)
        assert stage.known == 0

        member.epoch += 1
        handler.assigned(member.epoch)

    assert stage.known == 1


def test_what_was_published_and_not_committed_is_no_reason_to_begin_anew(
    bus: Bus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The state is ahead of its group: it is the one that counts."""
    source, answers = new_topics(bus)
    send(bus, source, "a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteSubscription, "commit", after_faults(SqliteSubscription.commit, [Misconfigured("killed")]))
        with pytest.raises(Misconfigured):
            number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1"]
    assert "without this state" not in caplog.text


@pytest.mark.parametrize("has_names", [True, False])
def test_offsets_are_of_one_log(
    bus: Bus, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, has_names: bool
) -> None:
    """After a switch of the bus everything on the new one is taken in, with all that is known; retries too.

    Where logs have no names, one that ends before what was read is another one.
    """
    if not has_names:
        monkeypatch.setattr(SqliteBus, "standing", nameless(SqliteBus.standing))
    source, answers = new_topics(bus)
    send(bus, source, "a", "b", "bad")
    number_words(bus, tmp_path / "state.db", Numbering(source, answers, never="bad"))
    assert [retried.refusal for retried in retry(bus, waiting_letters(bus))] == [None]
    number_words(bus, tmp_path / "state.db", Numbering(source, answers, never="bad"))
    with open_bus(f"sqlite:///{tmp_path / 'new.db'}") as new:
        topics = (Topic(name, "id", "For a test.", "a test", (), partitions=1) for name in (source, answers))
        new.ensure_topics([*topics, DEADLETTERS])

        for word in ("c", "d"):
            send(new, source, word)
            number_words(new, tmp_path / "state.db", Numbering(source, answers, never="bad"))

        assert words(new, answers) == ["c-3", "d-4"]
    assert caplog.text.count(f"another log than before: {RETRIES.name}, {source};") == 1
    assert "without this state" not in caplog.text


def nameless(standing: Callable[..., Standings]) -> Callable[..., Standings]:
    """As a bus tells it that cannot tell logs apart."""
    return lambda *given: {place: found._replace(log="") for place, found in standing(*given).items()}


def test_a_standby_can_open_a_state_that_is_being_rebuilt(tmp_path: Path) -> None:
    """A rebuild is one transaction, however long; the standby waits for its turn, not for the file."""
    with contextlib.closing(StageState(tmp_path / "state.db")) as active:
        active.claim("active")
        with active.transaction():
            standby = StageState(tmp_path / "state.db")
    standby.claim("standby")

    with contextlib.closing(standby), standby.transaction() as connection:
        standby.mark_built(connection)


def test_a_state_that_is_locked_is_a_passing_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two members make it at once, and one is slow: it is no wrong folder."""
    monkeypatch.setattr("geowire.stage_state.LOCK_SECONDS", 0.01)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.executescript("PRAGMA journal_mode=WAL; BEGIN IMMEDIATE")

        with pytest.raises(Transient, match=r"state file .*state\.db: database is locked"):
            StageState(tmp_path / "state.db")


class Forgetful(Numbering):
    """Meets faults also when it reads its tables."""

    load_faults: list[sqlite3.Error]

    def load(self, connection: sqlite3.Connection) -> None:
        """Perhaps."""
        if self.load_faults:
            raise self.load_faults.pop(0)
        super().load(connection)


def fault(code: int) -> sqlite3.Error:
    """An error of SQLite with a code."""
    kind = sqlite3.OperationalError if code != sqlite3.SQLITE_CORRUPT else sqlite3.DatabaseError
    error = kind("it says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL])
def test_a_state_that_cannot_be_read_now_is_waited_for(bus: Bus, tmp_path: Path, code: int) -> None:
    """At start, and after a transaction was rolled back: no message is answered from a memory that was not."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "bad", "c")
    stage = Forgetful(source, answers, never="bad")
    stage.load_faults = [fault(code), fault(code)]
    rolled_back = [fault(code), None, fault(code)]
    stage.process = interrupted(stage.process, rolled_back, stage)  # type: ignore[method-assign]

    counts = number_words(bus, tmp_path / "state.db", stage)

    assert rolled_back == stage.load_faults == []
    assert words(bus, answers) == ["a-1", "c-2"]
    assert counts.reasons == {"unspeakable": 1}


def interrupted(
    process: Callable[..., list[Event]], faults: list[sqlite3.Error | None], stage: Forgetful
) -> Callable[..., list[Event]]:
    """A stage's work that is done in memory when the file fails, and then fails to read the tables again."""

    def faulty(batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:
        said = process(batch, connection)
        if faults and (found := faults.pop(0)):
            stage.load_faults.append(found)
            raise found
        return said

    return faulty


def test_a_damaged_state_ends_the_stage_and_no_message_is_lost(bus: Bus, tmp_path: Path) -> None:
    """One line says what to do; there is no dead letter, and once the file is gone all is as it was."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "b")
    number_words(bus, tmp_path / "state.db", Numbering(source, answers))
    damage(tmp_path / "state.db", "word")
    send(bus, source, "c")

    with pytest.raises(
        Misconfigured, match=r"^GEOWIRE_DATA: state file .*state\.db: .*malformed; move it and its -wal"
    ):
        number_words(bus, tmp_path / "state.db", Numbering(source, answers))
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2", "c-3"]
    assert everything(bus, DEADLETTERS.name) == []


def test_damage_that_is_found_at_work_makes_no_dead_letter(bus: Bus, tmp_path: Path) -> None:
    """The message is not at fault: it is there when the state is good again."""
    source, answers = new_topics(bus)
    send(bus, source, "a")
    stage = Forgetful(source, answers)
    stage.load_faults = []
    stage.process = interrupted(stage.process, [fault(sqlite3.SQLITE_CORRUPT)], stage)  # type: ignore[method-assign]

    with pytest.raises(Misconfigured, match="it says; move it"):
        number_words(bus, tmp_path / "state.db", stage)
    number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1"]
    assert everything(bus, DEADLETTERS.name) == []


def damage(file: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\x99" * size)


def test_a_wrong_statement_of_a_stage_is_a_dead_letter(bus: Bus, tmp_path: Path) -> None:
    """It breaks on this message and not on others: a word that comes twice."""
    source, answers = new_topics(bus)
    send(bus, source, "a", "a", "b")

    counts = number_words(bus, tmp_path / "state.db", Numbering(source, answers))

    assert words(bus, answers) == ["a-1", "b-2"]
    assert counts.reasons == {"internal-error": 1}


def test_a_writer_whose_state_was_claimed_is_refused(tmp_path: Path) -> None:
    """Only the last member to claim the file may write."""
    old, new = StageState(tmp_path / "state.db"), StageState(tmp_path / "state.db")
    assert old.claim("old")
    assert new.claim("new")
    assert not new.claim("new")

    with pytest.raises(PartitionLost), old.transaction():
        pass

    with new.transaction() as connection:
        new.mark_built(connection)
    assert old.is_built()
    old.close()
    new.close()
