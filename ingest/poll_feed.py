"""Polls one feed: asks for it, takes each of its entries, and only then remembers that it was asked."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from geowire.events import encode, feed_event, ingest_failure_event
from geowire.messages import FeedPolled, IngestFailure
from geowire.messages.feed import PollResult
from ingest.decide import worth_a_look
from ingest.desk import Desk
from ingest.entry_state import KnownEntry, articles_at, known_entries, pending_entries
from ingest.feed_entry import FeedEntry, ParsedFeed
from ingest.feed_health import feed_health
from ingest.feed_state import PolledFeed, Validators, finish_poll
from ingest.fetch import Response
from ingest.fetch_failure import FetchFailed
from ingest.identity import address_key
from ingest.leases import LeasedFeed
from ingest.outbox_rows import put_records
from ingest.outcomes import Tally
from ingest.poll_entry import EntryTask, poll_entry
from ingest.report import FeedReport
from ingest.schedule import PollEnd, Rhythm, next_poll
from ingest.workers import WorkFailed

log = logging.getLogger("geowire.ingest.feed")


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What came back when the feed was asked."""

    result: PollResult
    parsed: ParsedFeed = field(default_factory=ParsedFeed)
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: Validators | None = None
    bytes_read: int = 0
    error: str | None = None


async def poll_feed(desk: Desk, leased: LeasedFeed) -> FeedReport:
    """Poll the feed and give its lease back. Raises `Transient` if the database does not answer."""
    async with desk.feed_slots:
        started = time.monotonic()
        reading = await read_feed(desk, leased)
        tally = Tally() if reading.result == "failed" else await _take_entries(desk, leased, reading.parsed)
        polled = await _finish(desk, leased, reading, tally)
        if reading.error:
            log.warning("feed failed feed=%s url=%s error=%s", polled.id, polled.url, reading.error)
        return FeedReport(
            feed_id=polled.id,
            url=polled.url,
            title=polled.title,
            result=polled.result,
            state=polled.state,
            error=polled.error,
            http_status=polled.http_status,
            entries=polled.entries,
            problems=reading.parsed.problems,
            duration=timedelta(seconds=time.monotonic() - started),
            bytes_read=reading.bytes_read,
        )


async def read_feed(desk: Desk, leased: LeasedFeed) -> FeedReading:
    """Ask for the feed, if it changed, and parse it, if its bytes did."""
    try:
        response = await desk.fetcher.fetch(leased.feed.url, "feed", conditions(leased))
    except FetchFailed as error:
        return FeedReading("failed", http_status=error.status, headers=error.headers, error=str(error)[:500])
    validators = validators_after(leased, response)
    if response.is_not_modified or validators.body_hash == leased.body_hash:
        result: PollResult = "not-modified" if response.is_not_modified else "same-bytes"
        return _reading(result, response, validators, ParsedFeed())
    try:
        parsed = await desk.workers.parse(response.body, response.headers, response.url)
    except WorkFailed as error:
        await _bury(desk, leased, response, error)
        return _reading("failed", response, None, ParsedFeed(error=f"parse-{error.reason}"))
    return _reading("failed" if parsed.error else "changed", response, None if parsed.error else validators, parsed)


def conditions(leased: LeasedFeed) -> dict[str, str]:
    """Headers that ask only for what is new: the validators, byte for byte as they came."""
    named = {"If-None-Match": leased.etag, "If-Modified-Since": leased.last_modified}
    return {name: value for name, value in named.items() if value and value.isascii() and value.isprintable()}


def validators_after(leased: LeasedFeed, response: Response) -> Validators:
    """What to remember: a 304 changes only what it names, an answer with a body replaces everything."""
    etag, modified = response.headers.get("etag"), response.headers.get("last-modified")
    if response.is_not_modified:
        return Validators(etag or leased.etag, modified or leased.last_modified, leased.body_hash)
    return Validators(etag, modified, hashlib.sha256(response.body).hexdigest())


