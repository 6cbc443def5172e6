"""Reads the pages of published articles again: a change becomes the next version, a page that is gone a withdrawal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from geowire.bus import Record
from geowire.errors import GeowireError
from geowire.events import article_event, encode, withdrawal_event
from geowire.messages import Article, ArticleWithdrawn, Publisher
from geowire.messages.article import BodyStatus
from ingest import outcomes
from ingest.all_of import all_of
from ingest.answer import Response
from ingest.article_state import KnownArticle, Visits, lease_visits, plan_visit, replace_version, withdraw
from ingest.body_status import PREVIEW
from ingest.change import describe_change
from ingest.decide import is_worse
from ingest.desk import Desk
from ingest.extraction import Extraction
from ingest.feed_entry import FeedEntry
from ingest.fetch_failure import FetchFailed
from ingest.identity import address_key, content_hash, normalise_url, owner_of
from ingest.landing import leads_astray
from ingest.outcome_log import log_version
from ingest.outcomes import Outcome, Tally
from ingest.page_policy import page_policy
from ingest.page_reading import OUT_OF_TIME, page_of
from ingest.politeness import Slot
from ingest.publishers import is_at_home
from ingest.revisit_plan import CONFIRM_AFTER, GONE, born_at, is_gone_for_good, next_visit
from ingest.strikes import account_of
from ingest.twins import is_its_page
from ingest.validators import Validators, conditions, stated_validators
from ingest.workers import WorkFailed

log = logging.getLogger("geowire.ingest.revisit")

LEASE = timedelta(minutes=20)
"""A page that was taken and not settled, since the process died, is free again after this."""
AT_MOST = timedelta(minutes=10)
"""How long one run asks for pages."""


IF_IT_COMES_BACK = timedelta(days=1)
"""A withdrawn article's page is asked for once more after this."""
AGAIN = timedelta(hours=1)
"""The same for a page that failed for a passing reason."""
MANY, MOST = 4, 0.5
"""So many pages of one owner that are gone in one run, and so great a part of them, are a broken site."""
READ: frozenset[BodyStatus] = frozenset({"full", "paywalled"})
"""What was read from a page: only that can be gone."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There was no page, by this status."""

    status: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a visit brought."""

    response: Response
    extraction: Extraction
    publisher: Publisher | None
    """Whose page it is, if only somebody else's feed has spoken for it until now."""


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
    ended = await all_of([_guarded(desk, known, ends) for known in due])
    gone = [(known, end.status) for known, end in zip(due, ended, strict=True) if isinstance(end, Missing)]
    seen = Counter(owner_of(known.article.url) for known in due)
    lost = Counter(owner_of(known.article.url) for known, _ in gone)
    tally = Tally()
    for outcome in [end for end in ended if not isinstance(end, Missing)]:
        tally.add(outcome)
    for known, status in gone:
        owner = owner_of(known.article.url)
        is_broken = lost[owner] >= MANY and lost[owner] >= MOST * seen[owner]
        tally.add(await _missed(desk, known, status, is_broken=is_broken))
    return RevisitReport(tally.as_dict(), timedelta(seconds=time.monotonic() - started))


async def _guarded(desk: Desk, known: KnownArticle, ends: float) -> Outcome | Missing:
    async with Slot(desk.page_slots, desk.large_places) as slot:
        try:
            return await _visit(desk, known, ends, slot)
        except GeowireError:
            raise
        except Exception:  # one page must not stop the others; its lease runs out and it is met again
            log.exception("revisit failed url=%s", known.article.url)
            return outcomes.failed("internal-error")


async def _visit(desk: Desk, known: KnownArticle, ends: float, slot: Slot) -> Outcome | Missing:
    try:
        response = await _ask(desk, known, ends, slot)
    except FetchFailed as error:
        return Missing(error.status) if error.status in GONE else await _not_read(desk, known, error)
    if response.is_not_modified and not known.withdrawn:
        return await _settled(desk, known, outcomes.UNCHANGED, known.visits.validators)
    await slot.take()
    publisher = _publisher(desk, known, response.url)
    account = account_of(response.url, known.feed_id)
    try:
        found = await desk.reader.extract(page_of(response), _entry_of(known, is_foreign=publisher is not None))
    except WorkFailed as error:
        desk.stuck_sites.strike(account)
        return await _settled(desk, known, outcomes.failed(f"extract-{error.reason}"), known.visits.validators)
    desk.stuck_sites.clear(account)
    return await _compare(desk, known, Found(response, found, publisher))


async def _compare(desk: Desk, known: KnownArticle, found: Found) -> Outcome:
    """Publish the next version if the page is still the article's and says something else."""
    before, validators = known.article, stated_validators(found.response)
    extraction = retitled(before.title, known.visits.page_title, found.extraction)
    if not _is_believed(known, found, extraction):
        return await _settled(desk, known, outcomes.failed("another-text"), known.visits.validators)
    is_as_it_was = not known.withdrawn and await desk.reader.tells_as_before(extraction, before)
    if is_as_it_was or is_worse(extraction, before):
        return await _settled(desk, known, outcomes.UNCHANGED, validators)
    visits = _visits(desk, known, validators, extraction.page_title)
    return await _publish(desk, _next_version(desk, known, extraction, found), visits)


