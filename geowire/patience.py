"""Waiting out a passing fault while staying in the consumer group."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from geowire.bus import Subscription
from geowire.errors import PartitionLost, Transient
from geowire.monitor import Monitor

log = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
LONGEST_BUS_WAIT = 5.0
"""A bus that is back is to be used soon, and asking it costs little."""

Answer = TypeVar("Answer")


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

    def stay(self, epoch: int, doing: str) -> None:
        """Between two pieces of long work: stay in the group, and be seen to live.

        Raises `PartitionLost` if the partitions are not those of the epoch any more.
        """
        if self._stop.is_set():
            raise Stopped
        self._monitor.pulse.wait(doing)
        with contextlib.suppress(Transient):  # a bus that is away fails the work itself
            self._subscription.keep_alive(0)
        if self._subscription.epoch != epoch:
            raise PartitionLost(f"the partitions changed hands while {doing}")

    def _wait(self, seconds: float, reason: str) -> None:
        for _ in range(max(1, round(seconds))):
            if self._stop.is_set():
                raise Stopped
            self._monitor.pulse.wait(reason)
            try:
                self._subscription.keep_alive(min(1.0, seconds))
            except Transient:
                self._stop.wait(min(1.0, seconds))