async def _take_entries(desk: Desk, leased: LeasedFeed, parsed: ParsedFeed) -> Tally:
    tally = Tally()
    feed_id = leased.feed.id
    waiting = await desk.database.run(lambda connection: pending_entries(connection, feed_id))
    entries = list({entry.key: entry for entry in (*waiting, *parsed.entries)}.values())
    if entries:
        tasks = await _entry_tasks(desk, leased, parsed.title, entries)
        for outcome in await asyncio.gather(*(poll_entry(desk, task) for task in tasks)):
            tally.add(outcome)
    return tally


async def _entry_tasks(
    desk: Desk, leased: LeasedFeed, title: str | None, entries: Sequence[FeedEntry]
) -> list[EntryTask]:
    keys = [entry.key for entry in entries]
    links = {entry.key: address_key(entry.link) for entry in entries if entry.link}

    def look_up(connection: Connection) -> tuple[dict[str, KnownEntry], dict[str, str]]:
        known = known_entries(connection, leased.feed.id, keys)
        unknown = {link for key, link in links.items() if key not in known or known[key].is_pending}
        return known, articles_at(connection, unknown)

    known, twins = await desk.database.run(look_up)
    new = [entry for entry in entries if entry.key not in known]
    looks = worth_a_look(new, desk.clock(), desk.settings.max_age)
    return [
        EntryTask(leased, title, e, known.get(e.key), twins.get(links.get(e.key, "")), e.key in looks) for e in entries
    ]


async def _finish(desk: Desk, leased: LeasedFeed, reading: FeedReading, tally: Tally) -> FeedPolled:
    now = desk.clock()
    failures = leased.failures + 1 if reading.result == "failed" else 0
    rhythm = Rhythm(desk.settings.poll_interval, desk.settings.poll_interval_max)
    due = next_poll(PollEnd(now, failures, reading.headers), rhythm, desk.chance.random())
    health = feed_health(leased, reading.result, reading.http_status, now)
    entries = tally.as_dict()
    polled = FeedPolled(
        id=leased.feed.id,
        url=leased.feed.url,
        title=reading.parsed.title or leased.title or leased.feed.title,
        publisher=leased.feed.publisher,
        polled_at=now,
        result=reading.result,
        http_status=reading.http_status,
        error=reading.error,
        state=health.state,
        since=health.since,
        entries=entries,
        newest_entry_at=_newest(leased, reading.parsed, now),
        interval_seconds=round((due - now).total_seconds()),
        next_poll_at=due,
    )
    # A crash or a fault of ours in the middle must not let the next 304 hide an entry that was not handled.
    validators = None if "failed:internal-error" in entries else reading.validators
    end = PolledFeed(desk.owner, polled, failures, validators, encode(feed_event(polled)))
    if not await desk.database.run(lambda connection: finish_poll(connection, end)):
        log.warning("lease lost feed=%s url=%s", polled.id, polled.url)
    desk.wake_sender()
    return polled


def _newest(leased: LeasedFeed, parsed: ParsedFeed, now: datetime) -> datetime | None:
    dates = [entry.dated_at for entry in parsed.entries if entry.dated_at is not None]
    if leased.newest_entry_at is not None:
        dates.append(datetime.fromtimestamp(leased.newest_entry_at, now.tzinfo))
    return min(max(dates), now) if dates else None


def _reading(result: PollResult, response: Response, validators: Validators | None, parsed: ParsedFeed) -> FeedReading:
    return FeedReading(
        result=result,
        parsed=parsed,
        http_status=response.status,
        headers=response.headers,
        validators=validators,
        bytes_read=len(response.body),
        error=f"{parsed.error}: {response.url} is not a feed that can be read"[:500] if parsed.error else None,
    )


async def _bury(desk: Desk, leased: LeasedFeed, response: Response, error: WorkFailed) -> None:
    """Put the feed that a worker could not parse among the dead letters."""
    failure = IngestFailure(
        stage="parse",
        url=leased.feed.url,
        feed_id=leased.feed.id,
        reason=f"parse-{error.reason}",
        detail=error.detail[:500],
        sha256=hashlib.sha256(response.body).hexdigest(),
        size=len(response.body),
        failed_at=desk.clock(),
    )
    letter = encode(ingest_failure_event(failure))
    await desk.database.run(lambda connection: put_records(connection, [letter]))
