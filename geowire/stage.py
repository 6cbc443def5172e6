"""What a stage is: message in, messages out. The consumer loop (`geowire.consume`) does everything else.

StatelessStage   process(events) -> events                         tag
StatefulStage    process(events, connection) -> events             relate, flag
                 its tables, the offsets and the outgoing messages change in one SQLite transaction
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Protocol

from geowire.events import Event


def group_of(stage_name: str) -> str:
    """The consumer group of a stage."""
    return f"geowire.{stage_name}"


class StatelessStage(Protocol):
    """A stage whose answer depends on nothing but the message."""

    @property
    def name(self) -> str:
        """Short name, such as `tag`; the consumer group is `geowire.<name>`."""
        ...

    @property
    def topic(self) -> str:
        """The topic that it reads."""
        ...

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """The messages that follow from a batch, in its order; the same batch always gives the same messages.

        Raises `Rejected` if one of them can never be processed (the loop then tries them one at a time), `Transient`
        to be called again later with the same batch, `Misconfigured` to stop.
        """
        ...


class StatefulStage(Protocol):
    """A stage that remembers. One member of its group works at a time."""

    @property
    def name(self) -> str:
        """Short name, such as `relate`; the consumer group is `geowire.<name>`."""
        ...

    @property
    def topic(self) -> str:
        """The topic that it reads."""
        ...

    @property
    def rebuilds_from(self) -> str | None:
        """The stage's own topic, from which a lost state is rebuilt; None if there is nothing to rebuild."""
        ...

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """Create the stage's tables if they are missing."""
        ...

    def load(self, connection: sqlite3.Connection) -> None:
        """Forget everything held in memory and read it from the tables: called at start and after a rollback."""
        ...

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:
        """As for a stateless stage, inside an open transaction; it must not commit.

        After any exception the transaction is rolled back and `load` is called.
        """
        ...

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Fill empty tables from what this stage has published before, in order per key, inside an open transaction."""
        ...
