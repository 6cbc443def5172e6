"""Looks at the bus now and then, on a connection and in a thread of its own: whoever asks never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geowire.bus import Bus, Extent, TopicPartition
from geowire.errors import GeowireError
from geowire.health import BusAnswer

PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the bus; `at` is of the monotonic clock."""

    at: float
    extents: Mapping[TopicPartition, Extent]
    fault: str | None = None


class BusProbe:
    """Keeps the last look at a group's topic."""

    def __init__(self, open_bus: Callable[[], Bus], group: str, topic: str) -> None:
        self._open = open_bus
        self._group = group
        self._topic = topic
        self._look: Look | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="geowire-bus-probe", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, seconds: float = 1.0) -> None:
        """Look no more; a look that hangs ends with the process."""
        self._stop.set()
        self._thread.join(seconds)

    @property
    def answer(self) -> BusAnswer | None:
        """How the last look ended; None before the first."""
        look = self._look
        return None if look is None else BusAnswer(time.monotonic() - look.at, look.fault)

    @property
    def lags(self) -> dict[int, int]:
        """Messages still to read by partition, as last seen; empty if they are not known."""
        look = self._look
        return {} if look is None else {place.partition: extent.lag for place, extent in look.extents.items()}

    def _serve(self) -> None:
        bus: Bus | None = None
        while not self._stop.is_set():
            try:
                bus = bus or self._open()
                extents = bus.extents(self._group, [self._topic])
                self._look = Look(time.monotonic(), extents)
            except Exception as error:  # noqa: BLE001  # a look that fails is an answer too
                self._look = Look(time.monotonic(), {}, one_line(error))
            self._stop.wait(PROBE_SECONDS)
        if bus is not None:
            bus.close()


def one_line(error: Exception) -> str:
    """An error for a person."""
    text = str(error) if isinstance(error, GeowireError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]
