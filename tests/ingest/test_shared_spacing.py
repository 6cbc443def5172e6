"""Polls, revisits and backfills of several processes keep the distance between requests to one host together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from fake_time import FakeTime
from pydantic import SecretStr
from sqlalchemy import Connection, select

from geowire.settings import Settings
from ingest.database import Database
from ingest.fetch import Fetcher
from ingest.host_tables import KEPT_SECONDS, SKEW_SECONDS, START, HostMemory, HostRobots, claim_start
from ingest.politeness import Limits, Politeness
from ingest.site import Site, site_of

if TYPE_CHECKING:
    from ingest.conftest import FakeClock, FakeWeb, Newsroom

NOW = 1_800_000_000.0
WIRE = site_of("https://www.wire.example.co.uk/feed")
OTHER = site_of("https://other.example/feed")


@pytest.fixture
def database(state_url: SecretStr) -> Iterator[Database]:
    """The state, empty."""
    found = Database(state_url)
    yield found
    found.close()


def process_on(state: Database, clock: FakeTime, chance: float, limits: Limits) -> Politeness:
    """The politeness of one more process."""

    async def claim(host: str, apart: float) -> float:
        return state.run_here(lambda connection: claim_start(connection, host, apart, clock()))

    return Politeness(limits, clock, clock.sleep, lambda: chance, claim)


def starts(state: Database, requests: list[tuple[Site, float]], limits: Limits) -> list[tuple[str, float]]:
    """When each of these is made by each of two processes on one state, all at once; in their order."""

    async def run() -> list[tuple[str, float]]:
        clock = FakeTime()
        found: list[tuple[str, float]] = []

        async def one(politeness: Politeness, site: Site, spacing: float) -> None:
            async with politeness.turn(site, spacing):
                found.append((site.host, clock.now - 100.0))
                await clock.sleep(0.25)

        processes = [process_on(state, clock, chance, limits) for chance in (0.0, 0.5)]
        tasks = [asyncio.create_task(one(process, *request)) for process in processes for request in requests]
        await clock.passes(lambda: all(task.done() for task in tasks))
        await asyncio.gather(*tasks)
        return found

    return asyncio.run(run())


def test_two_processes_never_start_closer_than_the_spacing(database: Database) -> None:
    """Not even while both have a queue for the host; and both come to the end of it."""
    found = starts(database, [(WIRE, 10.0)] * 5, Limits())

    assert len(found) == 10
    assert all(later - earlier >= 10.0 for (_, earlier), (_, later) in pairwise(found))
    assert found[-1][1] <= 9 * 10.0 * 1.5


def test_who_waits_for_another_process_holds_up_nobody(database: Database) -> None:
    """With one place for everything, another host is asked meanwhile."""
    found = starts(database, [(WIRE, 60.0), (OTHER, 0.0)], Limits(in_all=1, per_domain=1))

    assert [at for host, at in found if host == OTHER.host and at < 1.0] == [0.0, 0.25]
    assert [at for host, at in found if host == WIRE.host][1] >= 60.0


def test_a_host_is_claimed_by_one(database: Database) -> None:
    """The others are told how long to wait, each by its own distance."""

    def work(connection: Connection) -> list[float]:
        return [
            claim_start(connection, host, apart, NOW + after)
            for host, apart, after in (
                ("a.example", 10.0, 0.0),
                ("a.example", 10.0, 4.0),
                ("a.example", 1.0, 4.0),
                ("a.example", 10.0, 13.0),
                ("b.example", 10.0, 13.0),
            )
        ]

    assert database.run_here(work) == [0.0, 6.0, 0.0, 1.0, 0.0]


def test_a_clock_that_was_wrong_keeps_nobody_waiting(database: Database) -> None:
    """A start in the future is not believed; a little ahead are clocks of other machines."""

    def work(connection: Connection) -> list[float]:
        ahead = claim_start(connection, "a.example", 10.0, NOW + SKEW_SECONDS)
        slow = claim_start(connection, "a.example", 10.0, NOW)
        claim_start(connection, "b.example", 10.0, NOW + SKEW_SECONDS + 3_600.0)
        return [ahead, slow, claim_start(connection, "b.example", 10.0, NOW)]

    assert database.run_here(work) == [0.0, SKEW_SECONDS + 10.0, 0.0]


def test_hosts_that_were_asked_long_ago_are_forgotten(newsroom: Newsroom) -> None:
    """With the other things that are known of hosts."""
    state, clock = Database(newsroom.settings.state_url), newsroom.clock
    memory = HostMemory(state, clock, lambda: clock().timestamp())

    async def run() -> None:
        assert await memory.claim_start("old.example", 10.0) == 0.0
        clock.advances(seconds=KEPT_SECONDS + 1.0)
        assert await memory.claim_start("new.example", 10.0) == 0.0
        assert await memory.claim_start("new.example", 10.0) == 10.0
        await memory.keep_robots("https://new.example", HostRobots(None, None, None, None, memory.now()))

    asyncio.run(run())
    left = state.run_here(lambda connection: list(connection.scalars(select(START.c.name))))
    state.close()

    assert left == ["new.example"]


@pytest.mark.parametrize("spacing", [timedelta(0), timedelta(milliseconds=1)])
def test_a_fetch_claims_its_host_where_there_is_a_spacing(
    newsroom: Newsroom, web_server: FakeWeb, spacing: timedelta
) -> None:
    """And asks the state nothing where there is none."""
    settings = newsroom.settings.with_(private_host_spacing=spacing, obey_robots=False)

    claimed = claimed_by_fetch(settings, web_server.serves("/page", "<p>here</p>"), newsroom.clock)

    assert claimed == ([f"127.0.0.1:{web_server.port}"] if spacing else [])


def claimed_by_fetch(settings: Settings, url: str, clock: FakeClock) -> list[str]:
    """The hosts that one fetch claims."""
    state = Database(settings.state_url)

    async def run() -> None:
        async with Fetcher(settings, HostMemory(state, clock)) as fetcher:
            await fetcher.fetch(url, "page")

    asyncio.run(run())
    found = state.run_here(lambda connection: list(connection.scalars(select(START.c.name))))
    state.close()
    return found
