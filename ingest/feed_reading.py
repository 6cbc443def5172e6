"""Asks for one feed, if it changed, and has it parsed, if its bytes did."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from geowire.events import encode, ingest_failure_event
from geowire.messages import IngestFailure
from geowire.messages.feed import PollResult
from ingest.advice import asks_to_wait
from ingest.answer import Hop, Response
from ingest.desk import Desk
from ingest.faults import Fault
from ingest.feed_entry import CUT, ParsedFeed
from ingest.fetch_failure import FetchFailed
from ingest.leases import LeasedFeed
from ingest.outbox_rows import put_records
from ingest.politeness import Slot
from ingest.rhythm import entries_per_day
from ingest.validators import Trust, Validators, asks_plainly, conditions, judge, trust_after, validators_after
from ingest.workers import WorkFailed

UNASKED = Fault("http-304-unasked", is_passing=True, http_status=304)


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What came back when the feed was asked."""

    result: PollResult
    parsed: ParsedFeed = field(default_factory=ParsedFeed)
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: Validators | None = None
    """None keeps what is stored."""
    trust: Trust = field(default_factory=Trust)
    final: str = ""
    hops: tuple[Hop, ...] = ()
    bytes_read: int = 0
    error: str | None = None
    fault: Fault | None = None


async def read_feed(desk: Desk, leased: LeasedFeed, slot: Slot) -> FeedReading:
    """Ask for the feed; whatever goes wrong is in the reading. The slot is taken once its host's turn has come."""
    now, trust = desk.clock(), leased.history.trust
    is_plain = asks_plainly(trust, entries_per_day(leased.history.rhythm), now)
    asked = {} if is_plain else conditions(leased.validators, now)
    try:
        response = await desk.fetcher.fetch(leased.address, "feed", asked, slot=slot)
    except FetchFailed as error:
        return _not_fetched(trust, error, asks_to_wait(error.headers, error.status, now))
    if response.is_not_modified and not asked:
        return _broken(trust, response, UNASKED, "it answers 304 to a question without conditions")
    validators = validators_after(leased.validators, response)
    finding = judge(trust, leased.validators, validators, was_plain=not asked)
    trust_now = trust_after(trust, response, finding, now)
    if response.is_not_modified:
        return _reading("not-modified", response, validators, trust_now)
    if validators.body_hash == leased.validators.body_hash:
        return _reading("same-bytes", response, validators, trust_now)
    reading = await _parse(desk, leased, response)
    if reading.fault:
        return reading
    if CUT in reading.parsed.problems:  # the next 304 must not hide the rest
        validators = Validators()
    return _reading("changed", response, validators, trust_now, reading.parsed)


async def _parse(desk: Desk, leased: LeasedFeed, response: Response) -> FeedReading:
    trust = leased.history.trust
    try:
        parsed = await desk.workers.parse(response.body, response.headers, response.url)
    except WorkFailed as error:
        await _bury(desk, leased, response, error)
        return _unreadable(
            trust, response, Fault(f"parse-{error.reason}", is_passing=True, http_status=response.status)
        )
    if parsed.error:
        return _unreadable(trust, response, Fault(parsed.error, is_passing=False, http_status=response.status))
    return _reading("changed", response, None, trust, parsed)


def _reading(
    result: PollResult,
    response: Response,
    validators: Validators | None,
    trust: Trust,
    parsed: ParsedFeed | None = None,
) -> FeedReading:
    return FeedReading(
        result=result,
        parsed=parsed or ParsedFeed(),
        http_status=response.status,
        headers=response.headers,
        validators=validators,
        trust=trust,
        final=response.url,
        hops=response.hops,
        bytes_read=len(response.body),
    )


def _unreadable(trust: Trust, response: Response, fault: Fault) -> FeedReading:
    return _broken(trust, response, fault, f"{fault.reason}: {response.url} is not a feed that can be read")


def _broken(trust: Trust, response: Response, fault: Fault, error: str) -> FeedReading:
    return FeedReading(
        "failed",
        http_status=response.status,
        headers=response.headers,
        trust=trust,
        bytes_read=len(response.body),
        error=error[:500],
        fault=fault,
    )


def _not_fetched(trust: Trust, error: FetchFailed, asked_to_wait: bool) -> FeedReading:
    fault = Fault(error.reason, error.transient, error.status, asked_to_wait)
    return FeedReading(
        "failed", http_status=error.status, headers=error.headers, trust=trust, error=str(error)[:500], fault=fault
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
