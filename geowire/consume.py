"""The one consumer loop: takes batches off the bus, lets a stage answer them, publishes the answers, commits.

poll -> decode -> stage.process -> publish -> commit                      a stateless stage
poll -> skip what the state has -> one transaction: process, keep the     a stateful stage
        answers, advance -> publish what is kept -> strike it -> commit

A `Transient` fault is waited out, the batch in hand, without leaving the group; it never makes a dead letter. What a
stage rejects goes to dead letters, alone: the rest of its batch is processed. `Misconfigured` ends the loop. Beside
its topic a stage reads the retries (`geowire.retries`), of which it takes its own.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from geowire.bus import Bus, Delivery, Record, Subscription, TopicPartition, Unwritable
from geowire.deadletters import dead_letter, undeliverable
from geowire.errors import Misconfigured, PartitionLost, Rejected, Transient
from geowire.events import Event, decode, encode, header_texts
from geowire.logs_outcomes import turn_logger
from geowire.monitor import Counts, Monitor
from geowire.retries import RETRIES, is_for
from geowire.stage import StatefulStage, StatelessStage
from geowire.stage_state import StageState
from geowire.topics import DEADLETTERS

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
IDLE_POLL_SECONDS = 0.2
LONGEST_WAIT = 60.0
LONGEST_BUS_WAIT = 5.0
"""A bus that is back is to be used soon, and asking it costs little."""
OUTBOX_CHUNK = 500

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How the loop behaves; times are seconds."""

    batch: int = 100
    retry_wait: float = 1.0
    until_idle: bool = False
    """End when the group has read everything there is, instead of waiting for more."""


def group_of(stage_name: str) -> str:
    """The consumer group of a stage."""
    return f"geowire.{stage_name}"


class Handler(Protocol):
    """What differs between a stateless and a stateful stage."""

    def assigned(self) -> None:
        """The partitions of this member may have changed."""
        ...

    def answer(self, batch: Sequence[Delivery]) -> None:
        """Process a batch and publish what follows from it."""
        ...


class ConsumerLoop:
    """Runs one stage until `stop` is set, or until it is idle if the options say so."""

    def __init__(
        self,
        bus: Bus,
        stage: StatelessStage | StatefulStage,
        *,
        state: StageState | None = None,
        options: LoopOptions | None = None,
        on_progress: Callable[[Counts], None] = lambda _: None,
        monitor: Monitor | None = None,
    ) -> None:
        self._bus = bus
        self._stage = stage
        self._state = state
        self._options = options or LoopOptions()
        self._on_progress = on_progress
        self._stop = threading.Event()
        self._group = group_of(stage.name)
        self._topics = (stage.topic, RETRIES.name)
        self._monitor = monitor or Monitor([turn_logger(stage.name)])
        self.counts = self._monitor.counts

    def stop(self) -> None:
        """Finish the batch in hand, commit it, and end. May be called from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> Counts:
        """Take batches until stopped. Raises `Misconfigured` if a person must act."""
        exclusive = self._state is not None
        try:
            joined = self._join(exclusive=exclusive)
        except Stopped:
            return self.counts
        with joined as subscription:
            handler = self._handler(self._patience(subscription))
            while not self._stop.is_set():
                try:
                    if self._step(subscription, handler):
                        break
                except PartitionLost as lost:
                    self._monitor.dropped()
                    log.info("%s: %s", self._group, lost)
                    self._patience(subscription).bus(subscription.rewind)
                except Stopped:
                    break
        return self.counts

    def _join(self, *, exclusive: bool) -> Subscription:
        """Join the group, however long the bus is away."""
        wait = self._options.retry_wait
        while True:
            try:
                self._bus.ensure_topics([RETRIES])
                return self._bus.subscribe(self._group, self._topics, exclusive=exclusive)
            except Transient as fault:
                log.warning("waiting %.1f s to join %s: %s", wait, self._group, fault)
            self.counts.retries += 1
            if self._stop.wait(wait):
                raise Stopped
            wait = min(LONGEST_BUS_WAIT, wait * 2)

    def _patience(self, subscription: Subscription) -> Patience:
        return Patience(subscription, self._options.retry_wait, self._stop, self._monitor)

    def _handler(self, patience: Patience) -> Handler:
        if self._state is not None:
            return StatefulHandler(self._bus, self._stage, self._state, patience, self._monitor)  # type: ignore[arg-type]
        return StatelessHandler(self._bus, self._stage, patience, self._monitor)  # type: ignore[arg-type]

    def _step(self, subscription: Subscription, handler: Handler) -> bool:
        """One batch; whether there is no more to wait for."""
        patience = self._patience(subscription)
        wait = IDLE_POLL_SECONDS if self._options.until_idle else POLL_SECONDS
        batch = patience.bus(lambda: subscription.poll(self._options.batch, wait), anew=True)
        self._monitor.pulse.turn(has_joined=subscription.has_joined)
        started = time.monotonic()
        if subscription.assignment:
            handler.assigned()
        if not batch:
            return self._options.until_idle and patience.bus(self._is_idle, anew=True)
        mine = [delivery for delivery in batch if is_for(delivery, self._stage.name)]
        if mine:
            handler.answer(mine)
        patience.bus(lambda: subscription.commit(ends_of(batch)))
        self.counts.taken += len(mine)
        self._monitor.finished(mine, time.monotonic() - started)
        self._on_progress(self.counts)
        return False

    def _is_idle(self) -> bool:
        return all(extent.lag == 0 for extent in self._bus.extents(self._group, self._topics).values())


class Stopped(Exception):
    """The loop was asked to end while it waited for a fault to pass."""


class Patience:
    """Does something until it works, waiting twice as long each time, in the group all the while."""

    def __init__(self, subscription: Subscription, first_wait: float, stop: threading.Event, monitor: Monitor) -> None:
        self._subscription = subscription
        self._first_wait = first_wait
        self._stop = stop
        self._monitor = monitor

    def bus(self, action: Callable[[], Answer], *, anew: bool = False) -> Answer:
        """The same for what only the bus can fail at."""
        return self(action, anew=anew, longest=LONGEST_BUS_WAIT)

    def __call__(self, action: Callable[[], Answer], *, anew: bool = False, longest: float = LONGEST_WAIT) -> Answer:
        """The action's answer. Raises `PartitionLost` if partitions changed while waiting, unless it starts `anew`."""
        epoch = self._subscription.epoch
        wait = self._first_wait
        while True:
            try:
                return action()
            except PartitionLost:
                raise
            except Transient as fault:
                log.warning("waiting %.1f s: %s", wait, fault)
                reason = str(fault)
            self._monitor.counts.retries += 1
            self._wait(wait, reason)
            wait = min(longest, wait * 2)
            if not anew and self._subscription.epoch != epoch:
                raise PartitionLost("the partitions changed hands while a fault was waited out")

    def _wait(self, seconds: float, reason: str) -> None:
        for _ in range(max(1, round(seconds))):
            if self._stop.is_set():
                raise Stopped
            self._monitor.pulse.wait(reason)
            try:
                self._subscription.keep_alive(min(1.0, seconds))
            except Transient:
                self._stop.wait(min(1.0, seconds))


