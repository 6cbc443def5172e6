"""One poll: lease the feeds that are due, poll them in shards, drain the outbox. Flows wrap exactly these functions."""

from __future__ import annotations

import asyncio
import logging
import math
import random as chance
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from geowire.bus import Bus
from geowire.errors import Transient
from geowire.settings import Settings
from ingest.all_of import all_of
from ingest.backfill import Period, backfill_leased, busy_report, feeds_named
from ingest.catalogue_sync import synced_feeds
from ingest.database import Database
from ingest.desk import Clock, Desk
from ingest.fair_turns import FairTurns
from ingest.feed_share import part_of
from ingest.fetch import Fetcher
from ingest.host_tables import HostMemory
from ingest.leases import Claim, LeasedFeed, Wanted, count_wanted, lease_wanted, new_owner, release, renew
from ingest.outbox import Sender, SenderOptions
from ingest.politeness import LargePlaces, Slot
from ingest.publishers import Publishers
from ingest.report import PollReport, ShardReport
from ingest.revisit import RevisitReport, revisit_due
from ingest.shard import Progress, Shard
from ingest.site_memory import SiteMemory
from ingest.site_reader import SiteReader
from ingest.strikes import Strikes
from ingest.workers import Workers

log = logging.getLogger("geowire.ingest.poll")

