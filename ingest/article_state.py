"""What is remembered of articles. Each `settle_*` is one decision, made inside one transaction."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

from sqlalchemy import Connection, Row, select, update

from geowire.bus import Record
from geowire.messages import Article
from ingest.entry_state import Sighting, mark_done
from ingest.identity import address_key
from ingest.outbox_rows import put_records
from ingest.outcomes import DUPLICATE, PUBLISHED, UNCHANGED, UPDATED, Outcome
from ingest.state_tables import ALIAS, ARTICLE
from ingest.twins import are_alike, is_about, tells_the_same, text_key
from ingest.upsert import insert_or_ignore
from ingest.validators import Validators

IN_LIMIT = 500
UNKNOWN_ENTRY = ""
"""The entry of an article that was rebuilt: messages do not tell it."""


@dataclass(frozen=True, slots=True)
class Visits:
    """What the next visit to the article's page needs."""

    due: datetime | None = None
    """When; None: never again."""
    validators: Validators = field(default_factory=Validators)
    missing: int = 0
    """Visits in a row at which there was no page."""
    page_title: str = ""
    """The headline as the page itself wrote it."""


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """An article that was published."""

    article: Article
    """Its last version with a text."""
    version: int
    """The last version, which may be a withdrawal."""
    feed_id: str
    """The feed that keeps it up to date, and by which entry."""
    entry_key: str
    first_seen_at: datetime
    withdrawn: str | None = None
    """Why it was withdrawn, if it was."""
    visits: Visits = field(default_factory=Visits)


