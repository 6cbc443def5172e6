"""How far the pipeline is, as its bus tells it: whether what a fault interrupted is at work again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cli.stages import READS
from geowire.bus import Bus, MemberOptions, open_bus
from geowire.errors import GeowireError
from geowire.stage import group_of
from geowire.topics import ARTICLES, FEEDS


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one part is, and what it has still to do."""

    position: int
    lag: int = 1
    """The poller's work never ends: its feeds are due again."""


Standings = Mapping[str, Standing]


def standings_of(bus: Bus) -> dict[str, Standing]:
    """The poller by what it has published, each stage by what it has committed. Raises `Transient`."""
    written = bus.extents("geowire.chaos", [ARTICLES.name, FEEDS.name]).values()
    found = {"poller": Standing(sum(extent.end for extent in written))}
    for name, topic in READS.items():
        extents = bus.extents(group_of(name), [topic]).values()
        found[name] = Standing(sum(extent.committed for extent in extents), sum(extent.lag for extent in extents))
    return found


def has_moved(before: Standings, now: Standings, parts: Sequence[str]) -> bool:
    """Whether every part has gone on."""
    return all(now[part].position > before[part].position for part in parts)


def is_at_work_or_idle(before: Standings, now: Standings, parts: Sequence[str]) -> bool:
    """Whether every part has gone on, or has nothing to read."""
    return all(now[part].position > before[part].position or not now[part].lag for part in parts)


def is_idle(now: Standings) -> bool:
    """Whether every stage has read everything."""
    return not any(now[name].lag for name in READS)


@dataclass(slots=True)
class Observer:
    """Looks at the bus from outside, again after whatever happened to it."""

    url: str
    _bus: Bus | None = field(default=None)

    def look(self) -> dict[str, Standing] | None:
        """How far everything is; None while the bus does not answer."""
        try:
            if self._bus is None:
                self._bus = open_bus(self.url, member=MemberOptions())
            return standings_of(self._bus)
        except GeowireError:
            self.close()
            return None

    def close(self) -> None:
        """Let go of the bus."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None
