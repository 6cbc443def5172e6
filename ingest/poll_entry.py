"""Takes one entry from the feed to the outbox. It ends in exactly one outcome."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

from geowire.bus import Record
from geowire.errors import GeowireError
from geowire.events import article_event, encode, ingest_failure_event
from geowire.messages import IngestFailure
from geowire.messages.article import BodyStatus, Policy
from ingest import outcomes
from ingest.article import NOTHING_STATED, Draft, first_version, next_version
from ingest.decide import Step, is_too_old, next_step
from ingest.desk import Desk
from ingest.entry_state import (
    KnownArticle,
    KnownEntry,
    Sighting,
    load_article,
    mark_done,
    mark_pending,
    settle_new,
    settle_update,
)
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.fetch_failure import FetchFailed
from ingest.identity import alias_keys
from ingest.landing import leads_astray
from ingest.leases import LeasedFeed
from ingest.outcomes import Outcome
from ingest.page_policy import page_policy
from ingest.politeness import Slot
from ingest.robots_book import DISALLOWED
from ingest.workers import WorkFailed

log = logging.getLogger("geowire.ingest.entry")

STAND_IN: dict[str, BodyStatus] = {
    "consent": "consent",
    **dict.fromkeys(
        ("http-401", "http-402", "http-403", "http-407", "http-429", "http-451", "challenged", "throttled"), "blocked"
    ),
}
"""How an article is marked whose page cannot be had; everything else is `feed-only`."""
UNREADABLE: frozenset[BodyStatus] = frozenset({"feed-only", "blocked", "consent"})


@dataclass(frozen=True, slots=True)
class EntryTask:
    """An entry, and what was known of it when the poll began."""

    leased: LeasedFeed
    feed_title: str | None
    entry: FeedEntry
    known: KnownEntry | None
    twin: str | None
    """The article that the entry's link leads to already."""
    may_look: bool = False
    """Whether its page is asked for a newer date before the entry counts as too old."""


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


@dataclass(frozen=True, slots=True)
class PageFound:
    """The page, or why there is none."""

    page: Page | None
    policy: Policy = NOTHING_STATED
    reason: str | None = None

    @property
    def status(self) -> BodyStatus | None:
        """How to mark what is published without a page."""
        return None if self.page else STAND_IN.get(self.reason or "", "feed-only")


async def poll_entry(desk: Desk, task: EntryTask) -> Outcome:
    """Do what the entry needs. Raises `Transient` if the database does not answer."""
    now = desk.clock()
    is_old = is_too_old(task.entry.newest_at, now, desk.settings.max_age) and not task.may_look
    step = next_step(task.entry, task.known, link_is_known=task.twin is not None, is_old=is_old)
    if step is Step.SKIP:
        return outcomes.UNCHANGED
    if step is Step.REJECT_OLD:
        return outcomes.rejected("too-old")
    if step is Step.JOIN:
        await _done(desk, task, task.twin)
        return outcomes.DUPLICATE
    async with Slot(desk.page_slots) as slot:
        return await _guarded(desk, task, step, slot)


async def _guarded(desk: Desk, task: EntryTask, step: Step, slot: Slot) -> Outcome:
    try:
        return await (_read(desk, task, slot) if step is Step.READ else _refresh(desk, task, slot))
    except GeowireError:
        raise
    except FetchFailed as error:
        return outcomes.rejected("too-old") if task.may_look else await _put_off(desk, task, error)
    except Exception:  # one entry must not stop the others; the feed is met again, for its validators are not kept
        log.exception("entry failed feed=%s link=%s", task.leased.feed.id, task.entry.link)
        return outcomes.failed("internal-error")


