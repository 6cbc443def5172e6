"""A stage's state at the start of a tenure: is it filled, and did another member go on without it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping

from geowire.bus import Bus, Standing, TopicPartition
from geowire.bus_reading import published_events
from geowire.stage import StatefulStage, group_of
from geowire.stage_state import StageState

log = logging.getLogger(__name__)


class StateOpening:
    """Compares a state with what stands on the bus, and fills or empties it."""

    def __init__(self, bus: Bus, stage: StatefulStage, state: StageState, on_chunk: Callable[[], None]) -> None:
        self._bus = bus
        self._stage = stage
        self._state = state
        self._on_chunk = on_chunk

    def is_behind(self) -> bool:
        """Whether the stage's group has committed what this state has not taken in. Asks the bus."""
        return self._lacks(self._standing())

    def open(self) -> None:
        """Make the state fit to go on with, in one transaction, and load it. Asks the bus."""
        standing = self._standing()
        with self._state.transaction() as connection:
            self._stage.create_tables(connection)
            if self._state.is_built() and self._lacks(standing):
                log.warning("%s: others went on without this state: it is built anew", self._stage.name)
                self._state.empty(connection)
            if not self._state.is_built():
                self._build(standing, connection)
        self._stage.load(self._state.connection)

    def _standing(self) -> Mapping[TopicPartition, Standing]:
        return self._bus.standing(group_of(self._stage.name), [self._stage.topic])

    def _lacks(self, standing: Mapping[TopicPartition, Standing]) -> bool:
        return any(self._state.next_offset(place) < at.committed for place, at in standing.items())

    def _build(self, standing: Mapping[TopicPartition, Standing], connection: sqlite3.Connection) -> None:
        """From what the stage has published: with that it knows all that its group has committed."""
        if self._stage.rebuilds_from is not None:
            past = published_events(self._bus, self._stage.rebuilds_from, self._on_chunk)
            self._stage.rebuild(past, connection)
        self._state.advance(connection, {place: at.committed for place, at in standing.items()})
        self._state.mark_built(connection)