T = TypeVar("T")
SHARD_LEAST = 50
SHARDS_MOST = 16
SHARDS_AT_ONCE = 4
"""The feeds of the others stay free for other pollers, and a dead one's work is little."""
SHARD_SECONDS = 30.0
"""The next shard begins after so long in any case."""
DOCUMENTS_PER_REQUEST = 4
"""Feeds whose entries are under way, for each request that may be: most of them only wait for pages."""
LARGE_AT_ONCE = 8
"""Bodies over two million bytes that are in memory at the same time."""
BACKFILL_AT_ONCE = 50
BACKFILL_ATTEMPTS, BACKFILL_WAIT = 24, 5.0
"""How often, and after how many seconds, a backfill asks again for feeds that another process polls."""
DRAIN = timedelta(seconds=30)
"""How long the end of a poll waits for a bus that does not answer; what is left is sent by the next."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def shard_sizes(feeds: int) -> list[int]:
    """At most 16 shards of at least 50 feeds and of one size: each must tell for itself if our network failed."""
    number = max(1, min(SHARDS_MOST, feeds // SHARD_LEAST))
    size = max(SHARD_LEAST, math.ceil(feeds / number))
    return [min(size, feeds - start) for start in range(0, feeds, size)]


class Ingest:
    """One process's polls. Everything runs in one event loop; shards may run at the same time."""

    def __init__(self, desk: Desk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender
        self._began = desk.clock()
        self._started = time.monotonic()
        self._shards: list[ShardReport] = []
        self._left: set[str] = set()
        self._unasked = 0
        self._shard_slots = asyncio.Semaphore(SHARDS_AT_ONCE)

    async def count(self, *, all_feeds: bool = False) -> int:
        """How many feeds this poll is about and nobody else polls now."""
        wanted, now = self._wanted(all_feeds=all_feeds), self._desk.clock()
        return await self._desk.database.run(lambda connection: count_wanted(connection, wanted, now))

    async def poll_some(self, number: int, *, all_feeds: bool, on_progress: Progress | None = None) -> ShardReport:
        """Lease up to so many feeds and poll them. What is not leased yet is free for other processes.

        Only a few shards are at full work at once: the next one leases when most of one is done. None begins when the
        poll's time is over.
        """
        async with Slot(self._shard_slots) as slot:
            await slot.take()
            if asyncio.get_running_loop().time() >= self._desk.ends:
                self._unasked += number
                return ShardReport()
            asyncio.get_running_loop().call_later(SHARD_SECONDS, slot.give)
            feeds = await self.lease(self._wanted(all_feeds=all_feeds), number)
            return await self.poll_shard(feeds, on_progress, slot)

    async def lease(self, wanted: Wanted, limit: int | None = None) -> list[LeasedFeed]:
        """Lease feeds that are wanted and that nobody else polls, the longest overdue first.

        Those that an ended shard has left are free again by then: the attempt after it takes them.
        """
        claim, left, self._left = self._claim(), self._left, set()

        def take(connection: Connection) -> list[LeasedFeed]:
            if left:
                release(connection, claim.owner, tuple(left))
            return lease_wanted(connection, claim, wanted, limit)

        try:
            return await self._desk.database.run(take)
        except Transient:
            self._left |= left
            raise

    def _wanted(self, *, all_feeds: bool) -> Wanted:
        return Wanted(all_feeds, self._began)

    async def poll_shard(
        self, feeds: Sequence[LeasedFeed], on_progress: Progress | None = None, slot: Slot | None = None
    ) -> ShardReport:
        """Poll leased feeds; articles are published as they are finished. Raises `Transient` if the state is down.

        Feeds that have ended are reported in either case; the others may be leased again.
        """
        shard = Shard(self._desk, feeds, on_progress, slot)
        try:
            await shard.poll()
        finally:
            self._shards.append(shard.report)
            self._left |= shard.left
        return shard.report

    async def revisit(self, limit: int) -> RevisitReport:
        """Read again at most so many pages of articles that are due. Raises `Transient` if the state is down."""
        return await revisit_due(self._desk, limit)

    async def backfill(self, feed: str, period: Period, on_progress: Progress | None = None) -> None:
        """Take what the feed of this name, or every feed, lists of a period. Raises `Misconfigured` for a name."""
        ids = await self._desk.database.run(lambda connection: feeds_named(connection, feed))
        for start in range(0, len(ids), BACKFILL_AT_ONCE):
            await self._backfill_some(set(ids[start : start + BACKFILL_AT_ONCE]), period, on_progress)

    async def _backfill_some(self, left: set[str], period: Period, on_progress: Progress | None) -> None:
        for attempt in range(BACKFILL_ATTEMPTS):
            await asyncio.sleep(BACKFILL_WAIT if attempt else 0.0)
            feeds = await self.lease(Wanted(feed_ids=tuple(sorted(left))))
            self._shards.append(await backfill_leased(self._desk, feeds, period, on_progress))
            left -= {leased.feed.id for leased in feeds}
            if not left:
                return
        self._shards.append(await self._desk.database.run(lambda connection: busy_report(connection, left)))

    async def finish(self, drain: timedelta = DRAIN) -> PollReport:
        """Wait until the bus has everything, but no longer than `drain`; the report of all shards."""
        unasked = self._unasked + len(self._left)
        if unasked:
            log.warning("the time is over feeds=%d; the next poll asks them", unasked)
        left = await asyncio.to_thread(self._sender.drain, drain.total_seconds())
        if left:
            log.warning("outbox not empty records=%d; the next poll sends them", left)
        return PollReport.of(self._shards, timedelta(seconds=time.monotonic() - self._started), left, unasked)

    async def warm_up(self) -> None:
        """Wait until the worker processes are there; a poll that does not wait fetches its first feeds meanwhile."""
        await self._desk.workers.ready()

    async def keep_leases(self) -> None:
        """Renew the leases for as long as this runs."""
        length = self._desk.settings.lease
        while True:
            await asyncio.sleep(length.total_seconds() / 3)
            with suppress(Transient):
                await self._desk.database.run(partial(renew, claim=self._claim()))

    async def give_back(self) -> None:
        """Give up every lease that is still held."""
        owner = self._desk.owner
        with suppress(Transient):
            await self._desk.database.run(lambda connection: release(connection, owner))

    def _claim(self) -> Claim:
        return Claim(self._desk.owner, self._desk.clock(), self._desk.settings.lease)


@asynccontextmanager
async def open_ingest(
    settings: Settings,
    bus: Bus,
    *,
    clock: Clock = utc_now,
    random: chance.Random | None = None,
    ends: float = math.inf,
) -> AsyncIterator[Ingest]:
    """Everything that a poll needs, ready: catalogue read, state open, sender running. The bus has its topics.

    `ends` is when nothing more is asked for, on the event loop's clock, in seconds.

    Raises `Misconfigured` or `Transient` in one line if the catalogue or the state cannot be used.
    """
    draw = random or chance.Random()
    owner = new_owner(chance.SystemRandom().getrandbits(32))
    database = await asyncio.to_thread(Database, settings.state_url)
    sender = Sender(database, bus, SenderOptions(owner, clock, max(settings.lease, DRAIN), settings.retry_wait))
    try:
        async with Fetcher(settings, HostMemory(database, clock)) as fetcher, Workers(settings) as workers:
            sites = SiteMemory(database, clock)
            desk = Desk(
                settings=settings,
                database=database,
                fetcher=fetcher,
                workers=workers,
                reader=SiteReader(workers, sites),
                clock=clock,
                chance=draw,
                owner=owner,
                wake_sender=sender.wake,
                feed_turns=FairTurns(
                    DOCUMENTS_PER_REQUEST * settings.concurrency, DOCUMENTS_PER_REQUEST * part_of(settings)
                ),
                page_slots=asyncio.Semaphore(settings.concurrency),
                large_places=LargePlaces(LARGE_AT_ONCE),
                stuck_sites=Strikes("site-stuck", "gave pages that could not be read"),
                ends=ends,
            )
            async with _running(desk, sender) as ingest:
                yield ingest
            await sites.save()
    finally:
        await asyncio.to_thread(sender.stop)
        await asyncio.to_thread(database.close)


@asynccontextmanager
async def _running(desk: Desk, sender: Sender) -> AsyncIterator[Ingest]:
    feeds = await synced_feeds(desk.settings.feeds_location, desk.fetcher, desk.database)
    sender.start()
    ingest = Ingest(replace(desk, publishers=Publishers(feeds)), sender)
    keeper = asyncio.create_task(ingest.keep_leases())
    try:
        yield ingest
    finally:
        keeper.cancel()
        await ingest.give_back()


PollShard = Callable[[int, int, int], Coroutine[Any, Any, ShardReport]]
"""Polls so many feeds as shard number N of M."""


async def poll_in_shards(ingest: Ingest, poll_shard: PollShard, *, all_feeds: bool) -> None:
    """Poll what is wanted; each shard leases its feeds when its turn comes."""
    sizes = shard_sizes(await ingest.count(all_feeds=all_feeds))
    await all_of([poll_shard(size, number, len(sizes)) for number, size in enumerate(sizes, 1)])
