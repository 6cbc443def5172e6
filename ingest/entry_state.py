"""What is remembered of the entries of feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, delete, select

from geowire.bus import Record
from ingest.feed_entry import FeedEntry
from ingest.outbox_rows import put_records
from ingest.state_tables import ENTRY, IS_PENDING
from ingest.upsert import insert_or_replace

ENTRY_JSON = TypeAdapter(FeedEntry)
IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry that was met before."""

    is_pending: bool
    fingerprint: str
    article_id: str | None
    attempts: int
    changes: int
    """How many of its changes were followed, weighed as `ingest.decide` does."""
    seen_at: datetime
    """When something was last done for it."""

    @property
    def may_join(self) -> bool:
        """Whether an article that is published by now may turn out to be its own."""
        return self.is_pending or self.article_id is None


@dataclass(frozen=True, slots=True)
class Sighting:
    """That an entry stood in a feed at some time."""

    feed_id: str
    entry: FeedEntry
    seen_at: datetime
    changes: int = 0
    """How many of its changes were followed, this one included."""


def known_entries(connection: Connection, feed_id: str, keys: Sequence[str]) -> dict[str, KnownEntry]:
    """What is remembered of these entries, by key."""
    found: dict[str, KnownEntry] = {}
    for start in range(0, len(keys), IN_LIMIT):
        among = ENTRY.c.key.in_(keys[start : start + IN_LIMIT])
        for row in connection.execute(select(ENTRY).where(ENTRY.c.feed_id == feed_id, among)):
            found[row.key] = _known_entry(row)
    return found


def _known_entry(row: Row[tuple[object, ...]]) -> KnownEntry:
    return KnownEntry(
        is_pending=row.status == "pending",
        fingerprint=row.fingerprint,
        article_id=row.article_id,
        attempts=row.attempts,
        changes=row.changes or 0,
        seen_at=datetime.fromtimestamp(row.seen_at, UTC),
    )


def pending_entries(connection: Connection, feed_id: str, limit: int) -> list[FeedEntry]:
    """The entries of a feed whose page could not be read yet, the longest waiting first."""
    waiting = select(ENTRY.c.payload).where(ENTRY.c.feed_id == feed_id, IS_PENDING).order_by(ENTRY.c.seen_at)
    rows = connection.scalars(waiting.limit(limit))
    return [ENTRY_JSON.validate_json(payload) for payload in rows if payload]


def forget_fruitless(connection: Connection, feed_id: str, keys: Sequence[str]) -> None:
    """Forget those of the entries of which no article came, so that they are met as if for the first time."""
    fruitless = (ENTRY.c.feed_id == feed_id, ~IS_PENDING, ENTRY.c.article_id.is_(None))
    for start in range(0, len(keys), IN_LIMIT):
        connection.execute(delete(ENTRY).where(*fruitless, ENTRY.c.key.in_(keys[start : start + IN_LIMIT])))


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


def _put_entry(connection: Connection, sighting: Sighting, values: Mapping[str, object]) -> None:
    entry = sighting.entry
    row = {
        "feed_id": sighting.feed_id,
        "key": entry.key,
        "fingerprint": entry.fingerprint,
        "seen_at": sighting.seen_at.timestamp(),
        "changes": sighting.changes,
        **values,
    }
    connection.execute(insert_or_replace(ENTRY, tuple(row)), row)
