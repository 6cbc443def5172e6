"""The outbox as rows: records that wait to be published, in the order in which they were decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from geowire.bus import Record
from geowire.events import header_texts
from geowire.headers import pack_headers, unpack_headers
from ingest.state_tables import OUTBOX

INSERT = insert(OUTBOX)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record in the outbox and its number."""

    seq: int
    record: Record


def put_records(connection: Connection, records: Sequence[Record]) -> None:
    """Keep records for publication, inside the transaction that decides them."""
    rows = [{"topic": r.topic, "key": r.key, "value": r.value, "headers": pack_headers(r.headers)} for r in records]
    if rows:
        connection.execute(INSERT, rows)


def oldest_records(connection: Connection, limit: int) -> list[Waiting]:
    """The records that have waited longest."""
    rows = connection.execute(select(OUTBOX).order_by(OUTBOX.c.seq).limit(limit))
    return [Waiting(row.seq, Record(row.topic, row.key, row.value, unpack_headers(row.headers))) for row in rows]


def strike(connection: Connection, seqs: Sequence[int]) -> None:
    """Forget records that are published."""
    connection.execute(delete(OUTBOX).where(OUTBOX.c.seq.in_(seqs)))


def count_waiting(connection: Connection) -> int:
    """How many records wait."""
    return connection.scalar(select(func.count()).select_from(OUTBOX)) or 0


def waiting_since(connection: Connection) -> datetime | None:
    """The time of the record that has waited longest, which every event carries; None if none waits."""
    oldest = oldest_records(connection, 1)
    said = header_texts(oldest[0].record.headers).get("ce_time") if oldest else None
    return datetime.fromisoformat(said) if said else None
