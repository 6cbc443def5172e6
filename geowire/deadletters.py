"""Dead letters: the original bytes and headers, untouched, and the facts in `dlq.*` headers.

What is needed to run it again stands in them; they hold no clock, so that the same dead letter twice is the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from geowire.bus import Bus, Delivery, Record, Unwritable
from geowire.bus_reading import everything
from geowire.errors import Rejected
from geowire.events import decode, header_texts
from geowire.messages import IngestFailure
from geowire.topics import DEADLETTERS

PREFIX = "dlq."
RETRY_PREFIX = "retry."
"""Headers of a record that is given to its stage again: `geowire.retries` writes them."""
DETAIL_LIMIT = 1_000
PUBLISH = "publish"
"""The stage of a letter whose record never got onto its topic."""
INGEST = "ingest"
"""The stage of a letter that was written before there was a message."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it stands on the topic."""

    partition: int
    offset: int
    written_ms: int
    """When, in Unix time."""
    facts: Mapping[str, str]
    """What the `dlq.*` headers say, without the prefix."""
    original: Record
    """The record as it was: its topic is the one that it was read from, or should have gone to."""

    @property
    def id(self) -> str:
        """Where it stands, as a person copies it: `partition:offset`."""
        return f"{self.partition}:{self.offset}"

    @property
    def stage(self) -> str:
        """Who wrote it."""
        return self.facts["stage"]

    @property
    def reason(self) -> str:
        """Why, as a slug."""
        return self.facts["reason"]

    @property
    def attempts(self) -> int:
        """How often the stage has tried."""
        attempts = self.facts.get("attempts", "")
        return int(attempts) if attempts.isdecimal() else 1

    @property
    def has_source(self) -> bool:
        """Whether a stage read the record from somewhere and can read it again."""
        return all(self.facts.get(name, "").isdecimal() for name in ("partition", "offset", "timestamp"))

    @property
    def case(self) -> str:
        """What it is about: the same for two letters that a crash made of one failure."""
        if not self.has_source:
            return f"letter/{self.id}"
        names = ("stage", "topic", "partition", "offset")
        return "/".join([*(self.facts[name] for name in names), str(self.attempts)])


def dead_letter(delivery: Delivery, error: Rejected, stage: str, group: str) -> Record:
    """A delivery that a stage cannot process; one that was given to it again counts one attempt more."""
    facts = {
        "stage": stage,
        "group": group,
        **_source(delivery),
        "reason": error.reason,
        "detail": error.detail[:DETAIL_LIMIT],
        "attempts": str(1 + _attempts_before(delivery)),
    }
    return with_facts(delivery.record, facts)


def undeliverable(error: Unwritable) -> Record:
    """A record that the bus refuses."""
    facts = {"topic": error.record.topic, "reason": error.reason, "detail": error.detail[:DETAIL_LIMIT]}
    return with_facts(error.record, {"stage": PUBLISH} | facts)


def with_facts(record: Record, facts: Mapping[str, str]) -> Record:
    """The record on the dead letters, with facts in its headers."""
    added = tuple((PREFIX + name, text.encode()) for name, text in facts.items())
    return Record(DEADLETTERS.name, record.key, record.value, without_facts(record) + added)


def without_facts(record: Record) -> tuple[tuple[str, bytes], ...]:
    """The headers that a record came with, none of which are about its failures."""
    return tuple(header for header in record.headers if not header[0].startswith((PREFIX, RETRY_PREFIX)))


def read_letters(bus: Bus) -> Iterator[Letter]:
    """Everything on the dead letters, the oldest of each partition first; of two for one failure the first."""
    seen: set[str] = set()
    for letter in map(read_letter, everything(bus, DEADLETTERS.name)):
        if letter.case not in seen:
            seen.add(letter.case)
            yield letter


def read_letter(delivery: Delivery) -> Letter:
    """A letter; whatever stands on the topic is one."""
    record = delivery.record
    facts = {n.removeprefix(PREFIX): t for n, t in header_texts(record.headers).items() if n.startswith(PREFIX)}
    if not {"stage", "topic", "reason"} <= facts.keys():
        facts = _facts_of_failure(delivery)
    original = Record(facts["topic"], record.key, record.value, without_facts(record))
    return Letter(delivery.partition, delivery.offset, delivery.timestamp_ms, facts, original)


def _facts_of_failure(delivery: Delivery) -> dict[str, str]:
    """The facts of a letter of ingest, which has an entry with URL and hash instead of headers."""
    nothing = {"stage": "unknown", "topic": DEADLETTERS.name, "reason": "not-a-letter"}
    try:
        failure = decode(delivery).data
    except Rejected as error:
        return nothing | {"detail": str(error)}
    if not isinstance(failure, IngestFailure):
        return nothing | {"detail": "it has no dlq.* headers"}
    detail = f"{failure.stage} {failure.url}: {failure.detail or 'no detail'}"
    return {"stage": INGEST, "topic": DEADLETTERS.name, "reason": failure.reason, "detail": detail}


def _source(delivery: Delivery) -> dict[str, str]:
    """Where the record was first read; a retry tells it in its headers."""
    names = ("topic", "partition", "offset", "timestamp")
    texts = header_texts(delivery.record.headers)
    if all(RETRY_PREFIX + name in texts for name in names):
        return {name: texts[RETRY_PREFIX + name] for name in names}
    place = (delivery.record.topic, delivery.partition, delivery.offset, delivery.timestamp_ms)
    return dict(zip(names, map(str, place), strict=True))


def _attempts_before(delivery: Delivery) -> int:
    attempts = header_texts(delivery.record.headers).get(f"{RETRY_PREFIX}attempts", "")
    return int(attempts) if attempts.isdecimal() else 0
