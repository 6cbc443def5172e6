"""What is remembered of a feed beyond its last poll: one value, kept as JSON, with a part for each decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from ingest.faults import Faults
from ingest.feed_entry import FeedHints
from ingest.feed_health import Document
from ingest.moves import Move
from ingest.rhythm import Rhythm
from ingest.validators import Trust


@dataclass(frozen=True, slots=True)
class FeedHistory:
    """How a feed did so far. A part that an older version did not know begins anew."""

    rhythm: Rhythm = field(default_factory=Rhythm)
    faults: Faults = field(default_factory=Faults)
    trust: Trust = field(default_factory=Trust)
    move: Move = field(default_factory=Move)
    document: Document = field(default_factory=Document)
    hints: FeedHints = field(default_factory=FeedHints)


HISTORY_JSON = TypeAdapter(FeedHistory)


def read_history(text: str | None) -> FeedHistory:
    """The history as it is stored; an empty one of a feed that has none."""
    return HISTORY_JSON.validate_json(text) if text else FeedHistory()


def write_history(history: FeedHistory) -> str:
    """The history as it is stored: defaults are left out."""
    return HISTORY_JSON.dump_json(history, exclude_defaults=True).decode()
