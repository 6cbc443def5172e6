"""A stage that repeats numbered messages while its bus fails, and the account of what came through."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from servers.processes import wait_until

from geowire.bus import Bus, Delivery, MemberOptions, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Transient
from geowire.events import Event, decode, encode, ingest_failure_event
from geowire.kafka_options import KafkaOptions
from geowire.messages import IngestFailure
from geowire.monitor import Counts
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS, Topic

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = 7
BATCH = 20
WORDS, ECHOES = (Topic(f"geowire.{name}", "id", "s", "w", (), partitions=3) for name in ("words", "echoes"))


def numbered(topic: str, number: int) -> Event:
    """The message with a number; its key is one of a few."""
    failure = IngestFailure(stage="fetch", url=f"https://a.example/{number}", reason=str(number), failed_at=NOON)
    return replace(ingest_failure_event(failure), topic=topic, key=f"k{number % KEYS}")


class Echo:
    """A stateless stage that repeats what it reads."""

    name = "echo"
    topic = WORDS.name

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Repeat."""
        return [replace(heard, topic=ECHOES.name) for heard in batch]


class RememberingEcho(Echo):
    """A stateful stage that keeps what it heard, and repeats each message once."""

    rebuilds_from = None

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """One table."""
        connection.execute("CREATE TABLE IF NOT EXISTS heard (number TEXT PRIMARY KEY)")

    def load(self, connection: sqlite3.Connection) -> None:
        """Nothing is held in memory."""

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Nothing to read back."""

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:  # type: ignore[override]
        """Repeat what was not heard yet."""
        insert = "INSERT OR IGNORE INTO heard VALUES (?)"
        fresh = [e for e in batch if connection.execute(insert, (e.data.reason,)).rowcount]  # type: ignore[attr-defined]
        return super().process(fresh)


@dataclass(frozen=True, slots=True)
class Account:
    """What stands in a topic, held against what was acknowledged."""

    lost: int
    duplicates: int
    unequal: int
    """Duplicates that are not the same bytes."""
    disordered: int
    """Messages whose first copy stands behind that of a later one of their key."""


def account(deliveries: Sequence[Delivery], acknowledged: int) -> Account:
    """Go through a topic, whose partitions each come in order."""
    seen: dict[int, Delivery] = {}
    latest: dict[bytes, int] = defaultdict(lambda: -1)
    duplicates = unequal = disordered = 0
    for delivery in deliveries:
        number = int(decode(delivery).data.reason)  # type: ignore[attr-defined]
        if first := seen.get(number):
            duplicates += 1
            unequal += first.record != delivery.record
            continue
        seen[number] = delivery
        disordered += number < latest[delivery.record.key]
        latest[delivery.record.key] = max(number, latest[delivery.record.key])
    return Account(len(set(range(acknowledged)) - seen.keys()), duplicates, unequal, disordered)


@dataclass(slots=True)
class Relay:
    """Publishes without end and repeats what it published, each in a thread, through whatever happens to the bus."""

    url: str
    options: KafkaOptions = field(default_factory=KafkaOptions)
    member: MemberOptions = field(default_factory=lambda: MemberOptions(session_timeout=2.0))
    state: Path | None = None
    """With a file, the stage is one that remembers."""
    acknowledged: int = 0
    faults: list[str] = field(default_factory=list)
    """What the publisher was told while it waited."""
    counts: Counts = field(default_factory=Counts)
    failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _loops: list[ConsumerLoop] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._publish, self._repeat)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for loop in self._loops:
            loop.stop()
        for thread in self._threads:
            thread.join()

    def _guard(self, work: object) -> None:
        assert callable(work)
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # the test fails with it
            self.failure = error

    def open(self) -> Bus:
        """The bus, anew."""
        return open_bus(self.url, member=self.member, kafka=self.options)

    def _publish(self) -> None:
        with self.open() as bus:
            while not self._stop.wait(0.02):
                try:
                    if not self.acknowledged:
                        bus.ensure_topics([WORDS, ECHOES, DEADLETTERS])
                    bus.publish([encode(numbered(WORDS.name, self.acknowledged + n)) for n in range(BATCH)])
                except Transient as fault:
                    self.faults.append(str(fault))
                else:
                    self.acknowledged += BATCH

    def _repeat(self) -> None:
        wait_until(lambda: self.acknowledged > 0 or self._stop.is_set(), "a first message")
        state = StageState(self.state) if self.state else None
        stage = RememberingEcho() if state else Echo()
        with self.open() as bus, contextlib.closing(state) if state else contextlib.nullcontext():
            loop = ConsumerLoop(bus, stage, state=state, options=LoopOptions(batch=50, retry_wait=0.2))
            self.counts = loop.counts
            self._loops.append(loop)
            loop.run()

    def wait_for_progress(self, seconds: float = 60.0) -> None:
        """Wait until messages go in and come out again that were not published before."""
        since = self.acknowledged + BATCH
        wait_until(
            lambda: self.failure is not None or (self.acknowledged > since and self.counts.published > since),
            "the relay to go on",
            seconds,
        )
        assert self.failure is None, self.failure

    def finish(self) -> tuple[Account, Account]:
        """Stop publishing, let the stage read everything, and give the account of both topics."""
        self._stop.set()
        self._threads[0].join()
        with self.open() as bus:
            wait_until(lambda: self.failure is not None or self._lag(bus) == 0, "the stage to read everything")
            assert self.failure is None, self.failure
            return self._account(bus, WORDS), self._account(bus, ECHOES)

    @staticmethod
    def _lag(bus: Bus) -> int:
        return sum(extent.lag for extent in bus.extents("geowire.echo", [WORDS.name]).values())

    def _account(self, bus: Bus, topic: Topic) -> Account:
        found: list[Delivery] = []
        with bus.read(topic.name) as reader:
            while not reader.at_end():
                found += reader.poll(500, 1.0)
        return account(found, self.acknowledged)
