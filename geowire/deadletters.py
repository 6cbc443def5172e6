"""Dead letters: the original bytes and headers, untouched, and the facts in `dlq.*` headers.

What is needed to run it again stands in them; they hold no clock, so that the same dead letter twice is the same bytes.
"""

from __future__ import annotations

from geowire.bus import Delivery, Record, Unwritable
from geowire.errors import Rejected
from geowire.topics import DEADLETTERS

PREFIX = "dlq."
DETAIL_LIMIT = 1_000


def dead_letter(delivery: Delivery, error: Rejected, stage: str, group: str) -> Record:
    """A delivery that a stage cannot process."""
    facts = {
        "stage": stage,
        "group": group,
        "topic": delivery.record.topic,
        "partition": str(delivery.partition),
        "offset": str(delivery.offset),
        "timestamp": str(delivery.timestamp_ms),
        "reason": error.reason,
        "detail": error.detail[:DETAIL_LIMIT],
        "attempts": "1",
    }
    return with_facts(delivery.record, facts)


def undeliverable(error: Unwritable) -> Record:
    """A record that the bus refuses."""
    facts = {"topic": error.record.topic, "reason": error.reason, "detail": error.detail[:DETAIL_LIMIT]}
    return with_facts(error.record, {"stage": "publish"} | facts)


def with_facts(record: Record, facts: dict[str, str]) -> Record:
    """The record on the dead letters, with facts in its headers."""
    original = tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX))
    added = tuple((PREFIX + name, text.encode()) for name, text in facts.items())
    return Record(DEADLETTERS.name, record.key, record.value, original + added)
