"""Leases: who polls a feed, and who empties the outbox. What a dead process held is free at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from geowire.liveness import is_gone, this_process
from geowire.messages.feed import FeedState
from ingest.catalogue import Feed
from ingest.history import FeedHistory, read_history
from ingest.state_tables import CLAIM, FEED
from ingest.upsert import insert_or_ignore
from ingest.validators import Validators


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
    validators: Validators
    failures: int
    state: FeedState
    since: float | None
    newest_entry_at: float | None
    moved_to: str | None = None
    """The address that was adopted in place of the catalogue's."""
    history: FeedHistory = field(default_factory=FeedHistory)

    @property
    def address(self) -> str:
        """Where the feed is asked."""
        return self.moved_to or self.feed.url


def new_owner(random_part: int) -> str:
    """A name for this process that no other ever has: `host/pid/start:random`."""
    return f"{this_process()}:{random_part:08x}"


def is_void(owner: str) -> bool:
    """Whether the owner was a process of this machine that exists no more."""
    return is_gone(owner.rpartition(":")[0])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which feeds a poll is about."""

    all_feeds: bool = False
    """Those that are not due as well."""
    unpolled_since: datetime | None = None
    """Of those, only feeds that nobody has polled since this moment."""
    feed_ids: tuple[str, ...] | None = None
    """These feeds and no others, due or not."""

    def condition(self, now: float) -> ColumnElement[bool]:
        """The feeds that are wanted, leased or not."""
        if self.feed_ids is not None:
            return and_(FEED.c.active, FEED.c.id.in_(self.feed_ids))
        if not self.all_feeds:
            return and_(FEED.c.active, FEED.c.next_poll_at <= now)
        if self.unpolled_since is None:
            return FEED.c.active
        since = self.unpolled_since.timestamp()
        return and_(FEED.c.active, or_(FEED.c.polled_at.is_(None), FEED.c.polled_at < since))


def count_wanted(connection: Connection, wanted: Wanted, now: datetime) -> int:
    """How many feeds are wanted and free."""
    moment = now.timestamp()
    query = select(func.count()).select_from(FEED).where(wanted.condition(moment), _is_free(connection, moment))
    return connection.scalar(query) or 0


def lease_wanted(connection: Connection, claim: Claim, wanted: Wanted, limit: int | None) -> list[LeasedFeed]:
    """Lease feeds that are wanted and free, the longest overdue first."""
    now = claim.now.timestamp()
    query = (
        select(FEED).where(wanted.condition(now), _is_free(connection, now)).order_by(FEED.c.next_poll_at, FEED.c.id)
    )
    rows = connection.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings().all()
    ids = [row["id"] for row in rows]
    for start in range(0, len(ids), 500):
        leased = FEED.c.id.in_(ids[start : start + 500])
        connection.execute(update(FEED).where(leased).values(lease_owner=claim.owner, lease_until=claim.until))
    return [
        LeasedFeed(
            feed=Feed.model_validate_json(row["catalogue"]),
            title=row["title"],
            validators=Validators(row["etag"], row["last_modified"], row["body_hash"]),
            failures=row["failures"],
            state=row["state"],
            since=row["since"],
            newest_entry_at=row["newest_entry_at"],
            moved_to=row["address"],
            history=read_history(row["history"]),
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
