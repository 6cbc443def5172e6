"""How a batch is answered: by a stage without state at once, by one with state through its outbox."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from geowire.bus import Bus, Delivery, Record, TopicPartition, Unwritable
from geowire.deadletters import dead_letter, undeliverable
from geowire.errors import Misconfigured, Rejected, Transient
from geowire.events import decode, encode, header_texts
from geowire.monitor import Counts, Monitor
from geowire.patience import Patience
from geowire.stage import StatefulStage, StatelessStage, group_of
from geowire.stage_state import StageState
from geowire.state_opening import StateOpening
from geowire.topics import DEADLETTERS

log = logging.getLogger(__name__)

OUTBOX_CHUNK = 500


class Handler(Protocol):
    """What differs between a stateless and a stateful stage."""

    def assigned(self, epoch: int) -> None:
        """The partitions of this member have changed if the epoch has."""
        ...

    def answer(self, batch: Sequence[Delivery]) -> None:
        """Process a batch and publish what follows from it."""
        ...


@dataclass(frozen=True, slots=True)
class Rejection:
    """A delivery that its stage cannot process, and why."""

    delivery: Delivery
    error: Rejected
    stage_name: str

    @classmethod
    def of(cls, delivery: Delivery, error: Exception, stage_name: str) -> Self:
        """Of what the stage raised; anything but `Rejected` is a fault of the stage's own, and logged as one."""
        if isinstance(error, Rejected):
            return cls(delivery, error, stage_name)
        log.error("%s: a message broke the stage", stage_name, exc_info=error)
        return cls(delivery, Rejected("internal-error", f"{type(error).__name__}: {error}"), stage_name)

    @property
    def record(self) -> Record:
        """The dead letter."""
        return dead_letter(self.delivery, self.error, self.stage_name, group_of(self.stage_name))

    def tell(self, counts: Counts) -> None:
        """Log and count it, once no fault can make it happen again."""
        place = (self.stage_name, self.delivery.source, self.delivery.offset, self.error)
        log.warning("dead letter: %s %s offset %d: %s", *place, extra=self._fields())
        count_reason(counts, self.error.reason)

    def _fields(self) -> dict[str, str]:
        """What a log line says of it; the key of a record about an article is the article's id."""
        record = self.delivery.record
        key, headers = record.key.decode("utf-8", "replace"), header_texts(record.headers)
        facts = {"stage": self.stage_name, "outcome": "dead-letter", "reason": self.error.reason}
        is_story = headers.get("ce_type", "").startswith(("geowire.story", "geowire.flag"))
        return facts | {"ce_id": headers.get("ce_id", ""), "story_id" if is_story else "article_id": key}