def articles_at(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """The articles that addresses lead to: article id by address key."""
    wanted = sorted(keys)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        query = select(ALIAS.c.key, ALIAS.c.article_id).where(ALIAS.c.key.in_(wanted[start : start + IN_LIMIT]))
        found.update((row.key, row.article_id) for row in connection.execute(query))
    return found


def load_article(connection: Connection, article_id: str) -> KnownArticle | None:
    """An article; None if it is not known, or forgotten on demand."""
    row = connection.execute(select(ARTICLE).where(ARTICLE.c.id == article_id)).first()
    return None if row is None else known_article(row)


def lock_article(connection: Connection, article_id: str) -> KnownArticle | None:
    """The same, and nobody else changes it before this transaction ends."""
    row = connection.execute(select(ARTICLE).where(ARTICLE.c.id == article_id).with_for_update()).first()
    return None if row is None else known_article(row)


def known_article(row: Row[tuple[object, ...]]) -> KnownArticle | None:
    """A row of the table; None if its content was forgotten."""
    if row.message is None:
        return None
    return KnownArticle(
        article=Article.model_validate_json(zlib.decompress(row.message)),
        version=row.version,
        feed_id=row.feed_id,
        entry_key=row.entry_key,
        first_seen_at=datetime.fromtimestamp(row.first_seen_at, UTC),
        withdrawn=row.withdrawn,
        visits=Visits(
            None if row.visit_at is None else datetime.fromtimestamp(row.visit_at, UTC),
            Validators(row.etag, row.last_modified),
            row.missing,
            row.page_title or "",
        ),
    )


class Contest(Enum):
    """Why a new article cannot be settled as it is, because another has one of its addresses or its text."""

    CANONICAL = auto()
    """Its canonical address alone leads to an article that says something else: it is not this page's address."""
    NO_ARTICLE = auto()
    """Its page is where another entry's was, and it is not about this entry: a login, an error, a landing page."""


def settle_new(
    connection: Connection,
    sighting: Sighting,
    article: Article,
    aliases: Mapping[str, str],
    records: Sequence[Record],
    visits: Visits,
) -> Outcome | Contest:
    """Publish version 1, unless the article is known by now under one of its addresses; nothing is done in a contest.

    An article's text is one more address: on one owner's site it leads to the same article, whatever the URL says.
    """
    contest = _contest(connection, sighting, article, aliases)
    if contest is not None:
        return contest
    owner = _claim_aliases(connection, article.id, {**aliases, **_text_alias(article)})
    if owner != article.id or not _insert_article(connection, article, sighting, visits):
        mark_done(connection, sighting, owner)
        return DUPLICATE
    mark_done(connection, sighting, article.id, records)
    return PUBLISHED


def settle_update(
    connection: Connection, sighting: Sighting, article: Article, records: Sequence[Record], visits: Visits
) -> Outcome:
    """Publish the next version, unless another process was first."""
    holder = {"feed_id": sighting.feed_id, "entry_key": sighting.entry.key}
    if not replace_version(connection, article, visits, records, holder):
        return UNCHANGED
    mark_done(connection, sighting, article.id)
    return UPDATED


def replace_version(
    connection: Connection,
    article: Article,
    visits: Visits,
    records: Sequence[Record],
    holder: Mapping[str, str] | None = None,
) -> bool:
    """Publish a version in the place of the one before; False if that is not the last one any more."""
    previous = (ARTICLE.c.id == article.id, ARTICLE.c.version == article.version - 1)
    values = {**version_values(article), **visit_values(visits), **(holder or {}), "withdrawn": None}
    if not connection.execute(update(ARTICLE).where(*previous).values(values)).rowcount:
        return False
    put_records(connection, records)
    return True


def hand_over(connection: Connection, sighting: Sighting, article_id: str, records: Sequence[Record] = ()) -> None:
    """From now on this entry keeps the article up to date."""
    holder = {"feed_id": sighting.feed_id, "entry_key": sighting.entry.key}
    connection.execute(update(ARTICLE).where(ARTICLE.c.id == article_id).values(holder))
    mark_done(connection, sighting, article_id, records)


def adopt(connection: Connection, sighting: Sighting, article_id: str) -> None:
    """This entry keeps a rebuilt article up to date from now on; what it says has still to be compared."""
    orphan = (ARTICLE.c.id == article_id, ARTICLE.c.entry_key == UNKNOWN_ENTRY)
    connection.execute(update(ARTICLE).where(*orphan).values(entry_key=sighting.entry.key))


def lease_visits(connection: Connection, now: datetime, until: datetime, limit: int) -> list[KnownArticle]:
    """Articles whose pages are due, the longest overdue first; nobody else gets them until the lease ends."""
    due = select(ARTICLE).where(ARTICLE.c.visit_at <= now.timestamp(), ARTICLE.c.message.is_not(None))
    query = due.order_by(ARTICLE.c.visit_at, ARTICLE.c.id).limit(limit).with_for_update(skip_locked=True)
    rows = connection.execute(query).all()
    for start in range(0, len(rows), IN_LIMIT):
        among = ARTICLE.c.id.in_([row.id for row in rows[start : start + IN_LIMIT]])
        connection.execute(update(ARTICLE).where(among).values(visit_at=until.timestamp()))
    return [known for row in rows if (known := known_article(row)) is not None]


def plan_visit(connection: Connection, known: KnownArticle, visits: Visits) -> None:
    """Remember when the page is due next, unless there is another version by now, which has its own plan."""
    same = (ARTICLE.c.id == known.article.id, ARTICLE.c.version == known.version)
    connection.execute(update(ARTICLE).where(*same).values(visit_values(visits)))


def withdraw(
    connection: Connection, known: KnownArticle, reason: str, records: Sequence[Record], due: datetime | None = None
) -> bool:
    """Publish the withdrawal as the next version; False if there is another version by now.

    `due` is when its page is asked for again, in case it comes back.
    """
    previous = (ARTICLE.c.id == known.article.id, ARTICLE.c.version == known.version)
    values = {"version": known.version + 1, "withdrawn": reason, **visit_values(Visits(due))}
    if not connection.execute(update(ARTICLE).where(*previous).values(values)).rowcount:
        return False
    put_records(connection, records)
    return True


def erase(connection: Connection, article_id: str) -> None:
    """Keep nothing of an article but the hashes of its addresses, by which it is known if it comes again."""
    connection.execute(update(ARTICLE).where(ARTICLE.c.id == article_id).values(message=None, visit_at=None))
    connection.execute(update(ALIAS).where(ALIAS.c.article_id == article_id).values(address=""))


def visit_values(visits: Visits) -> dict[str, object]:
    """The columns that the next visit needs."""
    return {
        "visit_at": None if visits.due is None else visits.due.timestamp(),
        "etag": visits.validators.etag,
        "last_modified": visits.validators.last_modified,
        "missing": visits.missing,
        "page_title": visits.page_title,
    }


def _contest(
    connection: Connection, sighting: Sighting, article: Article, aliases: Mapping[str, str]
) -> Contest | None:
    text, link = _text_alias(article), sighting.entry.link
    owners = articles_at(connection, {**aliases, **text}.keys())
    if not owners or (link and address_key(link) in owners):
        return None
    canonical = address_key(article.canonical_url) if article.canonical_url else None
    at_canonical = owners.pop(canonical, None) if canonical else None
    for owner in sorted(set(owners.values())):
        if not _is_same_entry(load_article(connection, owner), sighting, article):
            return Contest.NO_ARTICLE
    if at_canonical is None or owners:
        return None
    known = load_article(connection, at_canonical)
    return None if known is None or tells_the_same(known.article, article) else Contest.CANONICAL


def _is_same_entry(known: KnownArticle | None, sighting: Sighting, article: Article) -> bool:
    """Whether an entry whose link led to another one's page is about the same; better once too often than lost."""
    headline = sighting.entry.title
    if known is None or headline.casefold() == known.article.title.casefold():
        return True
    if article.body_status == "full" and is_about(headline, article.text) is True:
        return True
    # One feed's different links to one address that tells of neither are a login or a landing page.
    return known.feed_id != sighting.feed_id and are_alike(headline, known.article.title)


def _text_alias(article: Article) -> dict[str, str]:
    key = text_key(article)
    return {key: ""} if key else {}


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


def _insert_article(connection: Connection, article: Article, sighting: Sighting, visits: Visits) -> bool:
    row = {
        "id": article.id,
        "feed_id": sighting.feed_id,
        "entry_key": sighting.entry.key,
        "first_seen_at": article.fetched_at.timestamp(),
        **version_values(article),
        **visit_values(visits),
    }
    return bool(connection.execute(insert_or_ignore(ARTICLE, tuple(row)), row).rowcount)


def version_values(article: Article) -> dict[str, object]:
    """The columns of a version."""
    message = article.model_dump_json(by_alias=True, exclude_none=True).encode()
    return {"version": article.version, "message": zlib.compress(message, 1)}
