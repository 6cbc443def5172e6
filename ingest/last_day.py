"""The last day at a glance: what came of entries today and yesterday, and which feeds brought most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from geowire.settings import Settings
from ingest.catalogue import Feed
from ingest.database import Database
from ingest.outcomes import PUBLISHED
from ingest.state_tables import FEED, OUTCOME

BUSIEST = 10


@dataclass(frozen=True, slots=True)
class BusyFeed:
    """A feed and how many articles it brought."""

    title: str
    url: str
    published: int


@dataclass(frozen=True, slots=True)
class LastDay:
    """Days are in UTC: today so far, and all of yesterday."""

    today: Mapping[str, int]
    """Entries by outcome."""
    yesterday: Mapping[str, int]
    busiest: tuple[BusyFeed, ...]
    """Feeds with the most new articles of both days."""
    polled: int
    """Feeds that were polled within 24 hours, of those in the catalogue."""
    feeds: int


def read_last_day(settings: Settings, now: datetime) -> LastDay:
    """Ask the state of ingest. Raises `Misconfigured` or `Transient` if it cannot be read."""
    database = Database(settings.state_url)
    try:
        return database.run_here(lambda connection: last_day(connection, now))
    finally:
        database.close()


def last_day(connection: Connection, now: datetime) -> LastDay:
    """The counts of two days, by the table's key, so that a long history costs nothing."""
    today, yesterday = now.date().isoformat(), (now - timedelta(days=1)).date().isoformat()
    days: defaultdict[str, Counter[str]] = defaultdict(Counter)
    published: Counter[str] = Counter()
    join = FEED.join(OUTCOME, OUTCOME.c.feed_id == FEED.c.id)
    columns = (OUTCOME.c.feed_id, OUTCOME.c.day, OUTCOME.c.outcome, OUTCOME.c.count)
    for row in connection.execute(select(*columns).select_from(join).where(OUTCOME.c.day.in_((today, yesterday)))):
        days[row.day][row.outcome] += row[3]
        published[row.feed_id] += row[3] if row.outcome == PUBLISHED else 0
    since = (now - timedelta(days=1)).timestamp()
    polled = select(func.count()).select_from(FEED).where(FEED.c.active, FEED.c.polled_at >= since)
    return LastDay(
        today=dict(days[today].most_common()),
        yesterday=dict(days[yesterday].most_common()),
        busiest=_named(connection, published),
        polled=connection.scalar(polled) or 0,
        feeds=connection.scalar(select(func.count()).select_from(FEED).where(FEED.c.active)) or 0,
    )


def _named(connection: Connection, published: Counter[str]) -> tuple[BusyFeed, ...]:
    most = [(feed_id, count) for feed_id, count in published.most_common(BUSIEST) if count]
    query = select(FEED.c.id, FEED.c.title, FEED.c.catalogue).where(FEED.c.id.in_([feed_id for feed_id, _ in most]))
    rows = {row.id: row for row in connection.execute(query)}
    feeds = [(Feed.model_validate_json(rows[feed_id].catalogue), rows[feed_id].title, count) for feed_id, count in most]
    return tuple(BusyFeed(title or feed.title or feed.url, feed.url, count) for feed, title, count in feeds)