def _is_believed(known: KnownArticle, found: Found, extraction: Extraction) -> bool:
    """Whether the page is the article's; of what only somebody else's feed has told, it must be a page of its own."""
    before, url = known.article, found.response.url
    if found.publisher is None:
        return is_its_page(before, url, extraction, before.title)
    return address_key(url) == address_key(before.url) and len(extraction.text) >= PREVIEW


async def _ask(desk: Desk, known: KnownArticle, ends: float, slot: Slot) -> Response:
    """The article's page, or that it is as it was. Raises `FetchFailed`; only if every address of it does."""
    article = known.article
    url = article.requested_url if _is_other_spelling(article.requested_url, article.url) else article.url
    assert url is not None
    desk.stuck_sites.check(account_of(url, known.feed_id))
    asked = {} if known.withdrawn else conditions(known.visits.validators, desk.clock())
    try:
        async with asyncio.timeout_at(ends):
            response = await desk.fetcher.fetch(url, "page", asked, slot=slot, on_behalf=owner_of(article.feed.url))
    except TimeoutError as error:
        raise FetchFailed(OUT_OF_TIME, True, "the other pages took all of the time") from error
    if response.hops and (leads_astray(url, response.url) or owner_of(response.url) != owner_of(article.url)):
        raise FetchFailed("astray", False, f"it leads to {response.url[:200]}")
    return response


def _is_other_spelling(requested: str | None, url: str) -> bool:
    """Whether the feed's link is the page's address before it was tidied: the server may want it as it was."""
    return requested is not None and normalise_url(requested) == url


def _publisher(desk: Desk, known: KnownArticle, url: str) -> Publisher | None:
    """Whose page it is, if only somebody else's feed has spoken for it until now; None if nothing changes."""
    article = known.article
    if article.body_status in READ or is_at_home(article.feed.url, url):
        return None
    return desk.publishers.known_at(url) or Publisher(id=owner_of(url))


def _entry_of(known: KnownArticle, *, is_foreign: bool) -> FeedEntry:
    """What is known of the article already, so that it is not searched for again; of another's page only its link."""
    article = known.article
    if is_foreign:
        return FeedEntry(key=known.entry_key, guid="", link=article.requested_url, published_at=article.published_at)
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


def _next_version(desk: Desk, known: KnownArticle, extraction: Extraction, found: Found) -> Article:
    before, response = known.article, found.response
    change = describe_change(before.title, before.text, extraction.title, extraction.text, extraction.form)
    version: dict[str, object] = {
        "version": known.version + 1,
        "title": extraction.title or before.title,
        "text": extraction.text,
        "text_truncated": extraction.text_truncated,
        "body_status": extraction.body_status,
        "form": extraction.form,
        "removed": dict(extraction.removed),
        "content_hash": extraction.content_hash,
        "fetched_at": desk.clock(),
        "change": change,
        "policy": page_policy(desk.fetcher.robots_of(response.url), response),
    }
    if found.publisher is not None:
        version |= {"publisher": found.publisher, "authors": extraction.authors}
    return before.model_copy(update=version)


async def _publish(desk: Desk, article: Article, visits: Visits) -> Outcome:
    record = encode(article_event(article))
    is_ours = await desk.database.run(lambda connection: replace_version(connection, article, visits, [record]))
    desk.wake_sender()
    outcome = outcomes.UPDATED if is_ours else outcomes.UNCHANGED
    log_version("revisit", outcome, article)
    return outcome


async def _not_read(desk: Desk, known: KnownArticle, error: FetchFailed) -> Outcome:
    """Nothing is known of the page; it is asked for again soon if the reason may pass."""
    if error.reason == OUT_OF_TIME:  # nothing is planned: its lease runs out
        return outcomes.failed(OUT_OF_TIME)
    visits, now = _visits(desk, known, known.visits.validators), desk.clock()
    if error.transient and now - known.first_seen_at < max(desk.settings.revisit_ages, default=LEASE) + AGAIN:
        visits = replace(visits, due=min(visits.due or now + AGAIN, now + AGAIN))
    await desk.database.run(lambda connection: plan_visit(connection, known, visits))
    return outcomes.failed(error.reason)


async def _missed(desk: Desk, known: KnownArticle, status: int | None, *, is_broken: bool) -> Outcome:
    """There is no page. Withdraw the article once that is sure."""
    outcome, now = outcomes.failed(f"http-{status}"), desk.clock()
    if known.withdrawn or known.article.body_status not in READ:
        return await _settled(desk, known, outcome, known.visits.validators)
    reason = is_gone_for_good(status, known.visits.missing, is_broken=is_broken)
    if reason is None:
        visits = replace(known.visits, due=now + CONFIRM_AFTER, missing=known.visits.missing + 1)
        await desk.database.run(lambda connection: plan_visit(connection, known, visits))
        return outcome
    records = [_withdrawal(desk, known, reason)]
    await desk.database.run(lambda connection: withdraw(connection, known, reason, records, now + IF_IT_COMES_BACK))
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