async def _read(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Publish a new entry. Raises `FetchFailed` if its page is to be tried again later."""
    reading = await _reading(desk, task, slot)
    draft = reading.draft
    if not draft.extraction.text:
        await _done(desk, task, None, reading.letters)
        nothing = outcomes.rejected("not-html" if reading.is_no_page else "no-text")
        return outcomes.failed(reading.failure) if reading.failure else nothing
    if is_too_old(draft.extraction.newest_at, draft.fetched_at, desk.settings.max_age) and task.known is None:
        await _done(desk, task, None, reading.letters)
        return outcomes.rejected("too-old")
    article = first_version(draft)
    records = (encode(article_event(article)), *reading.letters)
    sighting, aliases = _sighting(desk, task), alias_keys(draft.addresses)
    outcome = await desk.database.run(lambda connection: settle_new(connection, sighting, article, aliases, records))
    desk.wake_sender()
    return outcome


async def _refresh(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Publish the next version if the page has changed. Raises `FetchFailed` if it is to be tried again later."""
    known = await _own_article(desk, task)
    if known is None:
        await _done(desk, task, task.known.article_id if task.known else None)
        return outcomes.UNCHANGED
    reading = await _reading(desk, task, slot)
    found = reading.draft.extraction
    is_worse = not found.text or (found.body_status in UNREADABLE and known.body_status not in UNREADABLE)
    if is_worse or found.content_hash == known.content_hash:
        await _done(desk, task, known.id, reading.letters)
        return outcomes.UNCHANGED
    article = next_version(reading.draft, known)
    records = (encode(article_event(article)), *reading.letters)
    sighting = _sighting(desk, task)
    outcome = await desk.database.run(lambda connection: settle_update(connection, sighting, article, records))
    desk.wake_sender()
    return outcome


async def _own_article(desk: Desk, task: EntryTask) -> KnownArticle | None:
    """The article of the entry, if this entry and no other keeps it up to date."""
    article_id = task.known.article_id if task.known else None
    if article_id is None:
        return None
    article = await desk.database.run(lambda connection: load_article(connection, article_id))
    if article is None or (article.feed_id, article.entry_key) != (task.leased.feed.id, task.entry.key):
        return None
    return article


async def _reading(desk: Desk, task: EntryTask, slot: Slot) -> Reading:
    """The page, or what stands in for it. Raises `FetchFailed` if it is to be tried again later."""
    found = await _page(desk, task, slot)
    await slot.take()  # the entry whose page was not asked for must not crowd the workers either
    page, letters, failure = found.page, tuple[Record, ...](), None
    try:
        extraction = await desk.workers.extract(page, task.entry)
    except WorkFailed as error:
        letters = (encode(ingest_failure_event(_stuck_page(desk, task, page, error))),)
        failure = f"extract-{error.reason}"
        log.warning("page stuck url=%s reason=%s", page.url if page else task.entry.link, failure)
        page, extraction = None, await _from_feed(desk, task.entry)
    if found.status is not None:
        extraction = replace(extraction, body_status=found.status)
    draft = replace(_draft(desk, task, page, extraction), policy=found.policy)
    return Reading(draft, letters, failure, found.reason == "not-html")


async def _from_feed(desk: Desk, entry: FeedEntry) -> Extraction:
    """What the feed says of the entry; if that cannot be read either, its title alone."""
    try:
        return await desk.workers.extract(None, entry)
    except WorkFailed as error:
        log.warning("feed content stuck link=%s reason=extract-%s", entry.link, error.reason)
        return await desk.workers.extract(None, replace(entry, summary="", content=""))


async def _page(desk: Desk, task: EntryTask, slot: Slot) -> PageFound:
    """The page, or why there is none. Raises `FetchFailed` if it is to be tried again later."""
    link = task.entry.link
    if link is None:
        return PageFound(None)
    try:
        response = await desk.fetcher.fetch(link, "page", slot=slot)
    except FetchFailed as error:
        attempts = (task.known.attempts if task.known else 0) + 1
        if error.transient and attempts < desk.settings.fetch_attempts:
            raise
        log.info("page unreadable url=%s reason=%s attempts=%d", link, error.reason, attempts)
        policy = page_policy(desk.fetcher.robots_of(link), None, is_forbidden=error.reason == DISALLOWED)
        return PageFound(None, policy, error.reason)
    policy = page_policy(desk.fetcher.robots_of(response.url), response)
    if response.hops and leads_astray(link, response.url):
        log.info("page unreadable url=%s reason=astray final=%s", link, response.url)
        return PageFound(None, policy, "astray")
    return PageFound(Page(response.url, response.body, response.headers.get("content-type", "")), policy)


async def _put_off(desk: Desk, task: EntryTask, error: FetchFailed) -> Outcome:
    """Keep the entry for the next poll."""
    sighting, known = _sighting(desk, task), task.known
    await desk.database.run(lambda connection: mark_pending(connection, sighting, known))
    log.info("page put off url=%s reason=%s", task.entry.link, error.reason)
    return outcomes.failed(error.reason)


async def _done(desk: Desk, task: EntryTask, article_id: str | None, records: tuple[Record, ...] = ()) -> None:
    sighting = _sighting(desk, task)
    await desk.database.run(lambda connection: mark_done(connection, sighting, article_id, records))


def _sighting(desk: Desk, task: EntryTask) -> Sighting:
    return Sighting(task.leased.feed.id, task.entry, desk.clock())


def _draft(desk: Desk, task: EntryTask, page: Page | None, extraction: Extraction) -> Draft:
    return Draft(task.leased, task.feed_title, task.entry, page.url if page else None, extraction, desk.clock())


def _stuck_page(desk: Desk, task: EntryTask, page: Page | None, error: WorkFailed) -> IngestFailure:
    return IngestFailure(
        stage="extract",
        url=(page.url if page else task.entry.link) or task.leased.feed.url,
        feed_id=task.leased.feed.id,
        reason=f"extract-{error.reason}",
        detail=error.detail[:500],
        sha256=hashlib.sha256(page.body).hexdigest() if page else None,
        size=len(page.body) if page else None,
        failed_at=desk.clock(),
    )
