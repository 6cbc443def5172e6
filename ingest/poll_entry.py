"""Takes one entry from the feed to the outbox. It ends in exactly one outcome."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from geowire.bus import Record
from geowire.errors import GeowireError
from geowire.events import article_event, encode
from ingest import outcomes
from ingest.article import first_version, next_version
from ingest.article_state import (
    UNKNOWN_ENTRY,
    Contest,
    KnownArticle,
    Visits,
    adopt,
    articles_at,
    hand_over,
    load_article,
    settle_new,
    settle_update,
)
from ingest.clean_text import clean_line
from ingest.decide import FRUITLESS, Step, is_too_old, is_worse, next_step
from ingest.desk import Desk
from ingest.entry_state import Sighting, mark_done, mark_pending
from ingest.extraction import Extraction
from ingest.feed_state import feed_address
from ingest.fetch_failure import FetchFailed
from ingest.identity import alias_keys
from ingest.outcome_log import log_version
from ingest.outcomes import Outcome
from ingest.page_reading import OUT_OF_TIME, OVER_LIMIT, EntryTask, Reading, read_page, read_page_again, without_page
from ingest.politeness import Slot
from ingest.publishers import is_at_home
from ingest.revisit_plan import born_at, next_visit
from ingest.twins import is_its_page
from ingest.validators import conditions

log = logging.getLogger("geowire.ingest.entry")

ANOTHER_DATE = timedelta(hours=1)
"""Two feeds that differ by less mean one date."""

NEWS = 1
"""For how many changes one counts that brought a version."""
NOTHING_READ = {outcomes.rejected("too-old"), outcomes.UNCHANGED}
"""Outcomes of an entry without an article that do not tell what stands at its link now."""

Work = Callable[[Desk, EntryTask, Slot], Awaitable[Outcome]]


async def poll_entry(desk: Desk, task: EntryTask) -> Outcome:
    """Do what the entry needs. Raises `Transient` if the database does not answer."""
    step = _step(desk, task)
    if step is Step.SKIP:
        return outcomes.UNCHANGED
    if step is Step.REJECT_OLD:
        return outcomes.rejected("too-old")
    if step is Step.JOIN:
        return await _join(desk, task)
    return await _in_turn(desk, task, _read if step is Step.READ else _refresh)


async def poll_again(desk: Desk, task: EntryTask, first: Outcome) -> Outcome:
    """Do what an entry needs that leads where another one of its document did, once that one has ended.

    If nothing could be read there, it is not asked for again: this one waits, or is done, as the other.
    """
    if _step(desk, task) is not Step.READ or first in NOTHING_READ:
        return await poll_entry(desk, task)
    if outcomes.is_failure(first):
        return await _put_off(desk, task, FetchFailed(first.removeprefix("failed:"), True))
    await _done(desk, task, None)
    return first


def _step(desk: Desk, task: EntryTask) -> Step:
    is_old = is_too_old(task.entry.newest_at, desk.clock(), desk.settings.max_age) and not task.may_look
    return next_step(task.entry, task.known, desk.clock(), link_is_known=task.twin is not None, is_old=is_old)


async def _in_turn(desk: Desk, task: EntryTask, work: Work) -> Outcome:
    async with task.source.share.places, Slot(desk.page_slots, desk.large_places) as slot:
        return await _guarded(desk, task, work, slot)


async def _guarded(desk: Desk, task: EntryTask, work: Work, slot: Slot) -> Outcome:
    try:
        return await work(desk, task, slot)
    except GeowireError:
        raise
    except FetchFailed as error:
        return outcomes.rejected("too-old") if task.may_look else await _put_off(desk, task, error)
    except Exception:  # one entry must not stop the others; the feed is met again, for its validators are not kept
        log.exception("entry failed feed=%s link=%s", task.source.leased.feed.id, task.entry.link)
        return outcomes.failed("internal-error")


async def _read(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Publish a new entry. Raises `FetchFailed` if its page is to be tried again later."""
    reading = await read_page(desk, task, slot)
    draft = reading.draft
    if not draft.extraction.text:
        await _done(desk, task, None, reading.letters)
        nothing = outcomes.rejected("not-html" if reading.is_no_page else "no-text")
        return outcomes.failed(reading.failure) if reading.failure else nothing
    if is_too_old(draft.extraction.newest_at, draft.fetched_at, desk.settings.max_age) and not task.waits:
        await _done(desk, task, None, reading.letters)
        return outcomes.rejected("too-old")
    return await _publish_first(desk, task, reading)


