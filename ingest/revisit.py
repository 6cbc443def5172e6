"""Reads the pages of published articles again: a change becomes the next version, a page that is gone a withdrawal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from geowire.bus import Record
from geowire.errors import GeowireError
from geowire.events import article_event, encode, withdrawal_event
from geowire.messages import Article, ArticleWithdrawn
from ingest import outcomes
from ingest.answer import Response
from ingest.article_state import KnownArticle, Visits, lease_visits, plan_visit, replace_version, withdraw
from ingest.change import describe_change
from ingest.decide import is_worse
from ingest.desk import Desk
from ingest.extraction import Extraction
from ingest.feed_entry import FeedEntry
from ingest.fetch_failure import FetchFailed
from ingest.identity import content_hash, owner_of
from ingest.landing import leads_astray
from ingest.outcomes import Outcome, Tally
from ingest.page_policy import page_policy
from ingest.page_reading import OUT_OF_TIME, page_of
from ingest.politeness import Slot
from ingest.revisit_plan import CONFIRM_AFTER, GONE, born_at, is_gone_for_good, next_visit
from ingest.validators import Validators, conditions, stated_validators
from ingest.workers import WorkFailed

log = logging.getLogger("geowire.ingest.revisit")

LEASE = timedelta(minutes=20)
"""A page that was taken and not settled, since the process died, is free again after this."""
AT_MOST = timedelta(minutes=10)
"""How long one run asks for pages."""


@dataclass(frozen=True, slots=True)
class RevisitReport:
    """What came of the pages that were read again."""

    outcomes: Mapping[str, int]
    duration: timedelta

    @property
    def visited(self) -> int:
        """How many articles were due."""
        return sum(self.outcomes.values())


async def revisit_due(desk: Desk, limit: int) -> RevisitReport:
    """Read again at most so many pages that are due. Raises `Transient` if the database does not answer."""
    started, now = time.monotonic(), desk.clock()
    due = await desk.database.run(lambda connection: lease_visits(connection, now, now + LEASE, limit))
    ends = asyncio.get_running_loop().time() + AT_MOST.total_seconds()
    tally = Tally()
    for outcome in await asyncio.gather(*(_guarded(desk, known, ends) for known in due)):
        tally.add(outcome)
    return RevisitReport(tally.as_dict(), timedelta(seconds=time.monotonic() - started))


async def _guarded(desk: Desk, known: KnownArticle, ends: float) -> Outcome:
    async with Slot(desk.page_slots, desk.large_slots) as slot:
        try:
            return await _visit(desk, known, ends, slot)
        except GeowireError:
            raise
        except Exception:  # one page must not stop the others; its lease runs out and it is met again
            log.exception("revisit failed url=%s", known.article.url)
            return outcomes.failed("internal-error")


async def _visit(desk: Desk, known: KnownArticle, ends: float, slot: Slot) -> Outcome:
    try:
        response = await _ask(desk, known, ends, slot)
    except FetchFailed as error:
        return await _not_read(desk, known, error)
    if response.is_not_modified:
        return await _settled(desk, known, outcomes.UNCHANGED, known.visits.validators)
    await slot.take()
    try:
        found = await desk.reader.extract(page_of(response), _entry_of(known))
    except WorkFailed as error:
        desk.stuck_sites.strike(owner_of(response.url))
        return await _settled(desk, known, outcomes.failed(f"extract-{error.reason}"), known.visits.validators)
    validators = stated_validators(response)
    found = retitled(known.article.title, known.visits.page_title, found)
    if is_worse(found, known.article) or await desk.reader.tells_as_before(found, known.article):
        return await _settled(desk, known, outcomes.UNCHANGED, validators)
    visits = _visits(desk, known, validators, found.page_title)
    return await _publish(desk, _next_version(desk, known, found, response), visits)


async def _ask(desk: Desk, known: KnownArticle, ends: float, slot: Slot) -> Response:
    """The article's page, or that it is as it was. Raises `FetchFailed`."""
    url = known.article.url
    desk.stuck_sites.check(owner_of(url))
    try:
        async with asyncio.timeout_at(ends):
            asked = conditions(known.visits.validators, desk.clock())
            response = await desk.fetcher.fetch(url, "page", asked, slot=slot)
    except TimeoutError as error:
        raise FetchFailed(OUT_OF_TIME, True, "the other pages took all of the time") from error
    if response.hops and leads_astray(url, response.url):
        raise FetchFailed("astray", False, f"it leads to {response.url[:200]}")
    return response


