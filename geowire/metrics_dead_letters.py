"""Counts the dead letters by stage and reason; each is read once, so that asking again costs little."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from geowire.bus import Bus, Delivery, Reader, TopicPartition
from geowire.deadletters import INGEST, PUBLISH
from geowire.events import header_texts
from geowire.metrics import OTHER
from geowire.topics import DEADLETTERS

STAGES = frozenset({"tag", "relate", "flag", "webhook", PUBLISH})
CHUNK = 500
POLL_SECONDS = 0.3


class DeadLetterTally:
    """What was read so far. Not for two threads at once."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._next: dict[TopicPartition, int] = {}
        self._reader: Reader | None = None

    def read_on(self, bus: Bus, seconds: float) -> None:
        """Count what came since, for at most so many seconds. Raises `Transient` if the bus does not answer."""
        deadline = time.monotonic() + seconds
        try:
            self._reader = self._reader or bus.read(DEADLETTERS.name)
            while time.monotonic() < deadline and (letters := self._reader.poll(CHUNK, POLL_SECONDS)):
                for letter in letters:
                    self._count(letter)
        except Exception:
            self.close()  # the next reader begins anew, and what is counted is passed over
            raise

    def close(self) -> None:
        """Let go of the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(Exception):
                reader.close()

    def _count(self, letter: Delivery) -> None:
        if letter.offset >= self._next.get(letter.source, 0):
            self._next[letter.source] = letter.offset + 1
            self.counts[stage_and_reason(letter)] += 1


def stage_and_reason(letter: Delivery) -> tuple[str, str]:
    """Who could not process it and why; only what geowire itself writes gets a name."""
    headers = header_texts(letter.record.headers)
    if headers.get("ce_type") == "geowire.ingest.failed" and "dlq.stage" not in headers:
        return INGEST, slug(_data(letter).get("reason"))
    stage = headers.get("dlq.stage", "")
    return stage if stage in STAGES else OTHER, slug(headers.get("dlq.reason"))


def slug(reason: object) -> str:
    """A reason as geowire writes them, else `other`: anybody may write to a topic."""
    return reason if isinstance(reason, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", reason) else OTHER


def _data(letter: Delivery) -> dict[str, Any]:
    try:
        found = json.loads(letter.record.value or b"null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
