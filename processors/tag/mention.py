"""A name whose meaning is decided."""

from __future__ import annotations

from dataclasses import dataclass

from processors.tag.gazetteer import Entry


@dataclass(frozen=True, slots=True)
class Mention:
    """A span that is decided."""

    start: int
    end: int
    entry: Entry
    rule: str
    score: float
