"""The back-off that a host's feeds and pages share."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from geowire.settings import Settings
from ingest.database import Database
from ingest.fetch import Fetcher
from ingest.fetch_failure import FetchFailed
from ingest.host_rest import FIRST_REST, LONGEST_ASKED, SERIES, Rests, demand_of, next_rest
from ingest.host_tables import HostMemory, Rest
from ingest.politeness import Slot
from ingest.site import site_of

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb, Newsroom

NOW = 1_800_000_000.0
WIRE = site_of("https://www.wire.example.co.uk/feed")
OTHER = site_of("https://other.example/feed")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, None),
        (404, {}, None),
        (503, {}, None),
        (503, {"retry-after": "0"}, None),
        (503, {"retry-after": "86400"}, (False, 86_400.0)),
        (429, {}, (True, None)),
        (429, {"retry-after": "0"}, (True, None)),
        (429, {"retry-after": "junk"}, (True, None)),
        (429, {"retry-after": "120"}, (True, 120.0)),
        (429, {"x-ratelimit-reset": "30"}, (True, 30.0)),
        (429, {"x-ratelimit-reset": str(NOW + 90)}, (True, 90.0)),
        (429, {"x-ratelimit-reset": str(int((NOW + 90) * 1_000))}, (True, 90.0)),
        (403, {}, None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "45"}, (True, 45.0)),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "45"}, (False, 45.0)),
        (200, {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "45"}, None),
    ],
)
def test_what_an_answer_demands(
    status: int, headers: dict[str, str], expected: tuple[bool, float | None] | None
) -> None:
    """A throttled request speaks for its domain, an overloaded server for itself, everything else for nobody."""
    demand = demand_of(status, headers, NOW)

    assert (demand and (demand.is_for_domain, demand.seconds)) == expected


def test_guessed_rests_grow() -> None:
    """Without a time the rest doubles; answers to requests that ran together count once."""
    first = next_rest(None, None, NOW)
    together = next_rest(first, None, NOW + 1)
    second = next_rest(together, None, NOW + 1_000)

    assert first.until - NOW == FIRST_REST
    assert together.until == first.until
    assert second.until - (NOW + 1_000) == 2 * FIRST_REST


def test_no_rest_is_longer_than_a_day() -> None:
    """Whatever a server asks for."""
    assert next_rest(None, 10.0**9, NOW).until - NOW == LONGEST_ASKED
    assert next_rest(Rest(NOW - 1, 10_000), None, NOW).until - NOW <= LONGEST_ASKED


def reasons(settings: Settings, *urls: str, memory: HostMemory | None = None) -> list[str]:
    """How fetching these pages, one after the other, ends."""

    async def run() -> list[str]:
        found = []
        async with Fetcher(settings.with_(obey_robots=False), memory) as fetcher:
            for url in urls:
                try:
                    found.append(str((await fetcher.fetch(url, "page")).status))
                except FetchFailed as error:
                    found.append(error.reason)
        return found

    return asyncio.run(run())


def test_all_of_a_host_wait_when_one_is_throttled(settings: Settings, web_server: FakeWeb) -> None:
    """The others are told so without a request."""
    throttled, good = web_server.fails("/t", 429, Retry_After="3600"), web_server.serves("/g", "fine")

    assert reasons(settings, good, throttled, good, good) == ["200", "http-429", "throttled", "throttled"]
    assert web_server.asked("/g") == 1


def test_refusals_in_a_row_are_a_throttle(settings: Settings, web_server: FakeWeb) -> None:
    """Some hosts say 403 where they mean 429; one good answer in between ends the series."""
    bad, good = web_server.fails("/b", 403), web_server.serves("/g", "fine")
    almost = [bad] * (SERIES - 1)

    found = reasons(settings, *almost, good, *almost, bad, good)

    assert found[SERIES - 1] == "200"
    assert found[-2:] == ["http-403", "throttled"]


def test_next_process_knows_who_rests(newsroom: Newsroom) -> None:
    """It asks nothing before the rest is over, and forgets it once the host answers."""
    settings, web_server, clock = newsroom.settings, newsroom.web, newsroom.clock
    throttled, good = web_server.fails("/t", 429, Retry_After="3600"), web_server.serves("/g", "fine")
    database = Database(settings.state_url)
    memory = HostMemory(database, clock)

    first = reasons(settings, throttled, memory=memory)
    second = reasons(settings, good, memory=HostMemory(database, clock))
    clock.advances(hours=1, seconds=1)
    third = reasons(settings, good, memory=HostMemory(database, clock))
    left = asyncio.run(memory.rests())
    database.close()

    assert (first, second, third) == (["http-429"], ["throttled"], ["200"])
    assert left == {}


def test_rest_belongs_to_the_registered_domain() -> None:
    """One throttled blog means that its neighbours wait, and nobody else."""

    async def run() -> None:
        rests = Rests()
        await rests.note(site_of("https://a.tumblr.com/rss"), 429, {"retry-after": "60"})
        with pytest.raises(FetchFailed) as caught:
            rests.check(site_of("https://b.tumblr.com/rss"))
        assert (caught.value.reason, caught.value.transient) == ("throttled", True)
        assert 58 <= int(caught.value.headers["retry-after"]) <= 60
        rests.check(OTHER)

    asyncio.run(run())


def test_many_feeds_of_one_throttled_host_cost_a_handful_of_requests(newsroom: Newsroom) -> None:
    """Forty feeds, one 429: who was not under way yet is not sent."""
    feeds = [newsroom.web.fails(f"/{number}.xml", 429, Retry_After="600") for number in range(40)]
    newsroom.subscribes(*feeds)

    report = newsroom.polls()

    assert report.results == {"failed": 40}
    asked = sum(newsroom.web.asked(f"/{number}.xml") for number in range(40))
    assert asked <= newsroom.settings.host_concurrency
    assert sum(str(feed.error).startswith("throttled") for feed in report.failures) == 40 - asked


def test_entries_that_wait_for_a_slow_host_leave_the_slots_to_others(newsroom: Newsroom) -> None:
    """A page that hangs on one host does not keep the pages of another from being read."""
    hanging = [newsroom.web.hangs(f"/h{number}") for number in range(3)]
    newsroom.web.serves("/g", "fine")
    good = newsroom.web.url("/g", "localhost")

    async def run() -> float:
        settings = newsroom.settings.with_(obey_robots=False, fetch_timeout=timedelta(seconds=5), host_concurrency=1)
        slots = asyncio.Semaphore(2)
        loop = asyncio.get_running_loop()
        async with Fetcher(settings) as fetcher:

            async def one(url: str) -> None:
                async with Slot(slots) as slot:
                    await fetcher.fetch(url, "page", slot=slot)

            stuck = [asyncio.create_task(one(url)) for url in hanging]
            await asyncio.sleep(0)
            started = loop.time()
            await one(good)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
            return loop.time() - started

    assert asyncio.run(run()) < 2.0


def test_nobody_goes_ahead_of_what_the_last_process_found_out(newsroom: Newsroom) -> None:
    """Twenty requests at the very start of a process: all of them wait until the rests are read."""
    throttled, good = newsroom.web.fails("/t", 429, Retry_After="3600"), newsroom.web.serves("/g", "fine")
    database = Database(newsroom.settings.state_url)
    reasons(newsroom.settings, throttled, memory=HostMemory(database, newsroom.clock))

    async def run() -> None:
        memory = HostMemory(database, newsroom.clock)
        async with Fetcher(newsroom.settings.with_(obey_robots=False), memory) as fetcher:
            await asyncio.gather(*(fetcher.fetch(good, "page") for _ in range(20)), return_exceptions=True)

    asyncio.run(run())
    database.close()

    assert newsroom.web.asked("/g") == 0
