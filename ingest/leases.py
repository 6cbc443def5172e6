"""Leases: who polls a feed, and who empties the outbox. What a dead process held is free at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from geowire.liveness import is_gone, this_process
from ingest.catalogue import Feed
from ingest.state_tables import CLAIM, FEED
from ingest.upsert import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a lease, when, and for how long."""

    owner: str
    now: datetime
    length: timedelta

    @property
    def until(self) -> float:
        """When the lease runs out, in seconds since 1970."""
        return (self.now + self.length).timestamp()


@dataclass(frozen=True, slots=True)
class LeasedFeed:
    """A feed that this process may poll now, and what is remembered of its last poll."""

    feed: Feed
    title: str | None
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    failures: int
    state: str
    since: float | None
    newest_entry_at: float | None


def new_owner(random_part: int) -> str:
    """A name for this process that no other ever has: `host/pid/start:random`."""
    return f"{this_process()}:{random_part:08x}"


def is_void(owner: str) -> bool:
    """Whether the owner was a process of this machine that exists no more."""
    return is_gone(owner.rpartition(":")[0])


def lease_due(connection: Connection, claim: Claim, *, all_feeds: bool, limit: int | None) -> list[LeasedFeed]:
    """Lease the feeds that are due, the longest overdue first; with `all_feeds` those that are not due as well."""
    now = claim.now.timestamp()
    query = select(FEED).where(FEED.c.active, _is_free(connection, now)).order_by(FEED.c.next_poll_at, FEED.c.id)
    if not all_feeds:
        query = query.where(FEED.c.next_poll_at <= now)
    rows = connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings().all()
    ids = [row["id"] for row in rows]
    for start in range(0, len(ids), 500):
        leased = FEED.c.id.in_(ids[start : start + 500])
        connection.execute(update(FEED).where(leased).values(lease_owner=claim.owner, lease_until=claim.until))
    return [
        LeasedFeed(
            feed=Feed.model_validate_json(row["catalogue"]),
            title=row["title"],
            etag=row["etag"],
            last_modified=row["last_modified"],
            body_hash=row["body_hash"],
            failures=row["failures"],
            state=row["state"],
            since=row["since"],
            newest_entry_at=row["newest_entry_at"],
        )
        for row in rows
    ]


def renew(connection: Connection, claim: Claim) -> int:
    """Renew every lease of the owner; how many it still has."""
    mine = update(FEED).where(FEED.c.lease_owner == claim.owner).values(lease_until=claim.until)
    return connection.execute(mine).rowcount


def release(connection: Connection, owner: str, feed_ids: Sequence[str] | None = None) -> None:
    """Give up the owner's leases on these feeds, or all of them; the feeds are as due as they were."""
    query = update(FEED).where(FEED.c.lease_owner == owner).values(lease_owner=None, lease_until=None)
    connection.execute(query if feed_ids is None else query.where(FEED.c.id.in_(feed_ids)))


def claim_role(connection: Connection, name: str, claim: Claim) -> bool:
    """Take or keep a role that one process has at a time; False if another has it."""
    held = connection.execute(select(CLAIM).where(CLAIM.c.name == name).with_for_update()).mappings().first()
    if held and held["owner"] != claim.owner and held["until"] > claim.now.timestamp() and not is_void(held["owner"]):
        return False
    if held:
        taken = update(CLAIM).where(CLAIM.c.name == name, CLAIM.c.owner == held["owner"])
        return connection.execute(taken.values(owner=claim.owner, until=claim.until)).rowcount == 1
    fresh = {"name": name, "owner": claim.owner, "until": claim.until}
    return bool(connection.execute(insert_or_ignore(CLAIM, tuple(fresh)), fresh).rowcount)


def give_up_role(connection: Connection, name: str, owner: str) -> None:
    """Let another process take the role at once."""
    connection.execute(delete(CLAIM).where(CLAIM.c.name == name, CLAIM.c.owner == owner))


def _is_free(connection: Connection, now: float) -> ColumnElement[bool]:
    held = select(FEED.c.lease_owner).where(FEED.c.lease_until > now).distinct()
    void = [owner for owner in connection.scalars(held) if owner and is_void(owner)]
    return or_(FEED.c.lease_until.is_(None), FEED.c.lease_until <= now, FEED.c.lease_owner.in_(void))
