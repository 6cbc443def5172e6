"""The tables of ingest's state. Times are seconds since 1970, so that both databases order them alike."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import Connection

METADATA = MetaData()
SERIAL = BigInteger().with_variant(Integer, "sqlite")

FEED = Table(
    "feed",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("catalogue", Text, nullable=False),  # the catalogue's Feed as JSON
    Column("active", Boolean, nullable=False),  # False once it has left the catalogue
    Column("title", Text),  # what the feed calls itself
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("polled_at", Double),
    Column("result", String(20)),
    Column("http_status", Integer),
    Column("error", Text),
    Column("failures", Integer, nullable=False, default=0),
    Column("state", String(20), nullable=False, default="new"),
    Column("since", Double),
    Column("newest_entry_at", Double),
    Column("next_poll_at", Double, nullable=False, default=0.0),
    Column("lease_owner", Text),
    Column("lease_until", Double),
    Column("address", Text),  # where it has moved; NULL: as the catalogue has it
    Column("why", Text),  # of its state, in one line
    Column("entries_per_day", Double),
    Column("history", Text),  # FeedHistory as JSON
)
Index("feed_due", FEED.c.next_poll_at)

ENTRY = Table(
    "entry",
    METADATA,
    Column("feed_id", String(32), nullable=False),
    Column("key", String(32), nullable=False),
    Column("status", String(10), nullable=False),  # done, or pending
    Column("fingerprint", String(32), nullable=False),
    Column("article_id", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("payload", Text),  # the entry itself, while it is pending
    Column("seen_at", Double, nullable=False),  # when something was last done for it
    Column("changes", Integer),  # how many were followed, weighed as ingest.decide does; NULL: none
    PrimaryKeyConstraint("feed_id", "key"),
)
IS_PENDING = ENTRY.c.status == "pending"
Index("entry_pending", ENTRY.c.feed_id, sqlite_where=IS_PENDING, postgresql_where=IS_PENDING)

ALIAS = Table(
    "alias",
    METADATA,
    Column("key", String(32), primary_key=True),
    Column("address", Text, nullable=False),
    Column("article_id", String(64), nullable=False, index=True),
)

ARTICLE = Table(
    "article",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("feed_id", String(32), nullable=False),
    Column("entry_key", String(32), nullable=False),
    Column("message", LargeBinary),  # the last version with a text as JSON, zlib; NULL once forgotten
    Column("withdrawn", String(20)),  # why, while it is
    Column("first_seen_at", Double, nullable=False),
    Column("visit_at", Double),  # when its page is asked for again; NULL: never
    Column("etag", Text),
    Column("last_modified", Text),
    Column("missing", Integer, nullable=False, default=0),  # visits in a row at which there was no page
    Column("page_title", Text),  # the headline as the page itself wrote it
)
Index("article_visit", ARTICLE.c.visit_at)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    Column("headers", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

OUTCOME = Table(
    "outcome",
    METADATA,
    Column("feed_id", String(32), nullable=False),
    Column("day", String(10), nullable=False),
    Column("outcome", String(120), nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("feed_id", "day", "outcome"),
)

SITE_PAGES = Table(
    "site_pages",
    METADATA,
    Column("site", String(255), primary_key=True),
    Column("pages", LargeBinary, nullable=False),  # SitePages, packed
    Column("seen_at", Double, nullable=False, index=True),  # when it last brought a page that was new
)

CLAIM = Table(
    "claim",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Double, nullable=False),
)


@event.listens_for(METADATA, "after_create")
def add_missing_columns(_: MetaData, connection: Connection, **__: object) -> None:
    """Give the tables of an older version the columns that came later; those may all be NULL."""
    there = inspect(connection)
    for table in METADATA.sorted_tables:
        names = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                kind = column.type.compile(connection.dialect)
                connection.execute(text(f'ALTER TABLE {table.name} ADD COLUMN "{column.name}" {kind}'))