class StatelessHandler:
    """Answers a batch and publishes the answers."""

    def __init__(self, bus: Bus, stage: StatelessStage, patience: Patience, monitor: Monitor) -> None:
        self._bus = bus
        self._stage = stage
        self._patience = patience
        self._monitor = monitor

    def assigned(self, epoch: int) -> None:
        """Nothing is remembered, so nothing changes."""

    def answer(self, batch: Sequence[Delivery]) -> None:
        """See `Handler`."""
        answers = self._patience(lambda: self._answers(batch))
        records = [answer.record if isinstance(answer, Rejection) else answer for answer in answers]
        publish(self._bus, records, self._patience, self._monitor.counts)
        for answer in answers:
            if isinstance(answer, Rejection):
                answer.tell(self._monitor.counts)

    def _answers(self, batch: Sequence[Delivery]) -> list[Record | Rejection]:
        self._monitor.dropped()  # what came of an attempt that a fault ended
        return list(self._records(batch))

    def _records(self, batch: Sequence[Delivery]) -> Iterator[Record | Rejection]:
        try:
            taken = [decode(delivery) for delivery in batch]
            events = self._stage.process(taken)
        except (Transient, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message does to a stage, the stream goes on
            if len(batch) == 1:
                yield Rejection.of(batch[0], error, self._stage.name)
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
        self._opening = StateOpening(bus, stage, state)
        self._token = uuid.uuid4().hex
        self._loaded = False
        self._is_rolled_back = False
        self._epoch = -1

    def assigned(self, epoch: int) -> None:
        """Claim the state; if it is not the one that the group went on with, open it and send what was left over."""
        if self._patience(lambda: self._state.claim(self._token)):
            self._loaded = False  # at once: if opening fails, the next claim finds it unchanged
        if self._loaded and epoch != self._epoch and not self._patience.bus(self._opening.fits):
            self._loaded = False
        if not self._loaded:
            stay = partial(self._patience.stay, epoch, "the state is rebuilt")
            self._patience(lambda: self._opening.open(stay))
            self._is_rolled_back = False
            self._send_waiting()
        self._loaded, self._epoch = True, epoch

    def answer(self, batch: Sequence[Delivery]) -> None:
        """See `Handler`."""
        self._patience(lambda: self._take_in(batch))
        self._send_waiting()

    def _take_in(self, deliveries: Sequence[Delivery]) -> None:
        """Take in what the state does not have: a fault in the middle of a batch leaves some of it taken in."""
        batch = [delivery for delivery in deliveries if delivery.offset >= self._state.next_offset(delivery.source)]
        if not batch:
            return
        self._reload()
        try:
            with self._state.transaction() as connection:
                taken = [decode(delivery) for delivery in batch]
                events = self._stage.process(taken, connection)
                self._state.put(connection, [encode(event) for event in events])
                self._state.advance(connection, ends_of(batch))
            self._monitor.answered(taken, events)
        except (Transient, Misconfigured):
            self._is_rolled_back = True
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message does to a stage, the stream goes on
            self._is_rolled_back = True
            self._take_in_singly(batch, error)

    def _reload(self) -> None:
        """What the stage holds in memory of a transaction that was rolled back must go before it is used again."""
        if self._is_rolled_back:
            self._opening.load()
            self._is_rolled_back = False

    def _take_in_singly(self, batch: Sequence[Delivery], error: Exception) -> None:
        if len(batch) > 1:
            for delivery in batch:
                self._take_in([delivery])
            return
        rejection = Rejection.of(batch[0], error, self._stage.name)
        with self._state.transaction() as connection:
            self._state.put(connection, [rejection.record])
            self._state.advance(connection, ends_of(batch))
        rejection.tell(self._monitor.counts)

    def _send_waiting(self) -> None:
        while True:
            records, up_to = self._patience(lambda: self._state.waiting(OUTBOX_CHUNK))
            if not records:
                return
            publish(self._bus, records, self._patience, self._monitor.counts)
            self._patience(lambda mark=up_to: self._state.strike(mark))  # type: ignore[misc]


def publish(bus: Bus, records: list[Record], patience: Patience, counts: Counts) -> None:
    """Publish all; a record that the bus can never take goes to dead letters instead, and counts once it is there."""
    refusals: list[Unwritable] = []
    while records and (refusal := _try_to_publish(bus, records, patience)):
        refusals.append(refusal)
        records = [undeliverable(refusal) if record is refusal.record else record for record in records]
    counts.published += sum(record.topic != DEADLETTERS.name for record in records)
    for refusal in refusals:
        log.warning("dead letter: %s", refusal)
        count_reason(counts, refusal.reason)


def _try_to_publish(bus: Bus, records: list[Record], patience: Patience) -> Unwritable | None:
    """Publish all, or give the refusal of one of them."""
    try:
        patience.bus(lambda: bus.publish(records))
    except Unwritable as error:
        if error.record.topic == DEADLETTERS.name:
            raise Misconfigured(f"topic {DEADLETTERS.name} refuses a dead letter: {error}; raise its limit") from error
        return error
    return None


def count_reason(counts: Counts, reason: str) -> None:
    """Count a dead letter."""
    counts.dead += 1
    counts.reasons[reason] = counts.reasons.get(reason, 0) + 1


def ends_of(batch: Sequence[Delivery]) -> dict[TopicPartition, int]:
    """The next offset of each partition once the batch is finished."""
    return {delivery.source: delivery.offset + 1 for delivery in batch}