class StatelessHandler:
    """Answers a batch and publishes the answers."""

    def __init__(self, bus: Bus, stage: StatelessStage, patience: Patience, monitor: Monitor) -> None:
        self._bus = bus
        self._stage = stage
        self._patience = patience
        self._monitor = monitor

    def assigned(self) -> None:
        """Nothing is remembered, so nothing changes."""

    def answer(self, batch: Sequence[Delivery]) -> None:
        """See `Handler`."""
        records = self._patience(lambda: self._answers(batch))
        publish(self._bus, records, self._patience, self._monitor.counts)

    def _answers(self, batch: Sequence[Delivery]) -> list[Record]:
        self._monitor.dropped()  # what came of an attempt that a fault ended
        return list(self._records(batch))

    def _records(self, batch: Sequence[Delivery]) -> Iterator[Record]:
        try:
            taken = [decode(delivery) for delivery in batch]
            events = self._stage.process(taken)
        except (Transient, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message does to a stage, the stream goes on
            if len(batch) == 1:
                yield rejected(batch[0], error, self._stage.name, self._monitor.counts)
                return
            for delivery in batch:
                yield from self._records([delivery])
        else:
            self._monitor.answered(taken, events)
            yield from (encode(event) for event in events)


class StatefulHandler:
    """Takes a batch into the stage's state and publishes what the state keeps for that."""

    def __init__(self, bus: Bus, stage: StatefulStage, state: StageState, patience: Patience, monitor: Monitor) -> None:
        self._bus = bus
        self._stage = stage
        self._state = state
        self._patience = patience
        self._monitor = monitor
        self._token = uuid.uuid4().hex
        self._loaded = False

    def assigned(self) -> None:
        """Claim the state; if someone else had it, read it anew and send what was left over."""
        changed = self._patience(lambda: self._state.claim(self._token))
        if self._loaded and not changed:
            return
        self._patience(self._open)
        self._loaded = True
        self._send_waiting()

    def _open(self) -> None:
        with self._state.transaction() as connection:
            self._stage.create_tables(connection)
            if not self._state.is_built():
                if self._stage.rebuilds_from is not None:
                    rebuilding = partial(self._monitor.pulse.wait, "the state is rebuilt")
                    past = published_events(self._bus, self._stage.rebuilds_from, rebuilding)
                    self._stage.rebuild(past, connection)
                self._state.mark_built(connection)
        self._stage.load(self._state.connection)

    def answer(self, batch: Sequence[Delivery]) -> None:
        """See `Handler`."""
        self._patience(lambda: self._take_in(batch))
        self._send_waiting()

    def _take_in(self, deliveries: Sequence[Delivery]) -> None:
        """Take in what the state does not have: a fault in the middle of a batch leaves some of it taken in."""
        batch = [delivery for delivery in deliveries if delivery.offset >= self._state.next_offset(delivery.source)]
        if not batch:
            return
        try:
            with self._state.transaction() as connection:
                taken = [decode(delivery) for delivery in batch]
                events = self._stage.process(taken, connection)
                self._state.put(connection, [encode(event) for event in events])
                self._state.advance(connection, ends_of(batch))
            self._monitor.answered(taken, events)
        except (Transient, Misconfigured):
            self._stage.load(self._state.connection)
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message does to a stage, the stream goes on
            self._stage.load(self._state.connection)
            self._take_in_singly(batch, error)

    def _take_in_singly(self, batch: Sequence[Delivery], error: Exception) -> None:
        if len(batch) > 1:
            for delivery in batch:
                self._take_in([delivery])
            return
        with self._state.transaction() as connection:
            self._state.put(connection, [rejected(batch[0], error, self._stage.name, self._monitor.counts)])
            self._state.advance(connection, ends_of(batch))

    def _send_waiting(self) -> None:
        while True:
            records, up_to = self._state.waiting(OUTBOX_CHUNK)
            if not records:
                return
            publish(self._bus, records, self._patience, self._monitor.counts)
            self._patience(lambda mark=up_to: self._state.strike(mark))  # type: ignore[misc]


def publish(bus: Bus, records: list[Record], patience: Patience, counts: Counts) -> None:
    """Publish all; a record that the bus can never take goes to dead letters in its place."""
    while records:
        try:
            patience.bus(lambda batch=records: bus.publish(batch))  # type: ignore[misc]
        except Unwritable as error:
            if error.record.topic == DEADLETTERS.name:
                raise Misconfigured(
                    f"topic {DEADLETTERS.name} refuses a dead letter: {error}; raise its limit"
                ) from error
            log.warning("dead letter: %s", error)
            count_reason(counts, error.reason)
            records = [undeliverable(error) if record is error.record else record for record in records]
        else:
            counts.published += sum(record.topic != DEADLETTERS.name for record in records)
            return


def rejected(delivery: Delivery, error: Exception, stage_name: str, counts: Counts) -> Record:
    """The dead letter of a delivery that its stage cannot process."""
    if not isinstance(error, Rejected):
        log.error("%s: a message broke the stage", stage_name, exc_info=error)
        error = Rejected("internal-error", f"{type(error).__name__}: {error}")
    facts = dead_letter_fields(delivery, error, stage_name)
    log.warning("dead letter: %s %s offset %d: %s", stage_name, delivery.source, delivery.offset, error, extra=facts)
    count_reason(counts, error.reason)
    return dead_letter(delivery, error, stage_name, group_of(stage_name))


def dead_letter_fields(delivery: Delivery, error: Rejected, stage_name: str) -> dict[str, str]:
    """What a log line says of a dead letter; the key of a record about an article is the article's id."""
    key, headers = delivery.record.key.decode("utf-8", "replace"), header_texts(delivery.record.headers)
    facts = {"stage": stage_name, "outcome": "dead-letter", "reason": error.reason, "ce_id": headers.get("ce_id", "")}
    is_story = headers.get("ce_type", "").startswith(("geowire.story", "geowire.flag"))
    return facts | {"story_id" if is_story else "article_id": key}


def count_reason(counts: Counts, reason: str) -> None:
    """Count a dead letter."""
    counts.dead += 1
    counts.reasons[reason] = counts.reasons.get(reason, 0) + 1


def ends_of(batch: Sequence[Delivery]) -> dict[TopicPartition, int]:
    """The next offset of each partition once the batch is finished."""
    return {delivery.source: delivery.offset + 1 for delivery in batch}


def published_events(bus: Bus, topic: str, on_chunk: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """Everything that stands in a topic, in order per key; what cannot be decoded is passed over."""
    with bus.read(topic) as reader:
        while not reader.at_end():
            on_chunk()
            for delivery in reader.poll(OUTBOX_CHUNK, POLL_SECONDS):
                try:
                    yield decode(delivery)
                except Rejected as error:
                    log.warning("passed over %s offset %d: %s", delivery.source, delivery.offset, error)
