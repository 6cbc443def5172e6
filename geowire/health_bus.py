"""How each stage stands on the bus: what it has still to read, how far it is, who runs it, since when it waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geowire.bus import Bus, Extent
from geowire.stage import group_of

LATE_SECONDS = 600.0
"""A message that a stage has not read for so long is late."""


@dataclass(frozen=True, slots=True)
class StageLook:
    """One stage, as the bus tells of it."""

    extents: Mapping[int, Extent]
    """By partition."""
    members: int
    is_late: bool
    """Whether its next message has waited for longer than `LATE_SECONDS`."""

    @property
    def lag(self) -> int:
        """Messages still to read."""
        return sum(extent.lag for extent in self.extents.values())

    @property
    def committed(self) -> int:
        """What it has finished, over all partitions."""
        return sum(extent.committed for extent in self.extents.values())


def look_at_stage(bus: Bus, stage: str, topic: str, now: float) -> StageLook:
    """Ask the bus for one stage; `now` is Unix time. Raises `Transient` if the bus does not answer.

    Retries on their way to the stage are not counted: every stage passes over those of the others.
    """
    group = group_of(stage)
    extents = {place.partition: extent for place, extent in bus.extents(group, [topic]).items()}
    is_behind = any(extent.lag for extent in extents.values())
    late = bus.late_partitions(group, [topic], now - LATE_SECONDS) if is_behind else set()
    return StageLook(extents, bus.members(group), bool(late))


def look_at_stages(bus: Bus, reads: Mapping[str, str], now: float) -> dict[str, StageLook]:
    """Every stage and the topic that it reads."""
    return {stage: look_at_stage(bus, stage, topic, now) for stage, topic in reads.items()}
