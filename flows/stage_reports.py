"""How far behind the stages are, and whether that grows: pure, and told only when it is worth a person's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.markup import table
from geowire.bus import Extent

LAG_LEAST = 500
"""A stage that is less than this behind is not behind."""
LAG_GROWTH = 1.1
"""A lag that is not this many times the last one has not grown."""


@dataclass(frozen=True, slots=True)
class StageHealth:
    """One measure."""

    extents: Mapping[str, Mapping[int, Extent]]
    """By stage and partition of the topic that it reads."""
    dead_letters: int
    """Ever written."""

    @property
    def lags(self) -> dict[str, int]:
        """Messages that each stage has still to read."""
        return {stage: sum(extent.lag for extent in parts.values()) for stage, parts in self.extents.items()}

    def as_memory(self) -> dict[str, Any]:
        """What the next measure is compared with."""
        return {"lags": self.lags, "dead_letters": self.dead_letters}


@dataclass(frozen=True, slots=True)
class Growth:
    """What has grown since the last measure: before and now."""

    lags: Mapping[str, tuple[int, int]]
    dead_letters: tuple[int, int] | None


def growth(now: StageHealth, before: Mapping[str, Any] | None) -> Growth:
    """Compare with the measure before; the first one has grown in nothing."""
    if not before:
        return Growth({}, None)
    lags = {stage: (int(before["lags"].get(stage, 0)), lag) for stage, lag in now.lags.items()}
    grown = {stage: pair for stage, pair in lags.items() if pair[1] >= LAG_LEAST and pair[1] > LAG_GROWTH * pair[0]}
    letters = (int(before["dead_letters"]), now.dead_letters)
    return Growth(grown, letters if letters[1] > letters[0] else None)


def stage_markdown(health: StageHealth, grown: Growth) -> str:
    """A row for each stage and whether it falls behind."""
    behind = sum(health.lags.values())
    head = "## All stages have read everything" if not behind else f"## {behind:,} messages are still to be read"
    rows = [(stage, lag, trend(grown.lags.get(stage))) for stage, lag in health.lags.items()]
    letters = f"{health.dead_letters:,} dead letters were ever written"
    more = (
        f", {grown.dead_letters[1] - grown.dead_letters[0]:,} of them since the last look" if grown.dead_letters else ""
    )
    return f"{head}\n\n{table(('stage', 'still to read', 'trend'), rows)}\n\n{letters}{more}."


def trend(grown: tuple[int, int] | None) -> str:
    """In words."""
    return f"grows: it was {grown[0]:,}" if grown else "steady"


def lag_rows(health: StageHealth) -> list[dict[str, object]]:
    """A row for each stage and partition, the furthest behind first."""
    rows = [
        {"stage": stage, "partition": partition, "read up to": extent.committed, "written up to": extent.end}
        | {"still to read": extent.lag}
        for stage, parts in health.extents.items()
        for partition, extent in sorted(parts.items())
    ]
    return sorted(rows, key=lambda row: -int(str(row["still to read"])))
