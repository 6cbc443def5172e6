"""What is remembered of hosts, so that polls share it: robots.txt, how long a host rests, when it was asked last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Column, Connection, Double, Index, Integer, String, Table, Text, delete, select, text

from ingest.database import Database
from ingest.robots import Rules
from ingest.state_tables import METADATA
from ingest.upsert import insert_or_replace

ROBOTS = Table(
    "robots",
    METADATA,
    Column("origin", Text, primary_key=True),
    Column("rules", Text),  # the last good copy as JSON; null: there never was one
    Column("read_at", Double),
    Column("failure", String(40)),  # why the last attempt came to nothing
    Column("failing_since", Double),
    Column("expires_at", Double, nullable=False),
)
Index("robots_expiry", ROBOTS.c.expires_at)

REST = Table(
    "host_rest",
    METADATA,
    Column("name", Text, primary_key=True),  # a host, or *.domain
    Column("until", Double, nullable=False),
    Column("strikes", Integer, nullable=False),
)

START = Table(
    "host_start",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("started_at", Double, nullable=False),  # when some process asked the host last
)
CLAIM_START = text(
    "INSERT INTO host_start (name, started_at) VALUES (:name, :now)"
    " ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at"
    " WHERE host_start.started_at <= :now - :apart OR host_start.started_at > :now + :skew"
)
SKEW_SECONDS = 5.0
"""A start that is further ahead is of a clock that was wrong: nobody waits for that."""
SHORTEST_WAIT = 0.001

RULES_JSON = TypeAdapter(Rules)
KEPT_SECONDS = 31 * 86_400.0
"""A row that nobody renewed for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class HostRobots:
    """What is known of one origin's robots.txt."""

    rules: Rules | None
    """The last good copy; None if there never was one."""
    read_at: float | None
    failure: str | None
    """Why the last attempt came to nothing."""
    failing_since: float | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a host or a domain is left alone, and how often in a row it asked for that."""

    until: float
    strikes: int


class HostMemory:
    """What is remembered of hosts, in the database. Raises `Transient` for every fault."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], wall: Callable[[], float] = time.time
    ) -> None:
        """`wall` is what all processes share and what passes while one waits: seconds since 1970."""
        self._database = database
        self._clock = clock
        self._wall = wall
        self._is_tidy = False

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock().timestamp()

    async def robots(self, origin: str) -> HostRobots | None:
        """What is known of an origin's robots.txt."""
        return await self._database.run(lambda connection: load_robots(connection, origin))

    async def keep_robots(self, origin: str, robots: HostRobots) -> None:
        """Remember what came of asking for it."""
        rules = RULES_JSON.dump_json(robots.rules).decode() if robots.rules else None
        await self._put(ROBOTS, {**asdict(robots), "origin": origin, "rules": rules})

    async def rests(self) -> dict[str, Rest]:
        """The rests that last, and those that ended within a day."""
        earliest = self.now() - 86_400
        return await self._database.run(lambda connection: load_rests(connection, earliest))

    async def keep_rest(self, name: str, rest: Rest) -> None:
        """Remember that a host or domain rests."""
        await self._put(REST, {"name": name, **asdict(rest)})

    async def forget_rest(self, name: str) -> None:
        """It answers as it should."""
        await self._database.run(lambda connection: connection.execute(delete(REST).where(REST.c.name == name)))

    async def claim_start(self, host: str, apart: float) -> float:
        """Note that the host is asked now; if it was just now, by any process, the seconds to wait and claim again."""
        return await self._database.run(lambda connection: claim_start(connection, host, apart, self._wall()))

    async def _put(self, table: Table, row: dict[str, object]) -> None:
        earliest = None if self._is_tidy else self.now() - KEPT_SECONDS
        self._is_tidy = True

        def write(connection: Connection) -> None:
            if earliest is not None:
                connection.execute(delete(ROBOTS).where(ROBOTS.c.expires_at < earliest))
                connection.execute(delete(REST).where(REST.c.until < earliest))
                connection.execute(delete(START).where(START.c.started_at < earliest))
            connection.execute(insert_or_replace(table, tuple(row)), row)

        await self._database.run(write)


def load_robots(connection: Connection, origin: str) -> HostRobots | None:
    """What is known of an origin's robots.txt."""
    row = connection.execute(select(ROBOTS).where(ROBOTS.c.origin == origin)).first()
    if row is None:
        return None
    rules = RULES_JSON.validate_json(row.rules) if row.rules else None
    return HostRobots(rules, row.read_at, row.failure, row.failing_since, row.expires_at)


def load_rests(connection: Connection, earliest: float) -> dict[str, Rest]:
    """The rests that end after a moment, by host or domain."""
    rows = connection.execute(select(REST).where(REST.c.until > earliest))
    return {row.name: Rest(row.until, row.strikes) for row in rows}


def claim_start(connection: Connection, host: str, apart: float, now: float) -> float:
    """0.0 if the host may be asked now, which is noted in the same statement; else the seconds to wait."""
    claim = {"name": host, "now": now, "apart": apart, "skew": SKEW_SECONDS}
    if connection.execute(CLAIM_START, claim).rowcount:
        return 0.0
    started_at = connection.scalar(select(START.c.started_at).where(START.c.name == host))
    return max(SHORTEST_WAIT, (started_at or 0.0) + apart - now)


def seconds_now() -> float:
    """Seconds since 1970, by the machine's clock."""
    return datetime.now(UTC).timestamp()
