"""Reads the page of one entry, or what stands in for it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from geowire.bus import Record
from geowire.events import encode, ingest_failure_event
from geowire.messages import IngestFailure, Publisher
from geowire.messages.article import BodyStatus, Policy
from ingest.answer import Response
from ingest.article import NOTHING_STATED, Draft
from ingest.clean_text import clean_line
from ingest.desk import Desk
from ingest.entry_state import KnownEntry
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.feed_share import FeedShare
from ingest.fetch_failure import FetchFailed
from ingest.identity import content_hash, owner_of
from ingest.landing import leads_astray
from ingest.leases import LeasedFeed
from ingest.page_policy import page_policy
from ingest.politeness import Slot
from ingest.robots_book import DISALLOWED
from ingest.strikes import account_of
from ingest.validators import Validators, stated_validators
from ingest.workers import WorkFailed

log = logging.getLogger("geowire.ingest.page")

OVER_LIMIT = "over-limit"
"""Too many entries of the feed wait already: this one is not kept."""
OUT_OF_TIME = "out-of-time"
"""The feed's time in this poll was over before its turn came: that is no attempt."""
UNASKED = frozenset({"throttled", "host-busy", "host-silent", "site-stuck", "robots-unreachable"})
"""Reasons for which nothing was asked: they are taken more often before the feed's own content stands in."""
PATIENCE = 4
STAND_IN: dict[str, BodyStatus] = {
    "consent": "consent",
    **dict.fromkeys(
        ("http-401", "http-402", "http-403", "http-407", "http-429", "http-451", "challenged", "throttled"), "blocked"
    ),
}
"""How an article is marked whose page cannot be had; everything else is `feed-only`."""


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """The feed that entries stand in, as one poll found it."""

    leased: LeasedFeed
    title: str | None
    house: str | None
    """The owner of most of its links."""
    share: FeedShare


@dataclass(frozen=True, slots=True)
class EntryTask:
    """An entry, and what was known of it when the poll began."""

    source: FeedDocument
    entry: FeedEntry
    known: KnownEntry | None
    twin: str | None
    """The article that the entry's link leads to already."""
    may_look: bool = False
    """Whether its page is asked for a newer date before the entry counts as too old."""

    @property
    def waits(self) -> bool:
        """Whether its page could not be read in a poll before, and is tried again."""
        return self.known is not None and self.known.is_pending


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be had of an entry's page."""

    draft: Draft
    letters: tuple[Record, ...] = ()
    """Dead letters about the page."""
    failure: str | None = None
    """Why a page that was fetched could not be read."""
    is_no_page: bool = False
    """Whether there is a document of another kind where the page should be."""
    validators: Validators = field(default_factory=Validators)
    """What the page's server says to ask with the next time."""


@dataclass(frozen=True, slots=True)
class _PageFound:
    """The page, or why there is none."""

    page: Page | None
    policy: Policy = NOTHING_STATED
    reason: str | None = None
    validators: Validators = field(default_factory=Validators)
    is_as_it_was: bool = False

    @property
    def status(self) -> BodyStatus | None:
        """How to mark what is published without a page."""
        return None if self.page else STAND_IN.get(self.reason or "", "feed-only")


async def read_page(desk: Desk, task: EntryTask, slot: Slot) -> Reading:
    """The page, or what stands in for it. Raises `FetchFailed` if it is to be tried again later."""
    return await _reading(desk, task, slot, await _page(desk, task, slot, {}))


async def read_page_again(desk: Desk, task: EntryTask, slot: Slot, asked: Mapping[str, str]) -> Reading | None:
    """The same, on conditions; None if the page's server says that it is as it was."""
    found = await _page(desk, task, slot, asked)
    return None if found.is_as_it_was else await _reading(desk, task, slot, found)


async def _reading(desk: Desk, task: EntryTask, slot: Slot, found: _PageFound) -> Reading:
    await slot.take()  # the entry whose page was not asked for must not crowd the workers either
    publisher = _publisher(desk, task, found.page)
    try:
        extraction = await _extract(desk, task, found.page, _entry_of(task, found.page, publisher))
    except WorkFailed as error:
        letter = encode(ingest_failure_event(_stuck_page(desk, task, found.page, error)))
        failure = f"extract-{error.reason}"
        log.warning("page stuck url=%s reason=%s", found.page.url if found.page else task.entry.link, failure)
        extraction = await _from_feed(desk, task.entry)
        found = replace(found, page=None)
        return Reading(_draft(desk, task, found, _publisher(desk, task, None), extraction), (letter,), failure)
    if found.status is not None:
        extraction = replace(extraction, body_status=found.status)
    draft = _draft(desk, task, found, publisher, _titled(extraction, task.entry))
    return Reading(draft, is_no_page=found.reason == "not-html", validators=found.validators)


