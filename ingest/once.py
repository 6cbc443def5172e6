"""Whole pieces of work from begin to end, as flows and commands do them: polls, revisits, backfills, withdrawals."""

from __future__ import annotations

import random as chance

from geowire.bus import Bus
from geowire.errors import Transient
from geowire.settings import Settings
from ingest.backfill import Period
from ingest.database import Database
from ingest.desk import Clock
from ingest.forget import Forgotten, forget
from ingest.leases import new_owner
from ingest.outbox import Sender, SenderOptions
from ingest.poll import DRAIN, open_ingest, poll_in_shards, utc_now
from ingest.report import PollReport, ShardReport
from ingest.revisit import RevisitReport
from ingest.shard import Progress


async def revisit_once(settings: Settings, bus: Bus, limit: int) -> RevisitReport:
    """One whole revisit, as a flow does it, without Prefect."""
    async with open_ingest(settings, bus) as ingest:
        report = await ingest.revisit(limit)
        await ingest.finish()
        return report


async def backfill_once(
    settings: Settings,
    bus: Bus,
    feed: str,
    period: Period,
    *,
    clock: Clock = utc_now,
    on_progress: Progress | None = None,
) -> PollReport:
    """One whole backfill, as a flow does it, without Prefect."""
    async with open_ingest(period.settings(settings, clock()), bus, clock=clock) as ingest:
        await ingest.backfill(feed, period, on_progress)
        return await ingest.finish()


def forget_once(settings: Settings, bus: Bus, url: str, *, clock: Clock = utc_now) -> Forgotten | None:
    """Take back the article at an address and tell the readers; None if none is known there."""
    database = Database(settings.state_url)
    options = SenderOptions(new_owner(chance.SystemRandom().getrandbits(32)), clock, DRAIN, settings.retry_wait)
    sender = Sender(database, bus, options)
    sender.start()
    try:
        forgotten = database.run_here(lambda connection: forget(connection, url, clock))
        if sender.drain(DRAIN.total_seconds()):
            raise Transient("the bus does not answer: the withdrawal waits in the outbox, and the next poll sends it")
    finally:
        sender.stop()
        database.close()
    return forgotten


async def poll_once(
    settings: Settings, bus: Bus, *, all_feeds: bool = False, on_progress: Progress | None = None
) -> PollReport:
    """One whole poll, as a flow does it, without Prefect."""
    async with open_ingest(settings, bus) as ingest:

        async def poll_shard(size: int, _number: int, _of: int) -> ShardReport:
            return await ingest.poll_some(size, all_feeds=all_feeds, on_progress=on_progress)

        await poll_in_shards(ingest, poll_shard, all_feeds=all_feeds)
        return await ingest.finish()
