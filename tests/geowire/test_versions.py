"""Messages of writers that are newer than this reader: more fields are passed over, another major is a dead letter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import Record, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.deadletters import read_letters
from geowire.events import Event, encode, ingest_failure_event
from geowire.messages import IngestFailure
from geowire.topics import DEADLETTERS, Topic

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IN = Topic("in", "url", "For a test.", "a test", ())


class Listener:
    """A stage that keeps what it hears."""

    name = "listener"
    topic = IN.name

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Nothing follows from it."""
        self.heard += batch
        return []


def written_with(**headers: str) -> Record:
    """A message as some other version writes it."""
    failure = IngestFailure(stage="fetch", url="https://a.example/", reason="timeout", failed_at=NOON)
    record = replace(encode(ingest_failure_event(failure)), topic=IN.name)
    changed = {name: text.encode() for name, text in headers.items()}
    return replace(record, headers=tuple((name, changed.get(name, value)) for name, value in record.headers))


def heard_and_rejected(folder: Path, record: Record) -> tuple[list[Event], list[tuple[str, str]]]:
    """What a stage hears of a record, and the dead letters: reason and detail."""
    stage = Listener()
    with open_bus(f"sqlite:///{folder / 'bus.db'}") as bus:
        bus.ensure_topics([IN, DEADLETTERS])
        bus.publish([record])
        ConsumerLoop(bus, stage, options=LoopOptions(until_idle=True)).run()
        return stage.heard, [(letter.reason, letter.facts["detail"]) for letter in read_letters(bus)]


@pytest.mark.parametrize(
    ("record", "reason", "says"),
    [
        (written_with(ce_type="geowire.ingest.praised"), "unknown-type", "geowire.ingest.praised"),
        (written_with(ce_dataschema="urn:geowire:schema:IngestFailure:v2"), "unknown-schema", "IngestFailure:v2"),
        (written_with(ce_dataschema="urn:geowire:schema:IngestFailure:v10"), "unknown-schema", "IngestFailure:v10"),
        (written_with(ce_specversion="2.0"), "unknown-specversion", "'2.0'"),
    ],
)
def test_what_this_version_cannot_read_is_a_dead_letter_that_says_so(
    record: Record, reason: str, says: str, tmp_path: Path
) -> None:
    """The stage never sees it, and the detail names what was written and what can be read."""
    heard, letters = heard_and_rejected(tmp_path, record)

    assert not heard
    ((why, detail),) = letters
    assert why == reason
    assert says in detail


@pytest.mark.parametrize(
    "headers",
    [{}, {"ce_dataschema": "urn:geowire:schema:IngestFailure:v1.3"}, {"ce_specversion": "1.1"}],
)
def test_a_newer_minor_version_is_read(headers: dict[str, str], tmp_path: Path) -> None:
    """Its fields and headers that are not known here break nothing."""
    record = written_with(**headers)
    value = json.loads(record.value or b"") | {"mood": {"calm": [1, 2]}}
    newer = replace(record, value=json.dumps(value).encode(), headers=(*record.headers, ("ce_mood", b"calm")))

    heard, letters = heard_and_rejected(tmp_path, newer)

    assert not letters
    (event,) = heard
    assert event.data == IngestFailure(stage="fetch", url="https://a.example/", reason="timeout", failed_at=NOON)