def _entry_of(known: KnownArticle) -> FeedEntry:
    """What is known of the article already, so that it is not searched for again."""
    article = known.article
    return FeedEntry(
        key=known.entry_key,
        guid="",
        link=article.requested_url,
        title=article.title,
        authors=article.authors,
        published_at=article.published_at,
        language=article.language,
    )


def retitled(title: str, page_title: str, found: Extraction) -> Extraction:
    """The extraction with the page's new headline, if the page has changed it since it was read the last time.

    The feed may write a headline otherwise than the page; only the page then and the page now can be compared.
    """
    if not page_title or not found.page_title or found.page_title == page_title:
        return found
    frame = page_title.removeprefix(title) if page_title.startswith(title) else ""
    headline = found.page_title.removesuffix(frame) or found.page_title
    return replace(found, title=headline, content_hash=content_hash(headline, found.text))


def _next_version(desk: Desk, known: KnownArticle, found: Extraction, response: Response) -> Article:
    before = known.article
    return before.model_copy(
        update={
            "version": known.version + 1,
            "title": found.title,
            "text": found.text,
            "text_truncated": found.text_truncated,
            "body_status": found.body_status,
            "form": found.form,
            "removed": dict(found.removed),
            "content_hash": found.content_hash,
            "fetched_at": desk.clock(),
            "change": describe_change(before.title, before.text, found.title, found.text, found.form),
            "policy": page_policy(desk.fetcher.robots_of(response.url), response),
        }
    )


async def _publish(desk: Desk, article: Article, visits: Visits) -> Outcome:
    record = encode(article_event(article))
    is_ours = await desk.database.run(lambda connection: replace_version(connection, article, visits, [record]))
    desk.wake_sender()
    return outcomes.UPDATED if is_ours else outcomes.UNCHANGED


async def _not_read(desk: Desk, known: KnownArticle, error: FetchFailed) -> Outcome:
    """Withdraw the article if its page is gone for good; otherwise it is asked for again."""
    if error.reason == OUT_OF_TIME:  # nothing is planned: its lease runs out
        return outcomes.failed(OUT_OF_TIME)
    if error.status not in GONE:
        return await _settled(desk, known, outcomes.failed(error.reason), known.visits.validators)
    reason = is_gone_for_good(error.status, known.visits.missing)
    if reason is None:
        visits = replace(known.visits, due=desk.clock() + CONFIRM_AFTER, missing=known.visits.missing + 1)
        await desk.database.run(lambda connection: plan_visit(connection, known, visits))
        return outcomes.failed(error.reason)
    records = [_withdrawal(desk, known, reason)]
    await desk.database.run(lambda connection: withdraw(connection, known, reason, records))
    desk.wake_sender()
    log.info("article withdrawn id=%s url=%s reason=%s", known.article.id, known.article.url, reason)
    return outcomes.WITHDRAWN


def _withdrawal(desk: Desk, known: KnownArticle, reason: str) -> Record:
    withdrawn = ArticleWithdrawn.model_validate(
        {
            "id": known.article.id,
            "version": known.version + 1,
            "url": known.article.url,
            "reason": reason,
            "withdrawn_at": desk.clock(),
        }
    )
    return encode(withdrawal_event(withdrawn))


async def _settled(desk: Desk, known: KnownArticle, outcome: Outcome, validators: Validators) -> Outcome:
    visits = _visits(desk, known, validators)
    await desk.database.run(lambda connection: plan_visit(connection, known, visits))
    return outcome


def _visits(desk: Desk, known: KnownArticle, validators: Validators, page_title: str | None = None) -> Visits:
    born = born_at(known.article.published_at, known.first_seen_at)
    due = next_visit(born, desk.clock(), desk.settings.revisit_ages, desk.chance.random())
    return Visits(due, validators, page_title=page_title or known.visits.page_title)
