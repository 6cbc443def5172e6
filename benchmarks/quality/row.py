"""One line of the table of figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of one part of a set: a share, or how many if it `is_count`."""

    dataset: str
    measure: str
    part: str
    value: float
    count: int
    target: float | None = None
    is_count: bool = False

    @property
    def shown(self) -> str:
        """The figure as the table has it."""
        return f"{self.value:.0f}" if self.is_count else f"{self.value:.3f}"

    @property
    def is_met(self) -> bool:
        """True if it has no target or reaches it."""
        return self.target is None or self.value >= self.target
