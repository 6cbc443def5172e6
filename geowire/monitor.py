"""What a consumer loop tells of itself: that it turns, what it waits for, what became of each batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from geowire.bus import Delivery
from geowire.events import Event
from geowire.turn import Exchange, Turn

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What a loop has done since it started."""

    taken: int = 0
    published: int = 0
    dead: int = 0
    retries: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Dead letters by reason."""


class Pulse:
    """The last sign of life of a loop. Written by the loop, read by any thread; seconds are of the monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._turned_at = clock()
        self._has_joined = False
        self._fault: str | None = None

    def turn(self, *, has_joined: bool) -> None:
        """The loop came round without a fault."""
        with self._lock:
            self._turned_at, self._has_joined, self._fault = self._clock(), has_joined, None

    def wait(self, fault: str) -> None:
        """The loop lives, and waits for a fault to pass."""
        with self._lock:
            self._turned_at, self._fault = self._clock(), fault

    @property
    def silent_seconds(self) -> float:
        """How long ago the last sign was."""
        with self._lock:
            return self._clock() - self._turned_at

    @property
    def has_joined(self) -> bool:
        """Whether the loop's member stands in its group."""
        with self._lock:
            return self._has_joined

    @property
    def fault(self) -> str | None:
        """What it waits for."""
        with self._lock:
            return self._fault


class Monitor:
    """Collects what a batch becomes and hands it on once it is committed; a listener that breaks stops nothing."""

    def __init__(
        self, listeners: Sequence[Callable[[Turn], None]] = (), clock: Callable[[], float] = time.time
    ) -> None:
        self.counts = Counts()
        self.pulse = Pulse()
        self._listeners = list(listeners)
        self._clock = clock
        self._exchanges: list[Exchange] = []

    def listen(self, listener: Callable[[Turn], None]) -> None:
        """Hand each further batch to one more listener."""
        self._listeners.append(listener)

    def answered(self, taken: Sequence[Event], answers: Sequence[Event]) -> None:
        """A stage has answered some messages of the batch in hand."""
        self._exchanges.append(Exchange(tuple(taken), tuple(answers)))

    def dropped(self) -> None:
        """The batch in hand belongs to another member now, or is begun anew."""
        self._exchanges.clear()

    def finished(self, batch: Sequence[Delivery], seconds: float) -> None:
        """The batch in hand is published and committed."""
        turn = Turn(tuple(batch), tuple(self._exchanges), seconds, self._clock())
        self._exchanges.clear()
        for listener in self._listeners:
            try:
                listener(turn)
            except Exception:  # whoever watches must not stop what is watched
                log.exception("a batch was not recorded")
