"""Polls some leased feeds together, and then judges with all of them at hand whether our own network failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

from geowire.errors import GeowireError
from ingest.all_of import all_of
from ingest.desk import Desk
from ingest.faults import Attempt, is_our_network
from ingest.leases import LeasedFeed
from ingest.outcomes import Tally
from ingest.politeness import Slot
from ingest.poll_feed import Visit, broken_reading, conclude, visit_feed
from ingest.report import FeedReport, ShardReport
from ingest.verdict import Polled

log = logging.getLogger("geowire.ingest.poll")

Progress = Callable[[FeedReport], None]

MOST = 0.75
"""Part of a shard's feeds after which the next shard begins: a slow feed must not keep those of others waiting."""


def broken_report(visit: Visit) -> FeedReport:
    """The report of a feed that could not even be concluded as broken."""
    leased, reading = visit.polled.leased, visit.polled.reading
    title, entries = leased.title or leased.feed.title, visit.tally.as_dict()
    return FeedReport(leased.feed.id, leased.feed.url, title, "failed", leased.state, reading.error, entries=entries)


class Shard:
    """Leased feeds, and what has come of them so far. `slot`, if it is given, is given back when most are done."""

    def __init__(
        self, desk: Desk, feeds: Sequence[LeasedFeed], on_progress: Progress | None = None, slot: Slot | None = None
    ) -> None:
        self._desk = desk
        self._feeds = feeds
        self._started = time.monotonic()
        self._ids = [leased.feed.id for leased in feeds]
        self._on_progress = on_progress
        self._slot = slot
        self._tallies = {feed_id: Tally() for feed_id in self._ids}
        self._reports: dict[str, FeedReport] = {}
        self._attempts: list[Attempt] = []
        self._waiting: list[Visit] = []

    @property
    def report(self) -> ShardReport:
        """The feeds whose poll has ended."""
        return ShardReport(tuple(self._reports[feed_id] for feed_id in self._ids if feed_id in self._reports))

    @property
    def left(self) -> frozenset[str]:
        """The ids of those that are as they were: the time was over, or a fault ended the shard."""
        return frozenset(self._ids) - self._reports.keys()

    async def poll(self) -> None:
        """Poll the feeds; articles are published as they are finished. Raises `Transient` if the state is down."""
        await all_of([self._guarded(leased, self._visit(leased)) for leased in self._feeds])
        is_ours = is_our_network(self._attempts)
        ends = [(visit.polled.leased, self._end(visit, is_ours=is_ours)) for visit in self._waiting]
        await all_of([self._guarded(leased, end) for leased, end in ends])

    async def _visit(self, leased: LeasedFeed) -> None:
        visit = await visit_feed(self._desk, leased, self._tallies[leased.feed.id])
        if visit is None:
            return
        self._attempts.append(visit.attempt)
        if self._slot is not None and len(self._attempts) >= MOST * len(self._feeds):
            self._slot.give()
        if visit.must_wait:
            self._waiting.append(visit)
        else:
            await self._end(visit, is_ours=False)

    async def _end(self, visit: Visit, *, is_ours: bool) -> None:
        report = await conclude(self._desk, visit, is_ours=is_ours)
        self._reports[report.feed_id] = report
        if self._on_progress is not None:
            self._on_progress(report)

    async def _guarded(self, leased: LeasedFeed, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except GeowireError:
            raise
        except Exception as error:  # one feed must not stop the others
            log.exception("feed broke the poll feed=%s url=%s", leased.feed.id, leased.address)
            await self._end_broken(leased, error)

    async def _end_broken(self, leased: LeasedFeed, error: Exception) -> None:
        """Conclude a feed that met a fault of ours, so that it fails and rests as after any other fault."""
        broken = Polled(leased, broken_reading(leased, error))
        visit = Visit(broken, self._tallies[leased.feed.id], timedelta(seconds=time.monotonic() - self._started))
        try:
            await self._end(visit, is_ours=False)
        except GeowireError:
            raise
        except Exception:  # it stays due and is met again
            log.exception("feed not concluded feed=%s url=%s", leased.feed.id, leased.address)
            self._reports[leased.feed.id] = broken_report(visit)
