"""A slow, silent, stuck or large feed costs its own share of a poll and nothing else."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.fair_turns import FairTurns
from ingest.fetch_failure import FetchFailed
from ingest.http_body import LARGE, BodyLimit, read_body
from ingest.politeness import Crowded, LargePlaces, Slot
from ingest.strikes import IN_A_ROW, Strikes
from ingest.workers import EntryWork, Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ingest.conftest import Newsroom

    from ingest.poll import Ingest
    from ingest.report import PollReport, ShardReport

Maker = Callable[..., str]


def test_who_has_used_least_comes_next() -> None:
    """A party whose turns were costly waits until the others have used as much."""
    order: list[str] = []

    async def work(turns: FairTurns, party: str, cost: float) -> None:
        await turns.take(party)
        order.append(party)
        await asyncio.sleep(0)
        turns.end(party, cost)

    async def run() -> None:
        turns = FairTurns(1, each_at_once=1)
        slow = [work(turns, "slow", 20.0) for _ in range(4)]
        quick = [work(turns, "quick", 5.0) for _ in range(5)]
        await asyncio.gather(*slow, *quick)

    asyncio.run(run())

    assert order == ["slow", "quick", "quick", "quick", "quick", "slow", "quick", "slow", "slow"]


def test_one_party_cannot_hold_every_turn() -> None:
    """However many it wants, a turn is left for others; and a turn that is given up is not lost."""

    async def run() -> list[bool]:
        turns = FairTurns(3, each_at_once=2)
        greedy = [asyncio.ensure_future(turns.take("greedy")) for _ in range(4)]
        await asyncio.wait_for(turns.take("other"), 5)
        greedy[2].cancel()
        await asyncio.sleep(0)
        turns.end("greedy", 1.0)
        await asyncio.wait_for(greedy[3], 5)
        return [task.cancelled() for task in greedy]

    assert asyncio.run(run()) == [False, False, True, False]


def test_a_site_in_trouble_is_left_alone_until_something_goes_well() -> None:
    """Three in a row; a success in between begins the count anew, and other sites are not meant."""
    strikes = Strikes("host-silent", "did not answer")
    for _ in range(IN_A_ROW - 1):
        strikes.strike("a.example")
    strikes.clear("a.example")
    strikes.strike("a.example")
    strikes.check("a.example")

    for _ in range(IN_A_ROW - 1):
        strikes.strike("a.example")

    with pytest.raises(FetchFailed, match=r"host-silent: a\.example did not answer 3 times in a row") as caught:
        strikes.check("a.example")
    assert caught.value.transient
    strikes.check("b.example")


def test_a_silent_host_is_asked_a_few_times_and_no_more(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Its other pages are put off and counted; the next feed's page is read."""
    silent = [newsroom.web.hangs(f"/silent/{number}").replace("127.0.0.1", "localhost") for number in range(12)]
    fine = newsroom.web.serves("/fine.html", article_page())
    slow_feed = newsroom.web.publishes("/slow.xml", *(item(link) for link in silent))
    newsroom.subscribes(slow_feed, newsroom.web.publishes("/fine.xml", item(fine)))

    report = newsroom.polls(fetch_timeout=timedelta(milliseconds=150), obey_robots=False)

    asked = sum(newsroom.web.asked(f"/silent/{number}") for number in range(12))
    assert IN_A_ROW <= asked <= IN_A_ROW + 1
    assert report.entries == {"failed:host-silent": 12 - asked, "failed:timeout": asked, "published": 1}


def test_a_feed_whose_time_is_over_goes_on_in_the_next_poll(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """What was not asked for is no failed attempt: it waits, however often."""
    links = [newsroom.web.serves(f"/{number}.html", article_page(str(number))) for number in range(3)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *(item(link) for link in links)))

    for _ in range(4):
        assert newsroom.polls(feed_timeout=timedelta(0)).entries == {"failed:out-of-time": 3}

    assert newsroom.polls().entries == {"published": 3}
    assert {article.body_status for article in newsroom.bus.articles} == {"full"}