async def _publish_first(desk: Desk, task: EntryTask, reading: Reading) -> Outcome:
    draft = reading.draft
    if not draft.extraction.text:
        await _done(desk, task, None, reading.letters)
        return outcomes.rejected("no-text")
    article = first_version(draft)
    records = (encode(article_event(article)), *reading.letters)
    sighting, aliases = _sighting(desk, task, NEWS), alias_keys(draft.addresses)
    visits = _visits(desk, article.published_at, article.fetched_at, reading)
    outcome = await desk.database.run(
        lambda connection: settle_new(connection, sighting, article, aliases, records, visits)
    )
    if isinstance(outcome, Contest):
        log.info("address contested by=%s link=%s url=%s", outcome.name, task.entry.link, article.url)
        own = await _uncontested(desk, task, reading, outcome)
        if own.draft.extraction.text:
            return await _publish_first(desk, task, own)
        await _done(desk, task, await _owner_of(desk, aliases), reading.letters)
        return outcomes.DUPLICATE
    desk.wake_sender()
    log_version("poll", outcome, article)
    if outcome == outcomes.DUPLICATE:
        known = await _others_article(desk, task, await _owner_of(desk, aliases))
        return outcome if known is None else await _correct(desk, task, known, reading)
    return outcome


async def _uncontested(desk: Desk, task: EntryTask, reading: Reading, contest: Contest) -> Reading:
    """The reading without what another article has a better claim to."""
    if contest is Contest.NO_ARTICLE:
        return await without_page(desk, task, reading)
    draft = reading.draft
    return replace(reading, draft=replace(draft, extraction=replace(draft.extraction, canonical_url=None)))


async def _owner_of(desk: Desk, aliases: Mapping[str, str]) -> str | None:
    found = await desk.database.run(lambda connection: articles_at(connection, aliases.keys()))
    return next(iter(found.values()), None)


