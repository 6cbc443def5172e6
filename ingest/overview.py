"""How everything in ingest's state stands, for a person who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from geowire.settings import Settings
from ingest.catalogue import Feed
from ingest.database import Database
from ingest.outbox_rows import count_waiting, waiting_since
from ingest.state_tables import ENTRY, FEED, IS_PENDING, OUTCOME


@dataclass(frozen=True, slots=True)
class FeedOverview:
    """One feed that needs a look."""

    url: str
    title: str | None
    state: str
    since: datetime | None
    error: str | None
    why: str | None = None
    """What the state rests on, in one line."""
    entries_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Feeds by health, entries by outcome since the beginning, and what waits."""

    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    failing: tuple[FeedOverview, ...]
    pending: int
    """Entries that are tried again at the next poll."""
    waiting: int
    """Records in the outbox."""
    outbox_since: datetime | None = None
    """When the record that has waited longest was decided."""
    due: int = 0
    """Feeds whose time to be asked has come."""
    last_poll: datetime | None = None
    """When the poll of a feed last ended."""

    def facts(self) -> dict[str, Any]:
        """For a program."""
        failing = [
            {"url": f.url, "state": f.state, "error": f.error, "why": f.why, "entries_per_day": f.entries_per_day}
            for f in self.failing
        ]
        counts = {"feeds": dict(self.states), "entries": dict(self.outcomes)}
        last_poll = self.last_poll.isoformat() if self.last_poll else None
        waits = {"pending": self.pending, "outbox": self.waiting, "due": self.due, "last_poll": last_poll}
        return counts | {"failing": failing} | waits


def read_overview(settings: Settings) -> Overview:
    """Ask the state of ingest. Raises `Misconfigured` or `Transient` if it cannot be read."""
    database = Database(settings.state_url)
    try:
        now = datetime.now(UTC)
        return database.run_here(lambda connection: _overview(connection, now))
    finally:
        database.close()


def _overview(connection: Connection, now: datetime) -> Overview:
    states = select(FEED.c.state, func.count()).where(FEED.c.active).group_by(FEED.c.state).order_by(FEED.c.state)
    polled = ENTRY.join(FEED, FEED.c.id == ENTRY.c.feed_id)
    total = func.sum(OUTCOME.c.count)
    outcomes = select(OUTCOME.c.outcome, total).group_by(OUTCOME.c.outcome).order_by(total.desc(), OUTCOME.c.outcome)
    return Overview(
        states={state: int(count) for state, count in connection.execute(states)},
        outcomes={outcome: int(count) for outcome, count in connection.execute(outcomes)},
        failing=_failing(connection),
        pending=connection.scalar(select(func.count()).select_from(polled).where(IS_PENDING, FEED.c.active)) or 0,
        waiting=count_waiting(connection),
        outbox_since=waiting_since(connection),
        due=connection.scalar(select(func.count()).where(FEED.c.active, FEED.c.next_poll_at <= now.timestamp())) or 0,
        last_poll=_moment(connection.scalar(select(func.max(FEED.c.polled_at)))),
    )


def _failing(connection: Connection) -> tuple[FeedOverview, ...]:
    columns = [FEED.c[name] for name in ("catalogue", "title", "state", "since", "error", "why", "entries_per_day")]
    unwell = select(*columns).where(FEED.c.active, FEED.c.state.not_in(("healthy", "new"))).order_by(FEED.c.since)
    return tuple(
        FeedOverview(
            url=Feed.model_validate_json(row["catalogue"]).url,
            title=row["title"],
            state=row["state"],
            since=_moment(row["since"]),
            error=row["error"],
            why=row["why"],
            entries_per_day=row["entries_per_day"],
        )
        for row in connection.execute(unwell).mappings()
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
