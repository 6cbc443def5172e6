"""Asks feeds what they are worth, without publishing anything and without touching the state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.addresses import REFUSED
from ingest.catalogue import Feed
from ingest.discovery import discover_feeds
from ingest.feed_entry import ParsedFeed
from ingest.fetch import Fetcher, Response
from ingest.fetch_failure import FetchFailed
from ingest.identity import address_key, owner_of
from ingest.workers import Workers, WorkFailed

SLOW_SECONDS = 10.0
QUIET = timedelta(days=90)
UNDER_WAY = 32
"""Owners of hosts that are asked at once; the feeds of one owner are asked one after another."""
LIKELIEST = 3
"""Discovered feeds that are named."""
REMARKS = frozenset({"redirected", "some-undated"})
"""Findings with which a feed is still well."""
HINTS: Mapping[str, str] = {
    REFUSED: "set GEOWIRE_ALLOW_PRIVATE_NETWORKS if it may be reached",
    "dns": "its host has no address; is it spelled right?",
    "http-401": "it asks for a password",
    "http-403": "it refuses us; a contact in GEOWIRE_USER_AGENT may help",
    "http-404": "there is nothing at that address; look for a new one on the site",
    "http-410": "it is gone for good; remove it",
    "http-429": "it wants fewer requests; try again later",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is to be said of a feed: a short slug, and the same for a person."""

    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class FeedCheck:
    """What a feed answered."""

    url: str
    title: str | None = None
    status: int | None = None
    final_url: str | None = None
    """Where the answer came from, after redirects."""
    entries: int = 0
    undated: int = 0
    newest: datetime | None = None
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    discovered: tuple[str, ...] = ()
    """Feeds that the page leads to, the likeliest first, if it is a page."""

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong with it; a remark is nothing wrong."""
        return all(finding.kind in REMARKS for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Checker:
    """What checks share."""

    fetcher: Fetcher
    workers: Workers
    now: datetime
    timer: Callable[[], float] = time.monotonic


async def check_feeds(
    feeds: Sequence[Feed], listed: Iterable[Feed], checker: Checker, on_done: Callable[[FeedCheck], None]
) -> tuple[FeedCheck, ...]:
    """Check feeds, also against all that are listed; the answers stand in the order of the feeds."""
    slots = asyncio.Semaphore(UNDER_WAY)
    found: dict[str, FeedCheck] = {}

    async def check_in_turn(group: Iterable[Feed]) -> None:
        async with slots:
            for feed in group:
                found[feed.id] = await check_feed(feed, checker)
                on_done(found[feed.id])

    owners: dict[str, list[Feed]] = {}
    for feed in feeds:
        owners.setdefault(owner_of(feed.url), []).append(feed)
    async with asyncio.TaskGroup() as group:
        for mates in owners.values():
            group.create_task(check_in_turn(mates))
    return with_duplicates([found[feed.id] for feed in feeds], [feed.url for feed in listed])


async def check_feed(feed: Feed, checker: Checker) -> FeedCheck:
    """Ask one feed."""
    blank = FeedCheck(feed.url, feed.title)
    started = checker.timer()
    try:
        response = await checker.fetcher.fetch(feed.url, "feed")
    except FetchFailed as error:
        said = HINTS.get(error.reason) or error.detail or error.reason
        return replace(blank, status=error.status, findings=(Finding(error.reason, said),))
    seconds = checker.timer() - started
    answered = replace(blank, status=response.status, final_url=response.url, seconds=seconds)
    try:
        parsed = await checker.workers.parse(response.body, response.headers, response.url)
    except WorkFailed as error:
        return replace(answered, findings=(Finding(f"parser-{error.reason}", error.detail),))
    return judge(answered, response, parsed, checker.now)


def judge(answered: FeedCheck, response: Response, parsed: ParsedFeed, now: datetime) -> FeedCheck:
    """What is to be said of an answer. Pure."""
    dates = [entry.newest_at for entry in parsed.entries if entry.newest_at is not None]
    counted = replace(
        answered,
        title=answered.title or parsed.title,
        entries=len(parsed.entries),
        undated=len(parsed.entries) - len(dates),
        newest=max((date for date in dates if date <= now), default=min(dates, default=None)),
        discovered=discover_feeds(response.body, response.url)[:LIKELIEST] if parsed.error else (),
    )
    findings = [*_moves(response), *_slowness(counted), *_contents(counted, parsed.error, now)]
    return replace(counted, findings=tuple(findings))


def with_duplicates(checks: Sequence[FeedCheck], listed: Iterable[str]) -> tuple[FeedCheck, ...]:
    """The checks, with a finding where the same answer comes from another feed of the list too. Pure."""
    places: dict[str, list[str]] = {}
    for url in listed:
        places.setdefault(address_key(url), []).append(url)
    for check in checks:
        places.setdefault(address_key(check.final_url or check.url), []).append(check.url)
    return tuple(_with_twin(check, places[address_key(check.final_url or check.url)]) for check in checks)


def _with_twin(check: FeedCheck, mates: Iterable[str]) -> FeedCheck:
    twin = next((url for url in mates if url != check.url), None)
    if twin is None:
        return check
    return replace(check, findings=(*check.findings, Finding("duplicate", f"it is the same as {twin}; remove one")))


def _moves(response: Response) -> Iterable[Finding]:
    if not response.hops:
        return
    if all(hop.is_permanent for hop in response.hops):
        yield Finding("moved", f"it has moved for good; write {response.url}")
    else:
        yield Finding("redirected", f"for now it answers at {response.url}")


def _slowness(check: FeedCheck) -> Iterable[Finding]:
    if check.seconds > SLOW_SECONDS:
        yield Finding("slow", f"it took {check.seconds:.0f} seconds")


def _contents(check: FeedCheck, error: str | None, now: datetime) -> Iterable[Finding]:
    if error:
        named = f"; try {', '.join(check.discovered)}" if check.discovered else ""
        yield Finding(error, f"what answers is no feed{named}")
    elif not check.entries:
        yield Finding("empty", "it has no entries")
    elif check.undated == check.entries:
        yield Finding("undated", "no entry has a date; articles get the time at which they were first seen")
    elif check.undated:
        yield Finding("some-undated", f"{check.undated} of {check.entries} entries have no date")
    if check.newest and now - check.newest > QUIET:
        yield Finding("quiet", f"nothing new for {(now - check.newest).days} days")
