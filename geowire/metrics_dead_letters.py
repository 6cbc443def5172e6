"""Counts the dead letters by stage and reason; each is read once, so that asking again costs little."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from geowire.bus import Bus, Delivery, Reader, TopicPartition
from geowire.deadletters import INGEST, PUBLISH, read_letter
from geowire.metrics import OTHER
from geowire.topics import DEADLETTERS

CHUNK = 500
POLL_SECONDS = 0.3


class DeadLetterTally:
    """What was read so far. `stages` have names, as have ingest and publishing; all else is `other`. For one thread."""

    def __init__(self, stages: Iterable[str]) -> None:
        self._names = frozenset({*stages, INGEST, PUBLISH})
        self.counts: Counter[tuple[str, str]] = Counter()
        self._next: dict[TopicPartition, int] = {}
        self._reader: Reader | None = None

    def read_on(self, bus: Bus, seconds: float) -> None:
        """Count what came since, for at most so many seconds. Raises `Transient` if the bus does not answer."""
        deadline = time.monotonic() + seconds
        try:
            self._reader = self._reader or bus.read(DEADLETTERS.name)
            while time.monotonic() < deadline and (found := self._reader.poll(CHUNK, POLL_SECONDS)):
                for delivery in found:
                    self._count(delivery)
        except Exception:
            self.close()  # the next reader begins anew, and what is counted is passed over
            raise

    def close(self) -> None:
        """Let go of the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(Exception):
                reader.close()

    def _count(self, delivery: Delivery) -> None:
        if delivery.offset >= self._next.get(delivery.source, 0):
            self._next[delivery.source] = delivery.offset + 1
            self.counts[self._stage_and_reason(delivery)] += 1

    def _stage_and_reason(self, delivery: Delivery) -> tuple[str, str]:
        """Who could not process it and why; only what geowire itself writes gets a name."""
        letter = read_letter(delivery)
        return letter.stage if letter.stage in self._names else OTHER, slug(letter.reason)


def slug(reason: str) -> str:
    """A reason as geowire writes them, else `other`: anybody may write to a topic."""
    return reason if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", reason) else OTHER
