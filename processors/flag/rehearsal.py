"""What watches would have told of the past: the stage itself, on a state that nobody else sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from geowire.events import Event
from processors.flag.stage import FlagStage
from processors.flag.watch import Watch


def rehearse(watches: Sequence[Watch], past: Iterable[Event]) -> Iterator[Event]:
    """The flags that follow from story updates and mergers, as the stage raises and retracts them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        stage = FlagStage(watches, forgets=False)
        stage.create_tables(connection)
        stage.load(connection)
        for event in past:
            yield from stage.process([event], connection)
