"""Decides from samples whether something grows without end, and draws it as text: no I/O here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

WARM_UP = 0.2
"""This part of the samples says nothing: caches fill, libraries are loaded."""
WINDOW = 0.25
"""Of what is left, the medians of so much at the beginning and at the end are compared: one peak moves neither."""
BARS = " .:-=+*#%@"
WIDTH = 60


@dataclass(slots=True)
class Series:
    """Values at times: seconds since the beginning, and a number of bytes."""

    name: str
    samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def values(self) -> list[float]:
        """The values in order."""
        return [value for _, value in self.samples]

    @property
    def last(self) -> float:
        """The newest value; 0 before there is any."""
        return self.samples[-1][1] if self.samples else 0.0

    def settled(self) -> tuple[float, float]:
        """The medians of the first and of the last window after the warm-up."""
        left = self.values[int(len(self.samples) * WARM_UP) :]
        size = max(1, int(len(left) * WINDOW))
        return (median(left[:size]), median(left[-size:])) if left else (0.0, 0.0)

    @property
    def growth(self) -> float:
        """By which part it grew from the first window to the last."""
        first, last = self.settled()
        return last / first - 1 if first else 0.0

    @property
    def gain(self) -> float:
        """How much it grew from the first window to the last."""
        first, last = self.settled()
        return last - first

    def halves(self) -> tuple[float, float]:
        """How much it grew in each half of the time after the warm-up."""
        left = self.values[int(len(self.samples) * WARM_UP) :]
        middle = len(left) // 2
        return (left[middle] - left[0], left[-1] - left[middle]) if left else (0.0, 0.0)


def chart(series: Sequence[Series]) -> str:
    """A line of text for each series, from its lowest value to its highest."""
    widest = max((len(one.name) for one in series), default=0)
    return "\n".join(f"{one.name:>{widest}} |{line_of(one.values)}| {span(one.values)}" for one in series)


def line_of(values: Sequence[float], width: int = WIDTH) -> str:
    """Values as characters: the darker, the higher. Zero is the paper, so that a small change looks small."""
    if not values:
        return " " * width
    highest = max(values) or 1.0
    picked = [values[int(number * len(values) / width)] for number in range(width)]
    return "".join(BARS[round(value / highest * (len(BARS) - 1))] for value in picked)


def span(values: Sequence[float]) -> str:
    """The lowest and the highest value."""
    return f"{megabytes(min(values))} to {megabytes(max(values))} MB" if values else "no sample"


def megabytes(size: float) -> str:
    """Bytes in a unit for people."""
    return f"{size / 1_000_000:.1f}"
