"""Polls one feed: asks for it, takes each of its entries, and only then remembers that it was asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from geowire.events import encode, feed_event
from geowire.messages import FeedPolled
from ingest import outcomes
from ingest.all_of import all_of
from ingest.article_state import articles_at
from ingest.decide import is_too_old, worth_a_look
from ingest.desk import Desk
from ingest.entry_state import KnownEntry, known_entries, pending_entries
from ingest.faults import Attempt, Fault, may_be_ours
from ingest.feed_entry import FeedEntry
from ingest.feed_reading import FeedReading, read_feed
from ingest.feed_share import PENDING, FeedShare
from ingest.feed_state import PolledFeed, feed_at, finish_poll
from ingest.identity import address_key
from ingest.leases import LeasedFeed
from ingest.outcome_log import log_entry
from ingest.outcomes import Outcome, Tally
from ingest.page_reading import OVER_LIMIT, EntryTask, FeedDocument
from ingest.politeness import Slot
from ingest.poll_entry import poll_again, poll_entry
from ingest.publishers import house_of
from ingest.report import FeedReport
from ingest.rhythm import Bounds, entries_per_day
from ingest.site import site_of
from ingest.verdict import Familiarity, Moment, Polled, Verdict, give_verdict

log = logging.getLogger("geowire.ingest.feed")


NOT_HANDLED = {outcomes.failed("internal-error"), outcomes.failed(OVER_LIMIT)}
"""Outcomes after which an entry is met again only if its feed is read again."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A feed that was asked and whose entries were handled; nothing of it is remembered yet."""

    polled: Polled
    tally: Tally
    duration: timedelta

    @property
    def must_wait(self) -> bool:
        """Whether the other feeds of the poll must tell if it was our own network that failed."""
        return may_be_ours(self.polled.leased.history.faults, self.polled.reading.fault)

    @property
    def attempt(self) -> Attempt:
        """What the visit tells of our own network."""
        leased = self.polled.leased
        return Attempt(leased.address, was_well=leased.failures == 0, fault=self.polled.reading.fault)


def broken_reading(leased: LeasedFeed, error: Exception) -> FeedReading:
    """What stands for the reading of a feed that met a fault of ours: it rests, and its validators are kept."""
    said = f"internal-error: {type(error).__name__} {error}".encode("ascii", "replace").decode()[:500]
    fault = Fault("internal-error", is_passing=True)
    return FeedReading("failed", trust=leased.history.trust, error=said, fault=fault)


async def visit_feed(desk: Desk, leased: LeasedFeed, tally: Tally) -> Visit | None:
    """Ask the feed and handle its entries, counted as they end; None if the poll ended before it had answered.

    Raises `Transient` if the database does not answer.
    """
    limit = asyncio.timeout_at(desk.ends)
    try:
        async with limit:
            return await _visit(desk, leased, tally, limit)
    except TimeoutError:
        if limit.expired():
            return None
        raise


async def _visit(desk: Desk, leased: LeasedFeed, tally: Tally, limit: asyncio.Timeout) -> Visit:
    async with desk.feed_turns.turn(site_of(leased.address).host), Slot(None, desk.large_places) as slot:
        started = time.monotonic()
        reading = await read_feed(desk, leased, slot)
        limit.reschedule(None)  # what it has answered is handled to the end; each page minds the time for itself
        slot.shrink()
        polled = Polled(leased, reading)
        if reading.fault is None:
            familiarity = await take_entries(desk, leased, reading, tally)
            polled = Polled(leased, reading, familiarity, await _other_feed(desk, leased, reading))
        return Visit(polled, tally, timedelta(seconds=time.monotonic() - started))


async def conclude(desk: Desk, visit: Visit, *, is_ours: bool = False) -> FeedReport:
    """Remember what the visit means, and give the lease back; `is_ours` if our own network failed, not the feed."""
    polled = replace(visit.polled, is_ours=is_ours)
    settings = desk.settings
    bounds = Bounds(settings.poll_interval, settings.poll_interval_min, settings.poll_interval_max)
    verdict = give_verdict(polled, Moment(desk.clock(), bounds, desk.chance.random()))
    message = _message(polled, verdict, visit.tally, desk)
    await _remember(desk, polled, verdict, message)
    return _report(polled, message, visit.duration)


async def take_entries(desk: Desk, leased: LeasedFeed, reading: FeedReading, tally: Tally) -> Familiarity:
    """Handle every entry of a document and those that wait for another attempt, counted as they end.

    Raises `Transient`.
    """

    async def take(task: EntryTask) -> Outcome:
        return _counted(tally, task, await poll_entry(desk, task))

    async def take_again(task: EntryTask, first: Outcome) -> Outcome:
        return _counted(tally, task, await poll_again(desk, task, first))

    parsed, feed_id = reading.parsed, leased.feed.id
    waiting = await desk.database.run(lambda connection: pending_entries(connection, feed_id, PENDING))
    entries = list({entry.key: entry for entry in (*waiting, *parsed.entries)}.values())
    if not entries:
        return Familiarity()
    source = FeedDocument(
        leased, parsed.title, house_of(entries), FeedShare.begin(desk.settings, len(waiting), desk.ends)
    )
    first, again = _by_link(entries)
    tasks = await _entry_tasks(desk, source, first)
    ends = await all_of([take(task) for task in tasks])
    if again:  # now that it is known what their links lead to
        firsts = {link_of(task): outcome for task, outcome in zip(tasks, ends, strict=True)}
        repeated = await _entry_tasks(desk, source, again, may_look=False)
        await all_of([take_again(task, firsts[link_of(task)]) for task in repeated])
        tasks += repeated
    given = {entry.key for entry in parsed.entries}
    return _familiarity(desk, [task for task in tasks if task.entry.key in given])


