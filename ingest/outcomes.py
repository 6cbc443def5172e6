"""How an entry can end. Each entry of each poll ends in exactly one outcome, and the counts add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NewType

Outcome = NewType("Outcome", str)

PUBLISHED = Outcome("published")
UPDATED = Outcome("updated")
UNCHANGED = Outcome("unchanged")
DUPLICATE = Outcome("duplicate")
WITHDRAWN = Outcome("withdrawn")
"""Of a page that is read again, never of a feed's entry."""


def rejected(reason: str) -> Outcome:
    """The entry will never be an article."""
    return Outcome(f"rejected:{reason}")


def failed(reason: str) -> Outcome:
    """The entry could not be read this time."""
    return Outcome(f"failed:{reason}")


def is_failure(outcome: str) -> bool:
    """Whether something went wrong, as against being decided."""
    return outcome.startswith("failed:")


class Tally:
    """Entries counted by outcome."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts: Counter[str] = Counter(counts or {})

    def add(self, outcome: Outcome) -> None:
        """Count one entry."""
        self._counts[outcome] += 1

    @property
    def total(self) -> int:
        """How many entries were counted."""
        return self._counts.total()

    def as_dict(self) -> dict[str, int]:
        """Counts by outcome, the most frequent first; none is zero."""
        return {outcome: count for outcome, count in self._counts.most_common() if count}

    @classmethod
    def sum(cls, tallies: Iterable[Mapping[str, int]]) -> Tally:
        """One tally of many."""
        total = cls()
        for tally in tallies:
            total._counts.update(tally)  # of the same class
        return total