async def _refresh(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Publish the next version if the page has changed. Raises `FetchFailed` if it is to be tried again later."""
    known = await _own_article(desk, task)
    if known is None:
        await _done(desk, task, task.known.article_id if task.known else None)
        return outcomes.UNCHANGED
    reading = await read_page_again(desk, task, slot, _conditions(desk, task, known))
    if reading is not None and await _is_another_version(desk, task, known, reading):
        return await _publish_next(desk, task, known, reading)
    await _done(desk, task, known.article.id, reading.letters if reading else ())
    return outcomes.UNCHANGED


async def _is_another_version(desk: Desk, task: EntryTask, known: KnownArticle, reading: Reading) -> bool:
    found = reading.draft.extraction
    if not is_its_page(known.article, reading.draft.page_url, found, task.entry.title):
        return False
    is_as_it_was = not known.withdrawn and await desk.reader.tells_as_before(found, known.article)
    return not is_as_it_was and not is_worse(found, known.article)


def _conditions(desk: Desk, task: EntryTask, known: KnownArticle) -> Mapping[str, str]:
    """What makes the request conditional, where a page that is as it was leaves nothing that the feed could change."""
    article, entry = known.article, task.entry
    is_told_alike = clean_line(entry.title) in {"", article.title} and entry.link == article.requested_url
    if known.withdrawn or article.body_status != "full" or not is_told_alike:
        return {}
    return conditions(known.visits.validators, desk.clock())


async def _publish_next(desk: Desk, task: EntryTask, known: KnownArticle, reading: Reading) -> Outcome:
    article = next_version(reading.draft, known)
    records = (encode(article_event(article)), *reading.letters)
    sighting = _sighting(desk, task, NEWS)
    visits = _visits(desk, article.published_at, known.first_seen_at, reading)
    outcome = await desk.database.run(lambda connection: settle_update(connection, sighting, article, records, visits))
    desk.wake_sender()
    log_version("poll", outcome, article)
    return outcome


async def _join(desk: Desk, task: EntryTask) -> Outcome:
    """Count an article that another entry brought; its publisher's own feed keeps it up to date from now on.

    In a state that was rebuilt it may be this entry that brought it: then its page is compared with what is published.
    """
    own = await _own_article(desk, task)
    if own is not None and own.withdrawn is None:
        return await _in_turn(desk, task, _adopt)
    if await _others_article(desk, task, task.twin) is not None:
        return await _in_turn(desk, task, _take_over)
    await _done(desk, task, task.twin)
    return outcomes.DUPLICATE


async def _adopt(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Take the article of a rebuilt state as this entry's own. Raises `FetchFailed` as `_read` does."""
    sighting, article_id = _sighting(desk, task), task.twin or ""
    await desk.database.run(lambda connection: adopt(connection, sighting, article_id))
    return await _refresh(desk, task, slot)


async def _take_over(desk: Desk, task: EntryTask, slot: Slot) -> Outcome:
    """Correct what somebody else's feed said of the article. Raises `FetchFailed` as `_read` does."""
    known = await _others_article(desk, task, task.twin)
    if known is None:
        await _done(desk, task, task.twin)
        return outcomes.DUPLICATE
    return await _correct(desk, task, known, await read_page(desk, task, slot))


async def _correct(desk: Desk, task: EntryTask, known: KnownArticle, reading: Reading) -> Outcome:
    """Publish what its publisher's own feed says of an article, if that is something else."""
    found, sighting = reading.draft.extraction, _sighting(desk, task)
    is_another = _is_redated(found, known) or not await desk.reader.tells_as_before(found, known.article)
    if is_another and not is_worse(found, known.article):
        return await _publish_next(desk, task, known, reading)
    await desk.database.run(lambda connection: hand_over(connection, sighting, known.article.id, reading.letters))
    return outcomes.DUPLICATE


def _visits(desk: Desk, published_at: datetime | None, first_seen_at: datetime, reading: Reading) -> Visits:
    """When to read the page again, if there is one."""
    if reading.draft.entry.link is None:
        return Visits()
    born = born_at(published_at, first_seen_at)
    due = next_visit(born, desk.clock(), desk.settings.revisit_ages, desk.chance.random())
    return Visits(due, reading.validators, page_title=reading.draft.extraction.page_title)


def _is_redated(found: Extraction, known: KnownArticle) -> bool:
    before = known.article.published_at
    if found.date_source not in {"feed", "feed_updated"} or found.published_at is None or before is None:
        return False
    return abs(found.published_at - before) >= ANOTHER_DATE


async def _others_article(desk: Desk, task: EntryTask, twin: str | None) -> KnownArticle | None:
    """The article that the entry leads to, if it is this publisher's and came from somebody else's feed."""
    feed = task.source.leased.feed
    if twin is None:
        return None

    def look_up(connection: Connection) -> tuple[KnownArticle | None, str | None]:
        article = load_article(connection, twin)
        return article, feed_address(connection, article.feed_id) if article else None

    article, holder = await desk.database.run(look_up)
    if article is None or holder is None or not is_at_home(feed.url, article.article.url):
        return None
    return None if is_at_home(holder, article.article.url) else article


async def _own_article(desk: Desk, task: EntryTask) -> KnownArticle | None:
    """The article of the entry, if this entry and no other keeps it up to date, or nobody knows which one does."""
    article_id = (task.known.article_id if task.known else None) or task.twin
    if article_id is None:
        return None
    article = await desk.database.run(lambda connection: load_article(connection, article_id))
    if article is None or article.feed_id != task.source.leased.feed.id:
        return None
    return article if article.entry_key in {task.entry.key, UNKNOWN_ENTRY} else None


async def _put_off(desk: Desk, task: EntryTask, error: FetchFailed) -> Outcome:
    """Keep the entry for the next poll; if too many wait already, it is met again as long as its feed lists it."""
    if not task.waits and not task.source.share.room.take():
        return outcomes.failed(OVER_LIMIT)
    sighting, known = _sighting(desk, task, 0), task.known
    attempts = (known.attempts if known else 0) + (error.reason != OUT_OF_TIME)
    article_id = known.article_id if known else None
    await desk.database.run(lambda connection: mark_pending(connection, sighting, article_id, attempts))
    log.info("page put off url=%s reason=%s", task.entry.link, error.reason)
    return outcomes.failed(error.reason)


async def _done(desk: Desk, task: EntryTask, article_id: str | None, records: tuple[Record, ...] = ()) -> None:
    sighting = _sighting(desk, task)
    await desk.database.run(lambda connection: mark_done(connection, sighting, article_id, records))


def _sighting(desk: Desk, task: EntryTask, weight: int = FRUITLESS) -> Sighting:
    """The entry as it is seen now; `weight` is for how many changes this one counts, if it is one."""
    changes = task.known.changes + weight if task.known else 0
    return Sighting(task.source.leased.feed.id, task.entry, desk.clock(), changes)