def test_the_pages_of_a_feed_are_asked_for_no_longer_than_the_poll_lasts(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much time of its own the feed has left: they wait for the next poll."""
    asked, links = asyncio.Event(), [newsroom.web.url(f"/{number}.html") for number in range(3)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *(item(link) for link in links)))

    async def work(ingest: Ingest) -> PollReport:
        loop = asyncio.get_running_loop()
        real = loop.time
        for number in range(3):
            newsroom.web.hangs(f"/{number}.html", lambda: loop.call_soon_threadsafe(asked.set))
        poll = asyncio.ensure_future(ingest.poll_some(1, all_feeds=True))
        await asked.wait()
        monkeypatch.setattr(loop, "time", lambda: real() + 201)
        await asyncio.wait_for(poll, 10)
        return await ingest.finish(timedelta(seconds=0.5))

    long = timedelta(hours=1)
    report = newsroom.runs(work, seconds=200, feed_timeout=long, fetch_timeout=long, connect_timeout=long)
    for number in range(3):
        newsroom.web.serves(f"/{number}.html", article_page(str(number)))

    assert (report.entries, report.unasked) == ({"failed:out-of-time": 3}, 0)
    assert newsroom.polls().entries == {"published": 3}


def test_a_feed_that_waits_when_the_poll_ends_is_asked_by_the_next(newsroom: Newsroom) -> None:
    """Whether it waits for its turn or for an answer: it is free, as due as it was, and nothing is said of it."""
    feeds = [newsroom.web.hangs(f"/{number}.xml") for number in range(6)]
    newsroom.subscribes(*feeds)

    async def work(ingest: Ingest) -> tuple[ShardReport, PollReport]:
        shard = await ingest.poll_some(6, all_feeds=False)
        return shard, await ingest.finish(timedelta(seconds=0.5))

    shard, report = newsroom.runs(work, seconds=0.3, concurrency=1)
    asked = sum(newsroom.web.asked(f"/{number}.xml") for number in range(6))
    for number in range(6):
        newsroom.web.publishes(f"/{number}.xml")
    after = newsroom.runs(lambda ingest: ingest.poll_some(6, all_feeds=False))

    assert (shard.feeds, report.feeds, report.unasked) == ((), (), 6)
    assert asked < 6
    assert after.results == {"changed": 6}


def test_no_shard_begins_when_the_time_of_the_poll_is_over(newsroom: Newsroom) -> None:
    """Its feeds are not even leased, and counted as not asked."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml"))

    async def work(ingest: Ingest) -> tuple[int, PollReport]:
        await ingest.poll_some(1, all_feeds=True)
        return await ingest.count(all_feeds=True), await ingest.finish(timedelta(seconds=0.5))

    free, report = newsroom.runs(work, seconds=0)

    assert (free, report.feeds, report.unasked) == (1, (), 1)
    assert newsroom.web.asked("/feed.xml") == 0


def test_a_site_whose_pages_get_stuck_keeps_no_worker_busy(
    newsroom: Newsroom, item: Maker, stuck: EntryWork, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few its pages are put off, and another site's are read."""
    monkeypatch.setattr("ingest.poll.Workers", lambda settings: Workers(settings, stuck))
    links = [newsroom.web.serves(f"/{n}.html", "<html>never-ends</html>") for n in range(30)]
    bad = newsroom.web.publishes("/bad.xml", *(item(link, description="Known.") for link in links))
    good = newsroom.web.serves("/good.html", article_page()).replace("127.0.0.1", "localhost")
    newsroom.subscribes(bad, newsroom.web.publishes("/good.xml", item(good)))

    report = newsroom.polls(extract_timeout=timedelta(milliseconds=300), concurrency=32)

    read = report.entries["published"] - 1
    assert IN_A_ROW <= read <= 12
    assert report.entries == {"failed:site-stuck": 30 - read, "published": read + 1}
    assert [article.url for article in newsroom.bus.articles if article.body_status == "full"] == [good]


def test_feeds_and_pages_never_wait_for_each_other(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """More feeds than may be under way, each with pages, on hosts that all of them share: every one is read."""
    feeds = []
    for number in range(16):
        pages = [newsroom.web.serves(f"/{number}/{n}.html", article_page(f"{number} {n}.")) for n in range(3)]
        feeds.append(newsroom.web.publishes(f"/{number}.xml", *(item(page) for page in pages)))
    newsroom.subscribes(*feeds[::2], *(url.replace("127.0.0.1", "localhost") for url in feeds[1::2]))

    report = newsroom.polls(concurrency=2, host_concurrency=1, domain_concurrency=1, feed_timeout=timedelta(seconds=30))

    assert report.entries == {"published": 48}


def test_a_large_body_waits_for_its_place() -> None:
    """Room is asked for once more than two million bytes are held, whether they came so or were packed."""
    made: list[int] = []

    async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def read(*parts: bytes, encoding: str = "") -> int:
        made.clear()

        async def make_room() -> None:
            made.append(1)

        return len((await read_body(pieces(*parts), encoding, BodyLimit(8_000_000), make_room)).data)

    assert (asyncio.run(read(b"x" * LARGE)), made) == (LARGE, [])
    assert (asyncio.run(read(b"x" * LARGE, b"y")), made) == (LARGE + 1, [1])
    assert (asyncio.run(read(gzip.compress(b"x" * 3 * LARGE), encoding="gzip")), made) == (3 * LARGE, [1])


def test_places_for_large_bodies_are_given_back() -> None:
    """Before the slot or with it, and never twice; few may wait for one."""

    async def run() -> bool:
        places, large = asyncio.Semaphore(4), LargePlaces(1)
        async with Slot(places, large) as slot:
            await slot.take()
            await slot.enlarge()
            await slot.enlarge()
            others = [asyncio.ensure_future(large.take()) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Crowded, match="2 large bodies wait already"):
                await large.take()
            slot.shrink()
            slot.shrink()
            await others[0]
            was_shared = others[1].done()
            large.give()
            await others[1]
            large.give()
        await large.take()
        return was_shared

    assert asyncio.run(asyncio.wait_for(run(), 5)) is False