async def without_page(desk: Desk, task: EntryTask, reading: Reading) -> Reading:
    """The same entry, when what stood at its address turned out to be no article."""
    extraction = await _from_feed(desk, task.entry)
    publisher = task.source.leased.feed.publisher
    return replace(reading, draft=replace(reading.draft, page_url=None, extraction=extraction, publisher=publisher))


def _publisher(desk: Desk, task: EntryTask, page: Page | None) -> Publisher:
    """Who publishes what was read: without a page it is the feed's words, whoever owns the link."""
    source = task.source
    feed = source.leased.feed
    if page is None:
        return feed.publisher
    return desk.publishers.publisher_of(feed, page.url, task.entry.link, source.house)


def _entry_of(task: EntryTask, page: Page | None, publisher: Publisher) -> FeedEntry:
    """The entry as far as it may speak for the page: another publisher's headline and author are its own."""
    if page is None or publisher == task.source.leased.feed.publisher:
        return task.entry
    return replace(task.entry, title="", authors=())


def _draft(desk: Desk, task: EntryTask, found: _PageFound, publisher: Publisher, extraction: Extraction) -> Draft:
    return Draft(
        leased=task.source.leased,
        feed_title=task.source.title,
        entry=task.entry,
        page_url=found.page.url if found.page else None,
        extraction=extraction,
        fetched_at=desk.clock(),
        policy=found.policy,
        publisher=publisher,
    )


def _titled(extraction: Extraction, entry: FeedEntry) -> Extraction:
    """The extraction with the entry's title, if the page has none."""
    title = clean_line(entry.title)
    if extraction.title or not title:
        return extraction
    return replace(extraction, title=title, content_hash=content_hash(title, extraction.text))


async def _extract(desk: Desk, task: EntryTask, page: Page | None, entry: FeedEntry) -> Extraction:
    """Raises `WorkFailed`; the sites whose pages fail so are counted, for each feed apart."""
    if page is None:
        return await desk.reader.extract(None, entry)
    account = account_of(page.url, task.source.leased.feed.id)
    try:
        extraction = await desk.reader.extract(page, entry)
    except WorkFailed:
        desk.stuck_sites.strike(account)
        raise
    desk.stuck_sites.clear(account)
    return extraction


async def _from_feed(desk: Desk, entry: FeedEntry) -> Extraction:
    """What the feed says of the entry; if that cannot be read either, its title alone."""
    try:
        return await desk.workers.extract(None, entry)
    except WorkFailed as error:
        log.warning("feed content stuck link=%s reason=extract-%s", entry.link, error.reason)
        return await desk.workers.extract(None, replace(entry, summary="", content=""))


async def _page(desk: Desk, task: EntryTask, slot: Slot, asked: Mapping[str, str]) -> _PageFound:
    """The page, or why there is none. Raises `FetchFailed` if it is to be tried again later."""
    link = task.entry.link
    if link is None:
        return _PageFound(None)
    try:
        desk.stuck_sites.check(account_of(link, task.source.leased.feed.id))
        async with asyncio.timeout_at(task.source.share.ends):
            party = owner_of(task.source.leased.feed.url)
            response = await desk.fetcher.fetch(link, "page", asked, slot=slot, on_behalf=party)
    except TimeoutError as error:
        raise FetchFailed(OUT_OF_TIME, True, "the feed's other pages took all of its time") from error
    except FetchFailed as error:
        attempts = (task.known.attempts if task.known else 0) + 1
        most = desk.settings.fetch_attempts * (PATIENCE if error.reason in UNASKED else 1)
        if error.transient and attempts < most:
            raise
        log.info("page unreadable url=%s reason=%s attempts=%d", link, error.reason, attempts)
        policy = page_policy(desk.fetcher.robots_of(link), None, is_forbidden=error.reason == DISALLOWED)
        return _PageFound(None, policy, error.reason)
    policy = page_policy(desk.fetcher.robots_of(response.url), response)
    if response.hops and leads_astray(link, response.url):
        log.info("page unreadable url=%s reason=astray final=%s", link, response.url)
        return _PageFound(None, policy, "astray")
    if response.is_not_modified:
        return _PageFound(None, policy, is_as_it_was=True)
    return _PageFound(page_of(response), policy, validators=stated_validators(response))


def page_of(response: Response) -> Page:
    """An answer as a page."""
    return Page(response.url, response.body, response.headers.get("content-type", ""))


def _stuck_page(desk: Desk, task: EntryTask, page: Page | None, error: WorkFailed) -> IngestFailure:
    feed = task.source.leased.feed
    return IngestFailure(
        stage="extract",
        url=(page.url if page else task.entry.link) or feed.url,
        feed_id=feed.id,
        reason=f"extract-{error.reason}",
        detail=error.detail[:500],
        sha256=hashlib.sha256(page.body).hexdigest() if page else None,
        size=len(page.body) if page else None,
        failed_at=desk.clock(),
    )
