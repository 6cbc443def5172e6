"""What is remembered of each feed, and how its entries ended, by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, bindparam, or_, select, update

from geowire.bus import Record
from geowire.messages import FeedPolled
from ingest.catalogue import Feed
from ingest.history import FeedHistory, write_history
from ingest.identity import feed_id_of
from ingest.outbox_rows import put_records
from ingest.state_tables import FEED, OUTCOME
from ingest.upsert import insert_or_add, insert_or_ignore
from ingest.validators import Validators

NEW_FEED = {"active": True, "failures": 0, "state": "new", "next_poll_at": 0.0}


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """What a catalogue changed, as feed ids."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolledFeed:
    """How a poll ended, as it is stored when the lease is given back."""

    owner: str
    polled: FeedPolled
    failures: int
    validators: Validators | None
    """None keeps what is stored: the poll failed, or some entry has to be met again."""
    event: Record
    history: FeedHistory = field(default_factory=FeedHistory)


def sync_catalogue(connection: Connection, feeds: Iterable[Feed]) -> CatalogueChange:
    """Make the feeds those of the catalogue. A feed that comes back finds what was remembered of it."""
    wanted = {feed.id: feed.model_dump_json() for feed in feeds}
    query = select(FEED.c.id, FEED.c.catalogue, FEED.c.active)
    stored = {row.id: (row.catalogue if row.active else "") for row in connection.execute(query)}
    added = tuple(feed_id for feed_id in wanted if feed_id not in stored)
    changed = tuple(feed_id for feed_id in wanted if feed_id in stored and stored[feed_id] != wanted[feed_id])
    removed = tuple(feed_id for feed_id, row in stored.items() if row and feed_id not in wanted)
    if added:
        rows = [{**NEW_FEED, "id": feed_id, "catalogue": wanted[feed_id]} for feed_id in added]
        connection.execute(insert_or_ignore(FEED, tuple(rows[0])), rows)
    for feed_id in changed:
        connection.execute(update(FEED).where(FEED.c.id == feed_id).values(catalogue=wanted[feed_id], active=True))
    for feed_id in removed:
        connection.execute(update(FEED).where(FEED.c.id == feed_id).values(active=False))
    return CatalogueChange(added, changed, removed)


# made once: to build a statement costs more than to run it
FINISH = update(FEED).where(FEED.c.id == bindparam("this_feed"), FEED.c.lease_owner == bindparam("this_owner"))


def feed_address(connection: Connection, feed_id: str) -> str | None:
    """The catalogue's address of a feed that is or was in it."""
    row = connection.scalar(select(FEED.c.catalogue).where(FEED.c.id == feed_id))
    return None if row is None else Feed.model_validate_json(row).url


def finish_poll(connection: Connection, end: PolledFeed) -> bool:
    """Store how the poll ended, put its event into the outbox, give the lease back; False if it was lost meanwhile."""
    polled = end.polled
    values = {
        "title": polled.title,
        "polled_at": polled.polled_at.timestamp(),
        "result": polled.result,
        "http_status": polled.http_status,
        "error": polled.error,
        "failures": end.failures,
        "state": polled.state,
        "since": polled.since.timestamp() if polled.since else None,
        "newest_entry_at": polled.newest_entry_at.timestamp() if polled.newest_entry_at else None,
        "next_poll_at": polled.next_poll_at.timestamp() if polled.next_poll_at else 0.0,
        "address": polled.moved_to,
        "why": polled.why,
        "entries_per_day": polled.entries_per_day,
        "history": write_history(end.history),
        "lease_owner": None,
        "lease_until": None,
        **(asdict(end.validators) if end.validators else {}),
    }
    if not connection.execute(FINISH, {**values, "this_feed": polled.id, "this_owner": end.owner}).rowcount:
        return False
    put_records(connection, [end.event])
    count_outcomes(connection, polled.id, polled.polled_at.date().isoformat(), polled.entries)
    return True


def feed_at(connection: Connection, address: str, besides: str) -> str | None:
    """The id of another active feed that has this address, in the catalogue or by having moved there."""
    has_it = or_(FEED.c.id == feed_id_of(address), FEED.c.address == address)
    query = select(FEED.c.id).where(FEED.c.active, FEED.c.id != besides, has_it).order_by(FEED.c.id).limit(1)
    return connection.scalar(query)


def count_outcomes(connection: Connection, feed_id: str, day: str, entries: Mapping[str, int]) -> None:
    """Add to the day's counts of a feed."""
    rows = [
        {"feed_id": feed_id, "day": day, "outcome": outcome, "count": count}
        for outcome, count in sorted(entries.items())
    ]
    if rows:
        connection.execute(insert_or_add(OUTCOME, tuple(rows[0]), "count"), rows)
