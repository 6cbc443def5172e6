"""A stage's state when a member begins to work: is it filled, is it of this bus, did others go on without it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from geowire.bus import Bus, Standing, TopicPartition
from geowire.bus_reading import published_events
from geowire.retries import RETRIES
from geowire.stage import StatefulStage, group_of
from geowire.stage_state import StageState

log = logging.getLogger(__name__)


class StateOpening:
    """Compares a state with what stands on the bus, and fills or empties it."""

    def __init__(self, bus: Bus, stage: StatefulStage, state: StageState) -> None:
        self._bus = bus
        self._stage = stage
        self._state = state

    def fits(self) -> bool:
        """Whether the state has all that the stage's group has committed on this bus. Asks the bus."""
        standing = self._standing()
        return not self._strange_topics(standing) and not self._lacks(standing)

    def open(self, on_chunk: Callable[[], None]) -> None:
        """Make the state fit to go on with, in one transaction, and load it. Asks the bus.

        A rebuild may take minutes: `on_chunk` is called now and then, and may end it by raising.
        """
        standing = self._standing()
        with self._state.transaction() as connection:
            self._stage.create_tables(connection)
            self._begin_logs(self._strange_topics(standing), connection)
            self._state.name_logs(connection, {place.topic: at.log for place, at in standing.items()})
            if self._state.is_built() and self._lacks(standing):
                log.warning("%s: others went on without this state: it is built anew", self._stage.name)
                self._state.empty(connection)
            if not self._state.is_built():
                self._build(standing, connection, on_chunk)
        self.load()

    def load(self) -> None:
        """Let the stage read its tables, and forget what it holds in memory."""
        with self._state.reading() as connection:
            self._stage.load(connection)

    def _standing(self) -> Mapping[TopicPartition, Standing]:
        return self._bus.standing(group_of(self._stage.name), [self._stage.topic, RETRIES.name])

    def _strange_topics(self, standing: Mapping[TopicPartition, Standing]) -> list[str]:
        """Topics whose offsets in the state are of another log: another bus is used, or the topic was made anew."""
        return sorted({place.topic for place, at in standing.items() if not self._state.knows(place, at.log, at.end)})

    def _begin_logs(self, topics: Sequence[str], connection: sqlite3.Connection) -> None:
        if not topics:
            return
        line = "%s: another log than before: %s; the old offsets are forgotten"
        log.warning(line, self._stage.name, ", ".join(topics))
        for topic in topics:
            self._state.begin_log(connection, topic)

    def _lacks(self, standing: Mapping[TopicPartition, Standing]) -> bool:
        return any(self._state.next_offset(place) < committed for place, committed in own(standing).items())

    def _build(
        self,
        standing: Mapping[TopicPartition, Standing],
        connection: sqlite3.Connection,
        on_chunk: Callable[[], None],
    ) -> None:
        """From what the stage has published: with that it knows all that its group has committed."""
        if self._stage.rebuilds_from is not None:
            past = published_events(self._bus, self._stage.rebuilds_from, on_chunk)
            self._stage.rebuild(past, connection)
        self._state.advance(connection, own(standing))
        self._state.mark_built(connection)


def own(standing: Mapping[TopicPartition, Standing]) -> dict[TopicPartition, int]:
    """What is committed of the stage's own topic; of the retries most are for others, and pass by the state."""
    return {place: at.committed for place, at in standing.items() if place.topic != RETRIES.name}
