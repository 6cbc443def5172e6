"""Keeps the state small: forgets what nobody will ask for again, a little in each transaction.

What stays for ever are the hashes by which an article is known when it comes again: so nothing is published twice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, not_, select, tuple_, update

from geowire.bus import Bus
from geowire.settings import Settings
from ingest.database import Database, Work
from ingest.desk import Clock
from ingest.feed_state import count_outcomes
from ingest.leases import new_owner
from ingest.outbox import Sender, SenderOptions
from ingest.outbox_rows import count_waiting
from ingest.state_tables import ALIAS, ARTICLE, ENTRY, FEED, IS_PENDING, OUTCOME

CHUNK = 500
CHUNKS_MOST = 2_000
"""A run stops after so many; the next goes on."""
LEAST_DAYS = 31
"""Longer than any topic keeps a message and any poll meets an entry that it has dated."""
DRAIN = timedelta(seconds=30)
EARLIER = "earlier"
"""The day under which old counts stand together: totals stay what they are."""


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What was forgotten, counted, and what waits."""

    entries: int
    """Entries of feeds, met and done long ago, or waiting for a feed that is gone."""
    texts: int
    """Articles of which only the hashes of their addresses are kept now."""
    counts: int
    """Daily counts of outcomes that were added up."""
    feeds: int
    """Feeds that left the catalogue long ago."""
    waiting: int
    """Messages that the bus does not take yet."""


def keep_house(settings: Settings, bus: Bus, days: int, clock: Clock) -> Housekeeping:
    """Forget what is older than so many days, and send what waits in the outbox. Raises `Transient`."""
    before = clock() - timedelta(days=max(days, LEAST_DAYS))
    database = Database(settings.state_url)
    try:
        waiting = _send_waiting(database, bus, settings, clock)
        return Housekeeping(
            entries=_repeat(database, lambda connection: forget_entries(connection, before))
            + _repeat(database, lambda connection: forget_waiting(connection, before)),
            texts=_repeat(database, lambda connection: forget_texts(connection, before)),
            counts=_repeat(database, lambda connection: add_up_counts(connection, before)),
            feeds=_repeat(database, lambda connection: forget_feeds(connection, before)),
            waiting=waiting,
        )
    finally:
        database.close()


def forget_entries(connection: Connection, before: datetime) -> int:
    """Forget one chunk of entries that were done before a moment; one that is met again is known by its address."""
    done = select(ENTRY.c.feed_id, ENTRY.c.key).where(~IS_PENDING, ENTRY.c.seen_at < before.timestamp()).limit(CHUNK)
    return _drop_entries(connection, done)


def forget_waiting(connection: Connection, before: datetime) -> int:
    """Forget one chunk of entries that wait for another attempt, which nobody will make: their feed is gone."""
    kept = select(FEED.c.id).where(not_(_is_gone(before)))
    lost = select(ENTRY.c.feed_id, ENTRY.c.key).where(IS_PENDING, ENTRY.c.feed_id.not_in(kept)).limit(CHUNK)
    return _drop_entries(connection, lost)


def _drop_entries(connection: Connection, chosen: Select[tuple[str, str]]) -> int:
    keys = [(row.feed_id, row.key) for row in connection.execute(chosen)]
    if keys:
        connection.execute(delete(ENTRY).where(tuple_(ENTRY.c.feed_id, ENTRY.c.key).in_(keys)))
    return len(keys)


def forget_texts(connection: Connection, before: datetime) -> int:
    """Drop the content of one chunk of articles that were first seen before a moment and are never read again."""
    is_over = (ARTICLE.c.message.is_not(None), ARTICLE.c.visit_at.is_(None))
    old = select(ARTICLE.c.id).where(*is_over, ARTICLE.c.first_seen_at < before.timestamp()).limit(CHUNK)
    ids = list(connection.scalars(old))
    if ids:
        nothing = {"message": None, "etag": None, "last_modified": None, "page_title": None}
        connection.execute(update(ARTICLE).where(ARTICLE.c.id.in_(ids)).values(nothing))
        connection.execute(update(ALIAS).where(ALIAS.c.article_id.in_(ids)).values(address=""))
    return len(ids)


def add_up_counts(connection: Connection, before: datetime) -> int:
    """Put all daily counts before a day into one count for each outcome; how many rows went."""
    old = (OUTCOME.c.day < before.date().isoformat(), OUTCOME.c.day != EARLIER)
    sums = select(OUTCOME.c.outcome, func.sum(OUTCOME.c.count)).where(*old).group_by(OUTCOME.c.outcome)
    totals = {outcome: int(count) for outcome, count in connection.execute(sums)}
    count_outcomes(connection, "", EARLIER, totals)
    return connection.execute(delete(OUTCOME).where(*old)).rowcount


def forget_feeds(connection: Connection, before: datetime) -> int:
    """Forget one chunk of feeds that are in the catalogue no more and were polled last before a moment, or never."""
    ids = list(connection.scalars(select(FEED.c.id).where(_is_gone(before)).limit(CHUNK)))
    if ids:
        connection.execute(delete(FEED).where(FEED.c.id.in_(ids)))
    return len(ids)


def _is_gone(before: datetime) -> ColumnElement[bool]:
    return and_(~FEED.c.active, func.coalesce(FEED.c.polled_at, 0.0) < before.timestamp())


def _repeat(database: Database, work: Work[int]) -> int:
    """Do the work chunk by chunk, each in a transaction of its own, until nothing is left."""
    done = 0
    for _ in range(CHUNKS_MOST):
        number = database.run_here(work)
        done += number
        if number < CHUNK:
            break
    return done


def _send_waiting(database: Database, bus: Bus, settings: Settings, clock: Clock) -> int:
    """Send what a process left in the outbox; how much still waits."""
    if not database.run_here(count_waiting):
        return 0
    sender = Sender(database, bus, SenderOptions(new_owner(secrets.randbits(32)), clock, DRAIN, settings.retry_wait))
    sender.start()
    try:
        return sender.drain(DRAIN.total_seconds())
    finally:
        sender.stop()
