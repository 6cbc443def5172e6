"""Politeness: how many at once, and how far apart."""

from __future__ import annotations

import asyncio

from fake_time import FakeTime

from ingest.politeness import JITTER, PATIENCE, PLACES_REMEMBERED, Crowded, Limits, Politeness, Slot
from ingest.site import Site, site_of

NOW = 1_800_000_000.0
WIRE = site_of("https://www.wire.example.co.uk/feed")
OTHER = site_of("https://other.example/feed")


def starts(
    limits: Limits, requests: list[tuple[Site, float]], takes: float = 0.0, chance: float = 0.0, shared: float = 0.0
) -> list[float]:
    """When each of these requests, all wanted at once, is made."""

    async def run() -> list[float]:
        time = FakeTime()
        politeness = Politeness(limits, time, time.sleep, lambda: chance)
        found = [0.0] * len(requests)

        async def one(at: int) -> None:
            site, spacing = requests[at]
            async with politeness.turn(site, spacing, shared):
                found[at] = time.now - 100.0
                await time.sleep(takes)

        tasks = [asyncio.create_task(one(at)) for at in range(len(requests))]
        await time.passes(lambda: all(task.done() for task in tasks))
        return found

    return asyncio.run(run())


def test_requests_to_one_host_keep_their_distance() -> None:
    """The second waits, the third longer; another host is asked at once."""
    assert starts(Limits(), [(WIRE, 1.5), (WIRE, 1.5), (OTHER, 1.5), (WIRE, 1.5)]) == [0.0, 1.5, 0.0, 3.0]


def test_chance_adds_to_the_distance_and_never_takes_away() -> None:
    """Two hundred feeds of one host are not asked to a beat."""
    assert starts(Limits(), [(WIRE, 4.0)] * 2, chance=1.0) == [0.0, 4.0 * (1 + JITTER)]


def test_one_host_gets_so_many_at_once() -> None:
    """The third request waits until one of the first two has ended."""
    assert starts(Limits(per_host=2), [(WIRE, 0.0)] * 3, takes=10.0) == [0.0, 0.0, 10.0]


def test_hosts_of_one_domain_share_a_limit() -> None:
    """A hundred blogs on one platform are one server to it."""
    blogs = [(site_of(f"https://{name}.tumblr.com/rss"), 0.0) for name in "abcd"]

    assert starts(Limits(per_host=2, per_domain=2), blogs, takes=5.0) == [0.0, 0.0, 5.0, 5.0]


def test_hosts_of_one_domain_keep_their_distance() -> None:
    """However many they are."""
    blogs = [(site_of(f"https://{name}.tumblr.com/rss"), 1.0) for name in "abc"]

    assert starts(Limits(), blogs, shared=0.5) == [0.0, 0.5, 1.0]


def test_a_queue_for_one_host_holds_up_nobody_else() -> None:
    """Requests that wait for a slow host hold none of the slots that all share."""
    slow = [(WIRE, 20.0)] * 10

    found = starts(Limits(in_all=2, per_host=2, per_domain=2), [*slow, (OTHER, 0.0)])

    assert found[-1] == 0.0
    assert found[9] == 180.0


def test_a_slow_host_does_not_hold_up_its_domain() -> None:
    """Its neighbour has no crawl-delay and need not wait for the one that has."""
    slow, quick = site_of("https://slow.tumblr.com/"), site_of("https://quick.tumblr.com/")

    found = starts(Limits(per_host=2, per_domain=2), [(slow, 60.0), (slow, 60.0), (quick, 0.0)])

    assert found == [0.0, 60.0, 0.0]


def test_a_queue_that_is_too_long_is_not_joined() -> None:
    """A request that would wait longer than five minutes is put off to another poll."""

    async def run() -> int:
        time = FakeTime()
        politeness = Politeness(Limits(), time, time.sleep, lambda: 0.0)

        async def one() -> None:
            async with politeness.turn(WIRE, 60.0):
                await time.sleep(0.1)

        tasks = [asyncio.create_task(one()) for _ in range(20)]
        await time.passes(lambda: all(task.done() for task in tasks))
        return sum(isinstance(task.exception(), Crowded) for task in tasks)

    assert asyncio.run(run()) == 20 - (PATIENCE / 60 + 1)


def test_cancelled_request_gives_everything_back() -> None:
    """One that is given up while it waits leaves no slot taken."""

    async def run() -> None:
        time = FakeTime()
        politeness = Politeness(Limits(1, 1, 1), time, time.sleep, lambda: 0.0)

        async def one() -> None:
            async with politeness.turn(WIRE, 1.0):
                await time.sleep(1_000.0)

        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        for task in (second, first):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        task = asyncio.create_task(one())
        await time.passes(task.done)

    asyncio.run(run())


def test_hosts_are_forgotten() -> None:
    """A process that meets many hosts does not grow with them."""

    async def run() -> int:
        politeness = Politeness(Limits())
        for number in range(2 * PLACES_REMEMBERED):
            async with politeness.turn(Site("", f"h{number}", f"d{number}"), 0.0):
                pass
        return len(politeness._places)

    assert asyncio.run(run()) <= PLACES_REMEMBERED + 2


def test_slot_is_taken_once_and_given_back_once() -> None:
    """Whatever the order of calls, the semaphore ends as it began."""

    async def run() -> bool:
        semaphore = asyncio.Semaphore(1)
        async with Slot(semaphore) as slot:
            await slot.take()
            await slot.take()
            slot.give()
            slot.give()
            await slot.take()
        return semaphore._value == 1

    assert asyncio.run(run())
