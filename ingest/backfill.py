"""Fetches what feeds still list of the past: entries of a period are let in although they are older than polls take.

A backfill leaves a feed's rhythm, health, validators and next poll as they are: it is no poll.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select

from geowire.errors import GeowireError, Misconfigured
from geowire.settings import Settings
from geowire.settings_values import parse_duration
from ingest.all_of import all_of
from ingest.catalogue import Feed
from ingest.desk import Desk
from ingest.entry_state import forget_fruitless
from ingest.feed_reading import FeedReading, read_feed
from ingest.feed_state import count_outcomes, feed_address
from ingest.leases import LeasedFeed, release
from ingest.outcomes import Tally
from ingest.politeness import Slot
from ingest.poll_feed import broken_reading, take_entries
from ingest.report import FeedReport, ShardReport
from ingest.shard import Progress
from ingest.site import site_of
from ingest.state_tables import FEED
from ingest.validators import Validators

log = logging.getLogger("geowire.ingest.backfill")

FEED_TIME = timedelta(minutes=30)
"""For the pages of one feed: nothing else waits for a backfill."""
SLACK = timedelta(days=1)
"""A backfill takes its time, and an entry that was young enough at its begin stays so."""
WRITE_AS = "write an age such as 30d or a day such as 2026-10-01"


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, up to another."""

    since: datetime
    until: datetime

    def has(self, moment: datetime | None) -> bool:
        """Whether a date lies in it; what has no date does not: a poll takes that anyway."""
        return moment is not None and self.since <= moment < self.until

    def settings(self, settings: Settings, now: datetime) -> Settings:
        """The settings under which its entries are young enough, and a feed has the time for all of its pages."""
        return settings.with_(max_age=now - self.since + SLACK, feed_timeout=FEED_TIME)


def parse_period(since: str, until: str, now: datetime) -> Period:
    """From ages (`30d`) or days (`2026-10-01`, in UTC); `until` is included, empty means now.

    Raises `Misconfigured` that says what to write.
    """
    begin = _moment("since", since, now)
    end = _moment("until", until, now, is_end=True) if until.strip() else now
    if begin >= min(end, now):
        raise Misconfigured(f"since {since!r} is not before until {until or 'now'!r}; write a period that has passed")
    return Period(begin, end)


def _moment(name: str, said: str, now: datetime, *, is_end: bool = False) -> datetime:
    try:
        day = date.fromisoformat(said.strip())
    except ValueError:
        try:
            return now - parse_duration(said)
        except (ValueError, OverflowError):
            raise Misconfigured(f"{name}: {said[:80]!r} is neither an age nor a day; {WRITE_AS}") from None
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return begin + timedelta(days=1) if is_end and day != date.max else begin


def feeds_named(connection: Connection, name: str) -> tuple[str, ...]:
    """The ids of the feeds with this id, address or title; of all feeds if it is empty. Raises `Misconfigured`."""
    wanted = name.strip().casefold()
    query = select(FEED.c.id, FEED.c.title, FEED.c.catalogue).where(FEED.c.active).order_by(FEED.c.id)
    found: list[str] = []
    for row in connection.execute(query):
        feed = Feed.model_validate_json(row.catalogue)
        names = {text.casefold() for text in (feed.id, feed.url, feed.title, row.title) if text}
        if not wanted or wanted in names:
            found.append(feed.id)
    if wanted and not found:
        raise Misconfigured(f"no feed is called {name[:200]!r}; write its address as geowire feeds list shows it")
    return tuple(found)


async def backfill_leased(
    desk: Desk, feeds: Sequence[LeasedFeed], period: Period, on_progress: Progress | None = None
) -> ShardReport:
    """Take what leased feeds list of a period, and give the leases back. Raises `Transient` if the state is down."""

    async def one(leased: LeasedFeed) -> FeedReport:
        report = await _backfill_feed(desk, leased, period)
        if on_progress:
            on_progress(report)
        return report

    return ShardReport(tuple(await all_of([one(leased) for leased in feeds])))


async def _backfill_feed(desk: Desk, leased: LeasedFeed, period: Period) -> FeedReport:
    started, tally = time.monotonic(), Tally()
    try:
        reading = await _take_period(desk, leased, period, tally)
    except GeowireError:
        raise
    except Exception as error:  # one feed must not stop the others
        log.exception("feed broke the backfill feed=%s url=%s", leased.feed.id, leased.address)
        reading = broken_reading(leased, error)
    await _give_back(desk, leased, tally)
    log.info("feed backfilled feed=%s entries=%d error=%s", leased.feed.id, tally.total, reading.error)
    return FeedReport(
        feed_id=leased.feed.id,
        url=leased.feed.url,
        title=reading.parsed.title or leased.title or leased.feed.title,
        result=reading.result,
        state=leased.state,
        error=reading.error,
        http_status=reading.http_status,
        entries=tally.as_dict(),
        duration=timedelta(seconds=time.monotonic() - started),
        bytes_read=reading.bytes_read,
    )


async def _take_period(desk: Desk, leased: LeasedFeed, period: Period, tally: Tally) -> FeedReading:
    async with desk.feed_turns.turn(site_of(leased.address).host), Slot(None, desk.large_places) as slot:
        reading = await read_feed(desk, replace(leased, validators=Validators()), slot)
        slot.shrink()
        if reading.fault is None:
            entries = tuple(entry for entry in reading.parsed.entries if period.has(entry.dated_at))
            keys = [entry.key for entry in entries]
            await desk.database.run(lambda connection: forget_fruitless(connection, leased.feed.id, keys))
            await take_entries(desk, leased, replace(reading, parsed=replace(reading.parsed, entries=entries)), tally)
    return reading


async def _give_back(desk: Desk, leased: LeasedFeed, tally: Tally) -> None:
    feed_id, day = leased.feed.id, desk.clock().date().isoformat()

    def write(connection: Connection) -> None:
        count_outcomes(connection, feed_id, day, tally.as_dict())
        release(connection, desk.owner, [feed_id])

    await desk.database.run(write)
    desk.wake_sender()


def busy_report(connection: Connection, feed_ids: Iterable[str]) -> ShardReport:
    """The report of feeds that another process polled all the time."""
    error = "busy: another process polls it all the time; run the backfill again"
    addresses = {feed_id: feed_address(connection, feed_id) or feed_id for feed_id in sorted(feed_ids)}
    return ShardReport(tuple(FeedReport(i, url, None, "failed", "new", error) for i, url in addresses.items()))
