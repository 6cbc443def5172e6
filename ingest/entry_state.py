"""What is remembered of entries and articles. Each `settle_*` is one decision, made inside one transaction."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, select, update

from geowire.bus import Record
from geowire.messages import Article
from geowire.messages.article import BodyStatus, DateSource
from ingest.feed_entry import FeedEntry
from ingest.outbox_rows import put_records
from ingest.outcomes import DUPLICATE, PUBLISHED, UNCHANGED, UPDATED, Outcome
from ingest.state_tables import ALIAS, ARTICLE, ENTRY, IS_PENDING
from ingest.upsert import insert_or_ignore, insert_or_replace

ENTRY_JSON = TypeAdapter(FeedEntry)
IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry that was met before."""

    is_pending: bool
    fingerprint: str
    article_id: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """The last version of an article."""

    id: str
    version: int
    feed_id: str
    entry_key: str
    content_hash: str
    title: str
    text: str
    published_at: datetime | None
    date_source: DateSource | None
    body_status: BodyStatus
    url: str
    """Where it was read."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """That an entry stood in a feed at some time."""

    feed_id: str
    entry: FeedEntry
    seen_at: datetime


def known_entries(connection: Connection, feed_id: str, keys: Sequence[str]) -> dict[str, KnownEntry]:
    """What is remembered of these entries, by key."""
    found: dict[str, KnownEntry] = {}
    for start in range(0, len(keys), IN_LIMIT):
        among = ENTRY.c.key.in_(keys[start : start + IN_LIMIT])
        for row in connection.execute(select(ENTRY).where(ENTRY.c.feed_id == feed_id, among)):
            found[row.key] = KnownEntry(row.status == "pending", row.fingerprint, row.article_id, row.attempts)
    return found


def pending_entries(connection: Connection, feed_id: str) -> list[FeedEntry]:
    """The entries of a feed whose page could not be read yet."""
    rows = connection.scalars(select(ENTRY.c.payload).where(ENTRY.c.feed_id == feed_id, IS_PENDING))
    return [ENTRY_JSON.validate_json(payload) for payload in rows if payload]


def articles_at(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """The articles that addresses lead to: article id by address key."""
    wanted = sorted(keys)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        query = select(ALIAS.c.key, ALIAS.c.article_id).where(ALIAS.c.key.in_(wanted[start : start + IN_LIMIT]))
        found.update((row.key, row.article_id) for row in connection.execute(query))
    return found


def load_article(connection: Connection, article_id: str) -> KnownArticle | None:
    """The last version of an article."""
    row = connection.execute(select(ARTICLE).where(ARTICLE.c.id == article_id)).first()
    if row is None:
        return None
    return KnownArticle(
        id=row.id,
        version=row.version,
        feed_id=row.feed_id,
        entry_key=row.entry_key,
        content_hash=row.content_hash,
        title=row.title,
        text=zlib.decompress(row.text).decode(),
        published_at=datetime.fromtimestamp(row.published_at, UTC) if row.published_at is not None else None,
        date_source=row.date_source,
        body_status=row.body_status,
        url=row.url,
    )


def mark_done(
    connection: Connection, sighting: Sighting, article_id: str | None, records: Sequence[Record] = ()
) -> None:
    """Remember that nothing more is to be done for the entry as it stands now."""
    _put_entry(connection, sighting, {"status": "done", "article_id": article_id, "attempts": 0, "payload": None})
    put_records(connection, records)


def mark_pending(connection: Connection, sighting: Sighting, article_id: str | None, attempts: int) -> None:
    """Remember the entry itself, so that its page is tried again even if the feed does not change."""
    values = {
        "status": "pending",
        "article_id": article_id,
        "attempts": attempts,
        "payload": ENTRY_JSON.dump_json(sighting.entry).decode(),
    }
    _put_entry(connection, sighting, values)


def settle_new(
    connection: Connection, sighting: Sighting, article: Article, aliases: Mapping[str, str], records: Sequence[Record]
) -> Outcome:
    """Publish version 1, unless the article is known by now under one of its addresses."""
    owner = _claim_aliases(connection, article.id, aliases)
    if owner != article.id or not _insert_article(connection, article, sighting.entry.key):
        mark_done(connection, sighting, owner)
        return DUPLICATE
    mark_done(connection, sighting, article.id, records)
    return PUBLISHED


def settle_update(connection: Connection, sighting: Sighting, article: Article, records: Sequence[Record]) -> Outcome:
    """Publish the next version, unless another process was first."""
    values = _article_values(article, sighting.entry.key)
    previous = (ARTICLE.c.id == article.id, ARTICLE.c.version == article.version - 1)
    if not connection.execute(update(ARTICLE).where(*previous).values(**values)).rowcount:
        return UNCHANGED
    mark_done(connection, sighting, article.id, records)
    return UPDATED


def hand_over(connection: Connection, sighting: Sighting, article_id: str, records: Sequence[Record] = ()) -> None:
    """From now on this entry keeps the article up to date."""
    holder = {"feed_id": sighting.feed_id, "entry_key": sighting.entry.key}
    connection.execute(update(ARTICLE).where(ARTICLE.c.id == article_id).values(holder))
    mark_done(connection, sighting, article_id, records)


def _claim_aliases(connection: Connection, article_id: str, aliases: Mapping[str, str]) -> str:
    """Whose article the addresses lead to: this one, or one that had an address first and now has all of them."""
    rows = [{"key": key, "address": address, "article_id": article_id} for key, address in aliases.items()]
    if not rows:
        return article_id
    inserted = connection.execute(insert_or_ignore(ALIAS, ("key", "address", "article_id")), rows).rowcount
    if inserted == len(rows):
        return article_id
    owners = set(articles_at(connection, aliases.keys()).values()) - {article_id}
    if not owners:
        return article_id
    first = min(owners)
    connection.execute(update(ALIAS).where(ALIAS.c.article_id == article_id).values(article_id=first))
    return first


def _insert_article(connection: Connection, article: Article, entry_key: str) -> bool:
    row = {"id": article.id, **_article_values(article, entry_key)}
    return bool(connection.execute(insert_or_ignore(ARTICLE, tuple(row)), row).rowcount)


def _article_values(article: Article, entry_key: str) -> dict[str, object]:
    return {
        "version": article.version,
        "feed_id": article.feed.id,
        "entry_key": entry_key,
        "url": article.url,
        "content_hash": article.content_hash,
        "title": article.title,
        "text": zlib.compress(article.text.encode(), 1),
        "published_at": article.published_at.timestamp() if article.published_at else None,
        "date_source": article.date_source,
        "body_status": article.body_status,
        "fetched_at": article.fetched_at.timestamp(),
    }


def _put_entry(connection: Connection, sighting: Sighting, values: Mapping[str, object]) -> None:
    entry = sighting.entry
    row = {
        "feed_id": sighting.feed_id,
        "key": entry.key,
        "fingerprint": entry.fingerprint,
        "seen_at": sighting.seen_at.timestamp(),
        **values,
    }
    connection.execute(insert_or_replace(ENTRY, tuple(row)), row)
