"""Consumer groups on the embedded bus: who reads which partition, and how far each has come.

A lease gives one partition to one member under an epoch that rises with each change of hands; a commit names its epoch,
so that a member that was thought dead cannot move what is no longer its own. Times are of the monotonic clock, which
all processes of a machine share.
"""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from geowire.bus import NAME_TAKEN, Delivery, MemberOptions, TopicPartition
from geowire.errors import Misconfigured, PartitionLost, Transient
from geowire.liveness import is_alive, is_gone, this_process
from geowire.sqlite_faults import sqlite_faults
from geowire.sqlite_log import BUS, LogTopic, read_rows, wait_for, write_transaction
from geowire.sqlite_shares import Place, exclusive_share, fair_share

log = logging.getLogger(__name__)

REBALANCE_EVERY = 0.5
SIGN_OF_LIFE = 0.1
"""The part of `max_poll_interval` after which a member says again that it polls: each time would be a write to disk."""


class Lease(NamedTuple):
    """Who has a place, and how far the group is in it."""

    owner: str | None
    epoch: int
    committed: int


class Member(NamedTuple):
    """A member as it stands in the file."""

    name: str
    process: str
    polled: float
    topics: str
    """The ids of those that it reads, as JSON."""


class SqliteSubscription:
    """The `Subscription` on one SQLite file. Rebalancing happens inside `poll` and `keep_alive`, as with Kafka."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        group: str,
        topics: Sequence[LogTopic],
        member: MemberOptions,
        *,
        exclusive: bool,
    ) -> None:
        self._connection = connection
        self._group = group
        self._topics = {topic.id: topic for topic in topics}
        self._member = member
        self._name = member.name or uuid.uuid4().hex
        self._exclusive = exclusive
        self._epoch = 0
        self._closed = False
        self._has_announced = False
        self._leases: dict[Place, int] = {}
        self._positions: dict[Place, int] = {}
        self._rebalanced_at = float("-inf")
        self._turn = itertools.count()

    @property
    def epoch(self) -> int:
        """See `Subscription`."""
        return self._epoch

    @property
    def has_joined(self) -> bool:
        """See `Subscription`."""
        return self._rebalanced_at > float("-inf")

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """See `Subscription`."""
        return frozenset(TopicPartition(self._topics[topic].name, partition) for topic, partition in self._leases)

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """See `Subscription`."""
        deadline = time.monotonic() + timeout
        while True:
            self._rebalance_if_due()
            wait = min(REBALANCE_EVERY, max(0.0, deadline - time.monotonic()))
            found = wait_for(self._connection, lambda: self._take(max_records), wait)
            if found or time.monotonic() >= deadline:
                return found

    def keep_alive(self, timeout: float) -> None:
        """See `Subscription`."""
        self._rebalance_if_due()
        wait_for(self._connection, list, min(timeout, self._member.max_poll_interval / 3))

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """See `Subscription`."""
        ids = {topic.name: topic.id for topic in self._topics.values()}
        update = """UPDATE lease SET committed = ? WHERE grp = ? AND topic = ? AND partition = ? AND owner = ?
            AND epoch = ?"""
        with write_transaction(self._connection) as connection:
            for (name, partition), position in positions.items():
                place = (ids[name], partition)
                epoch = self._leases.get(place, -1)
                cursor = connection.execute(update, (position, self._group, *place, self._name, epoch))
                if cursor.rowcount == 0:
                    self._rebalanced_at = float("-inf")
                    raise PartitionLost(f"{name} partition {partition} belongs to another member of {self._group} now")

    def rewind(self) -> None:
        """See `Subscription`."""
        query = "SELECT topic, partition, committed FROM lease WHERE grp = ? AND owner = ?"
        with sqlite_faults(BUS):
            rows = self._connection.execute(query, (self._group, self._name)).fetchall()
        for topic, partition, committed in rows:
            self._positions[topic, partition] = committed

    def close(self) -> None:
        """See `Subscription`."""
        if self._closed:
            return
        self._closed = True
        try:
            with write_transaction(self._connection) as connection:
                mine = (self._name, this_process())
                if mine in {(member.name, member.process) for member in read_members(connection, self._group)}:
                    leave(connection, self._group, self._name)
        except Transient as fault:  # the group finds out, from the process that is gone or from its silence
            log.warning("%s was not left: %s", self._group, fault)
        finally:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, max_records: int) -> list[Delivery]:
        taken: list[Delivery] = []
        places = sorted(self._leases)
        first = next(self._turn)
        for step in range(len(places)):
            if len(taken) >= max_records:
                break
            place = places[(first + step) % len(places)]
            topic, partition = self._topics[place[0]], place[1]
            rows = read_rows(self._connection, topic, partition, self._positions[place], max_records - len(taken))
            self._positions[place] = rows[-1].offset + 1 if rows else self._positions[place]
            taken += rows
        return taken

    def _rebalance_if_due(self) -> None:
        if time.monotonic() - self._rebalanced_at < REBALANCE_EVERY:
            return
        if not self._is_settled():
            self._rebalance()
        self._rebalanced_at = time.monotonic()

    def _is_settled(self) -> bool:
        """Whether the group stands as this member left it, so that there is nothing to write."""
        with sqlite_faults(BUS):
            members = {member.name: member for member in read_members(self._connection, self._group)}
            leases = self._read_leases(self._connection)
        now = time.monotonic()
        me = members.get(self._name)
        if me is None or (me.process, me.topics) != (this_process(), self._topic_ids()):
            return False
        is_heard_of = now - me.polled <= self._member.max_poll_interval * SIGN_OF_LIFE
        if not is_heard_of or self._dead(members.values(), now):
            return False
        held = {place: lease.epoch for place, lease in leases.items() if lease.owner == self._name}
        return held == self._leases and self._wanted(members.values(), leases) == held.keys()

    def _rebalance(self) -> None:
        """Drop who is dead, say that this member lives, and take its share."""
        with write_transaction(self._connection) as connection:
            now = time.monotonic()  # no sooner: whoever had the lock until now may have said since that it lives
            members = read_members(connection, self._group)
            self._check_name(members)
            for name in self._dead(members, now):
                leave(connection, self._group, name)
            self._announce(connection, now)
            held = self._share(connection)
        self._has_announced = True
        if {place: epoch for place, (epoch, _) in held.items()} == self._leases:
            return
        self._epoch += 1
        self._positions = {
            place: self._positions[place] if self._leases.get(place) == epoch else committed
            for place, (epoch, committed) in held.items()
        }
        self._leases = {place: epoch for place, (epoch, _) in held.items()}

    def _check_name(self, members: Iterable[Member]) -> None:
        """Raise `Misconfigured` if a process that lives has this member's name, or has taken it since it joined."""
        holders = [member.process for member in members if member.name == self._name]
        if holders and holders != [this_process()] and (self._has_announced or is_alive(holders[0])):
            raise Misconfigured(NAME_TAKEN)

    def _dead(self, members: Iterable[Member], now: float) -> list[str]:
        """The names of the others whose process is gone or who did not poll for too long."""
        longest = self._member.max_poll_interval * (1 + SIGN_OF_LIFE)
        return [
            member.name
            for member in members
            if member.name != self._name
            # below 0: the machine was started anew
            and (not 0 <= now - member.polled <= longest or is_gone(member.process))
        ]

    def _announce(self, connection: sqlite3.Connection, now: float) -> None:
        row = (self._group, self._name, this_process(), time.monotonic_ns(), now, self._topic_ids())
        connection.execute(
            """INSERT INTO member VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
            SET polled = excluded.polled, process = excluded.process, topics = excluded.topics""",
            row,
        )
        for topic in self._topics.values():
            places = [(self._group, topic.id, partition) for partition in range(topic.partitions)]
            connection.executemany("INSERT OR IGNORE INTO lease VALUES (?, ?, ?, NULL, 0, 0)", places)
        if not self._leases and self._epoch == 0:
            # a named member that comes back: what it held before the crash is held anew, under a new epoch
            connection.execute("UPDATE lease SET owner = NULL WHERE grp = ? AND owner = ?", (self._group, self._name))

    def _topic_ids(self) -> str:
        return json.dumps(sorted(self._topics))

    def _share(self, connection: sqlite3.Connection) -> dict[Place, tuple[int, int]]:
        """Give up what is over this member's share and take what is free below it: place -> (epoch, committed)."""
        leases = self._read_leases(connection)
        wanted = self._wanted(read_members(connection, self._group), leases)
        self._hand_over(connection, leases, wanted)
        return {
            place: (lease.epoch if lease.owner == self._name else lease.epoch + 1, lease.committed)
            for place, lease in leases.items()
            if place in wanted
        }

    def _wanted(self, members: Iterable[Member], leases: Mapping[Place, Lease]) -> set[Place]:
        share = exclusive_share if self._exclusive else fair_share
        owners = {place: lease.owner for place, lease in leases.items()}
        return share({member.name: frozenset(json.loads(member.topics)) for member in members}, owners, self._name)

    def _read_leases(self, connection: sqlite3.Connection) -> dict[Place, Lease]:
        query = "SELECT topic, partition, owner, epoch, committed FROM lease WHERE grp = ? ORDER BY topic, partition"
        rows = connection.execute(query, (self._group,)).fetchall()
        return {(topic, partition): Lease(*rest) for topic, partition, *rest in rows if topic in self._topics}

    def _hand_over(self, connection: sqlite3.Connection, leases: Mapping[Place, Lease], wanted: set[Place]) -> None:
        mine = {place for place, lease in leases.items() if lease.owner == self._name}
        give = [(self._group, *place) for place in mine - wanted]
        take = [(self._name, self._group, *place) for place in wanted - mine]
        where = "WHERE grp = ? AND topic = ? AND partition = ?"
        connection.executemany(f"UPDATE lease SET owner = NULL {where}", give)  # noqa: S608
        connection.executemany(f"UPDATE lease SET owner = ?, epoch = epoch + 1 {where}", take)  # noqa: S608


def read_members(connection: sqlite3.Connection, group: str) -> list[Member]:
    """Who is in a group, in the order in which they joined."""
    query = "SELECT name, process, polled, topics FROM member WHERE grp = ? ORDER BY joined, name"
    return [Member(*row) for row in connection.execute(query, (group,)).fetchall()]


def leave(connection: sqlite3.Connection, group: str, name: str) -> None:
    """Take a member out of its group and free its partitions, inside a transaction."""
    connection.execute("UPDATE lease SET owner = NULL WHERE grp = ? AND owner = ?", (group, name))
    connection.execute("DELETE FROM member WHERE grp = ? AND name = ?", (group, name))