def _counted(tally: Tally, task: EntryTask, outcome: Outcome) -> Outcome:
    tally.add(outcome)
    log_entry(task, outcome)
    return outcome


def link_of(task: EntryTask) -> str:
    """The key of the entry's link; empty without one."""
    return address_key(task.entry.link) if task.entry.link else ""


def _by_link(entries: Sequence[FeedEntry]) -> tuple[list[FeedEntry], list[FeedEntry]]:
    """The first entry of each link, and those that lead where an earlier one does."""
    firsts: dict[str, FeedEntry] = {}
    again = [e for e in entries if e.link and firsts.setdefault(address_key(e.link), e) is not e]
    repeated = {id(entry) for entry in again}
    return [entry for entry in entries if id(entry) not in repeated], again


def _familiarity(desk: Desk, tasks: Sequence[EntryTask]) -> Familiarity:
    """What the document's entries were to us before this poll."""
    strange = [task.entry for task in tasks if task.known is None and task.twin is None]
    now, max_age = desk.clock(), desk.settings.max_age
    new = sum(not is_too_old(entry.newest_at, now, max_age) for entry in strange)
    return Familiarity(new, len(tasks) - len(strange), len(tasks))


async def _other_feed(desk: Desk, leased: LeasedFeed, reading: FeedReading) -> str | None:
    if not reading.hops and leased.moved_to is None:
        return None
    return await desk.database.run(lambda connection: feed_at(connection, reading.final, leased.feed.id))


async def _entry_tasks(
    desk: Desk, source: FeedDocument, entries: Sequence[FeedEntry], *, may_look: bool = True
) -> list[EntryTask]:
    feed_id = source.leased.feed.id
    keys = [entry.key for entry in entries]
    links = {entry.key: address_key(entry.link) for entry in entries if entry.link}

    def look_up(connection: Connection) -> tuple[dict[str, KnownEntry], dict[str, str]]:
        known = known_entries(connection, feed_id, keys)
        unclaimed = {link for key, link in links.items() if key not in known or known[key].may_join}
        return known, articles_at(connection, unclaimed)

    known, twins = await desk.database.run(look_up)
    looks = worth_a_look(entries, known, desk.clock(), desk.settings.max_age) if may_look else set()
    return [EntryTask(source, e, known.get(e.key), twins.get(links.get(e.key, "")), e.key in looks) for e in entries]


def _message(polled: Polled, verdict: Verdict, tally: Tally, desk: Desk) -> FeedPolled:
    leased, reading, now = polled.leased, polled.reading, desk.clock()
    a_day = entries_per_day(verdict.history.rhythm)
    return FeedPolled(
        id=leased.feed.id,
        url=leased.feed.url,
        title=reading.parsed.title or leased.title or leased.feed.title,
        publisher=leased.feed.publisher,
        polled_at=now,
        result=reading.result,
        http_status=reading.http_status,
        error=reading.error,
        state=verdict.health.state,
        since=verdict.health.since,
        why=verdict.health.why,
        entries=tally.as_dict(),
        newest_entry_at=verdict.newest_entry_at,
        entries_per_day=None if a_day is None else round(a_day, 2),
        moved_to=verdict.moved_to,
        interval_seconds=max(0, round((verdict.due - now).total_seconds())),
        next_poll_at=verdict.due,
    )


async def _remember(desk: Desk, polled: Polled, verdict: Verdict, message: FeedPolled) -> None:
    leased = polled.leased
    failures = 0 if polled.reading.fault is None else leased.failures + (polled.excuse is None)
    # A crash, a fault of ours or a lack of room must not let the next 304 hide an entry that was not handled.
    validators = None if NOT_HANDLED & message.entries.keys() else verdict.validators
    end = PolledFeed(desk.owner, message, failures, validators, encode(feed_event(message)), verdict.history)
    if not await desk.database.run(lambda connection: finish_poll(connection, end)):
        log.warning("lease lost feed=%s url=%s", message.id, message.url)
    desk.wake_sender()
    if message.error:
        log.warning("feed failed feed=%s url=%s error=%s", message.id, message.url, message.error)


def _report(polled: Polled, message: FeedPolled, duration: timedelta) -> FeedReport:
    return FeedReport(
        feed_id=message.id,
        url=message.url,
        title=message.title,
        result=message.result,
        state=message.state,
        error=message.error,
        http_status=message.http_status,
        entries=message.entries,
        problems=polled.reading.parsed.problems,
        duration=duration,
        bytes_read=polled.reading.bytes_read,
        state_before=polled.leased.state,
        why=message.why,
    )
