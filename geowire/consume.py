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
from collections.abc import Callable
from dataclasses import dataclass

from geowire import patience as waits
from geowire.bus import Bus, Subscription
from geowire.errors import PartitionLost, Transient
from geowire.handlers import Handler, StatefulHandler, StatelessHandler, ends_of
from geowire.logs_outcomes import turn_logger
from geowire.monitor import Counts, Monitor
from geowire.patience import Patience, Stopped
from geowire.retries import RETRIES, is_for
from geowire.stage import StatefulStage, StatelessStage, group_of
from geowire.stage_state import StageState

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
IDLE_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How the loop behaves; times are seconds."""

    batch: int = 100
    retry_wait: float = 1.0
    until_idle: bool = False
    """End when the group has read everything there is, instead of waiting for more."""


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
            self._work(subscription)
        return self.counts

    def _work(self, subscription: Subscription) -> None:
        """Batch after batch; after partitions were lost in the middle of one, anew from what is committed."""
        patience = self._patience(subscription)
        handler = self._handler(patience)
        has_lost = False
        while not self._stop.is_set():
            try:
                if has_lost:
                    patience.bus(subscription.rewind, anew=True)
                    has_lost = False
                if self._step(subscription, handler):
                    break
            except PartitionLost as lost:
                self._monitor.dropped()
                log.info("%s: %s", self._group, lost)
                has_lost = True
            except Stopped:
                break

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
            wait = min(waits.LONGEST_BUS_WAIT, wait * 2)

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
            handler.assigned(subscription.epoch)
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
