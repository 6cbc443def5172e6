"""Crashes, outages and two polls at once: nothing is lost, and no fault makes a version."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from geowire.bus import Record
from geowire.errors import Misconfigured, Transient
from geowire.sqlite_bus import SqliteBus
from geowire.topics import ARTICLES
from ingest.all_of import all_of
from ingest.database import Database
from ingest.desk import Desk
from ingest.feed_state import PolledFeed, finish_poll
from ingest.leases import LeasedFeed, Wanted
from ingest.outbox_rows import count_waiting
from ingest.outcomes import Tally
from ingest.poll import Ingest, open_ingest
from ingest.poll_feed import Visit, visit_feed
from ingest.report import FeedReport, PollReport
from ingest.verdict import Moment, Polled, Verdict, give_verdict

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]
ROOT = Path(__file__).parent.parent.parent
POLLER = """
import asyncio
from geowire.bus import open_bus
from geowire.settings import load_settings
from geowire.topics import TOPICS
from ingest.once import poll_once

if __name__ == "__main__":
    settings = load_settings()
    with open_bus(settings.bus_url) as bus:
        bus.ensure_topics(TOPICS)
        asyncio.run(poll_once(settings, bus, all_feeds=True, on_progress=lambda _: print("polled", flush=True)))
"""


def stock(newsroom: Newsroom, item: Maker, article_page: Maker, feeds: int = 3, pages: int = 4) -> None:
    """Some feeds with some articles each."""
    urls = []
    for feed in range(feeds):
        links = [
            newsroom.web.serves(f"/{feed}/{page}.html", article_page(f"Report {feed}-{page}.")) for page in range(pages)
        ]
        items = [item(link, title=f"Report {feed} {at}") for at, link in enumerate(links)]
        urls.append(newsroom.web.publishes(f"/{feed}.xml", *items, ETag=f'"{feed}"'))
    newsroom.subscribes(*urls)


def test_broker_outage_fails_no_crawl(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """What is found while the broker is down is sent by the next poll."""
    stock(newsroom, item, article_page, feeds=1)
    newsroom.bus.is_down = True
    first = newsroom.polls()
    newsroom.bus.is_down = False

    second = newsroom.polls()

    assert (first.entries, first.undelivered) == ({"published": 4}, 5)
    assert (second.results, second.undelivered) == ({"not-modified": 1}, 0)
    assert len(newsroom.bus.articles) == 4


def test_a_bus_that_refuses_us_fails_the_poll_with_its_reason(
    newsroom: Newsroom, item: Maker, article_page: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line, at the end; what was found waits in the outbox until a person has put it right."""
    stock(newsroom, item, article_page, feeds=1)
    newsroom.bus.denies = True

    with pytest.raises(Misconfigured, match="cannot publish"):
        newsroom.polls()

    newsroom.bus.denies = False
    report = newsroom.polls()
    stopped = [record for record in caplog.records if record.getMessage().startswith("outbox stopped")]
    assert [bool(record.exc_info) for record in stopped] == [False]
    assert (report.results, report.undelivered) == ({"not-modified": 1}, 0)
    assert len(newsroom.bus.articles) == 4


def test_crash_between_publishing_and_striking_repeats_the_same_bytes(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is published twice with one id, never with another version."""
    stock(newsroom, item, article_page, feeds=1, pages=1)
    with monkeypatch.context() as broken:

        def no_strike(*_: object) -> None:
            raise Transient("the process dies here")

        broken.setattr("ingest.outbox.strike", no_strike)
        newsroom.polls()

    newsroom.polls()

    sent = [record for record in newsroom.bus.records if record.topic == ARTICLES.name]
    assert len(sent) >= 2
    assert len(set(sent)) == 1


def test_refused_record_becomes_a_dead_letter_and_the_rest_is_sent(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """One record that the bus will never take does not hold up the others."""
    stock(newsroom, item, article_page, feeds=1)

    def is_second(record: Record) -> bool:
        return b"Report 0-1." in (record.value or b"")

    newsroom.bus.refuses = is_second

    newsroom.polls()

    assert len(newsroom.bus.articles) == 3
    assert [failure.reason for failure in newsroom.bus.failures] == ["too-large"]


def test_crash_in_the_middle_lets_no_304_hide_an_entry(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validators are kept only when every entry has been handled."""
    stock(newsroom, item, article_page, feeds=1)
    with monkeypatch.context() as broken:

        def dies(*_: object) -> Any:
            raise Transient("state: the process dies here")

        broken.setattr("ingest.poll_entry.settle_new", dies)
        with pytest.raises(Transient):
            newsroom.polls()

    report = newsroom.polls()

    assert report.entries == {"published": 4}


def test_fault_of_ours_is_counted_and_met_again(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that trips over a mistake in geowire stops no other, and is tried at the next poll."""
    stock(newsroom, item, article_page, feeds=1)
    with monkeypatch.context() as broken:
        broken.setattr("ingest.poll_entry.first_version", None)
        first = newsroom.polls()

    second = newsroom.polls()

    assert first.entries == {"failed:internal-error": 4}
    assert second.entries == {"published": 4}


def test_a_shard_that_failed_is_tried_again_with_the_feeds_that_it_left(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although this process holds their leases; what had ended before is reported, and not polled again."""
    stock(newsroom, item, article_page, feeds=3, pages=1)
    is_down, others = True, asyncio.Event()

    def finish(connection: Connection, end: PolledFeed) -> bool:
        if is_down and end.polled.url.endswith("/1.xml"):
            raise Transient("state: the database does not answer")
        return finish_poll(connection, end)

    async def visit(desk: Desk, leased: LeasedFeed, tally: Tally) -> Visit | None:
        if leased.feed.url.endswith("/1.xml"):
            await others.wait()
        return await visit_feed(desk, leased, tally)

    async def work(ingest: Ingest) -> PollReport:
        nonlocal is_down
        seen: list[FeedReport] = []

        def note(feed: FeedReport) -> None:
            seen.append(feed)
            if len(seen) == 2:
                others.set()

        with pytest.raises(Transient):
            await ingest.poll_some(3, all_feeds=True, on_progress=note)
        is_down = False
        await ingest.poll_some(3, all_feeds=True)
        return await ingest.finish(timedelta(seconds=0.5))

    monkeypatch.setattr("ingest.poll_feed.finish_poll", finish)
    monkeypatch.setattr("ingest.shard.visit_feed", visit)

    report = newsroom.runs(work)

    assert sorted(feed.url[-6:] for feed in report.feeds) == ["/0.xml", "/1.xml", "/2.xml"]
    assert [newsroom.web.asked(f"/{feed}.xml") for feed in range(3)] == [1, 2, 1]
    assert report.unasked == 0
    assert len(newsroom.bus.articles) == 3


def test_nothing_of_a_poll_goes_on_after_it_has_failed(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the other entries of the feed nor, in a revisit, the other pages: the next attempt begins alone."""
    asked = asyncio.Event()

    async def dies(*_: object, **__: object) -> Any:
        await asked.wait()
        raise Transient("state: the process dies here")

    def goes_on(work: Callable[[Ingest], Coroutine[Any, Any, Any]]) -> set[str]:
        async def run(ingest: Ingest) -> set[str]:
            loop = asyncio.get_running_loop()
            newsroom.web.hangs("/0/1.html", lambda: loop.call_soon_threadsafe(asked.set))
            await ingest.warm_up()
            before = asyncio.all_tasks()
            with pytest.raises(Transient):
                await work(ingest)
            asked.clear()
            return {str(task.get_coro()) for task in asyncio.all_tasks() - before}

        left: set[str] = newsroom.runs(run)
        return left

    stock(newsroom, item, article_page, feeds=1, pages=2)
    with monkeypatch.context() as broken:
        broken.setattr("ingest.poll_entry._publish_first", dies)
        assert goes_on(lambda ingest: ingest.poll_some(1, all_feeds=True)) == set()
    newsroom.web.serves("/0/1.html", article_page("Report 0-1."))
    newsroom.polls()
    newsroom.clock.advances(hours=13)
    with monkeypatch.context() as broken:
        broken.setattr("ingest.revisit._compare", dies)
        assert goes_on(lambda ingest: ingest.revisit(2)) == set()


def test_two_polls_at_once_publish_each_article_once(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Each feed is polled by one of them."""
    stock(newsroom, item, article_page, feeds=6)

    async def poll() -> PollReport:
        async with open_ingest(newsroom.settings, newsroom.bus, clock=newsroom.clock) as ingest:  # type: ignore[arg-type]
            await ingest.poll_shard(await ingest.lease(Wanted(), 3))
            return await ingest.finish(timedelta(seconds=10))

    async def both() -> list[PollReport]:
        return await all_of([poll(), poll()])

    reports = asyncio.run(both())

    assert sum(report.entries_seen for report in reports) == 24
    assert len({article.id for article in newsroom.bus.articles}) == len(newsroom.bus.articles) == 24
    assert all(newsroom.web.asked(f"/{feed}.xml") == 1 for feed in range(6))


@pytest.mark.postgres
def test_two_pollers_share_postgres(newsroom: Newsroom, item: Maker, article_page: Maker, postgres_url: str) -> None:
    """The same with one PostgreSQL, in which every feed has the same articles."""
    links = [newsroom.web.serves(f"/{page}.html", article_page(f"Report {page}.")) for page in range(8)]
    items = [item(link, title=f"Report {at}") for at, link in enumerate(links)]
    newsroom.subscribes(*(newsroom.web.publishes(f"/{feed}.xml", *items) for feed in range(6)))
    shared = newsroom.settings.with_(state=SecretStr(postgres_url))

    async def poll() -> PollReport:
        async with open_ingest(shared, newsroom.bus, clock=newsroom.clock) as ingest:  # type: ignore[arg-type]
            await ingest.poll_shard(await ingest.lease(Wanted(), 3))
            return await ingest.finish(timedelta(seconds=10))

    async def both() -> list[PollReport]:
        return await all_of([poll(), poll()])

    reports = asyncio.run(both())

    entries = [report.entries for report in reports]
    assert sum(counts.get("published", 0) for counts in entries) == len(newsroom.bus.articles) == 8
    assert sum(counts.get("duplicate", 0) for counts in entries) == 40


def test_kill_at_any_moment_loses_nothing(newsroom: Newsroom, item: Maker, article_page: Maker, tmp_path: Path) -> None:
    """Pollers are killed again and again; in the end every article is on the bus, each as version 1."""
    stock(newsroom, item, article_page, feeds=5, pages=6)
    script = tmp_path / "poller.py"
    script.write_text(POLLER)
    environment = {
        "PYTHONPATH": str(ROOT),
        "GEOWIRE_DATA": str(tmp_path),
        "GEOWIRE_FEEDS": newsroom.settings.feeds,
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "3650d",
        "GEOWIRE_WORKERS": "1",
    }

    for lines in (0, 1, 3, None):
        with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as poller:
            assert poller.stdout is not None
            if lines is None:
                poller.wait(60)
            else:
                for _ in range(lines):
                    poller.stdout.readline()
                poller.send_signal(signal.SIGKILL)

    ids = published_ids(tmp_path / "bus.db")
    assert len(set(ids)) == 30
    assert all(identity.endswith(":1") for identity in ids)
    database = Database(SecretStr(f"sqlite:///{tmp_path / 'ingest.db'}"))
    assert database.run_here(count_waiting) == 0
    database.close()


def published_ids(path: Path) -> list[str]:
    """The event ids of all articles on a bus, as often as they stand there."""
    from geowire.bus import MemberOptions

    found = []
    with SqliteBus(str(path), MemberOptions()) as bus, bus.read(ARTICLES.name) as reader:
        while not reader.at_end():
            found += [dict(delivery.record.headers)["ce_id"].decode() for delivery in reader.poll(100, 1)]
    return found


def test_missing_catalogue_is_told_in_one_line(newsroom: Newsroom) -> None:
    """Before anything is polled."""
    with pytest.raises(Misconfigured, match="GEOWIRE_FEEDS: there is no file"):
        newsroom.polls()


def test_leases_are_given_back_at_the_end(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A feed that was leased but not polled is free when the poller ends."""
    stock(newsroom, item, article_page, feeds=2)

    async def lease(ingest: Ingest) -> int:
        return len(await ingest.lease(Wanted()))

    assert newsroom.runs(lease) == 2
    assert newsroom.runs(lease) == 2


def test_header_bytes_that_are_no_text_do_not_stop_a_poll(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A validator that no request could carry back is not kept; the feed and its neighbours are polled."""
    link = newsroom.web.serves("/a.html", article_page())
    odd = newsroom.web.publishes("/odd.xml", item(link), ETag='"\udcff"')
    good = newsroom.web.publishes("/good.xml", item(newsroom.web.serves("/b.html", article_page()), title="Another"))
    newsroom.subscribes(odd, good)

    assert newsroom.polls().results == {"changed": 2}
    assert newsroom.polls().results == {"same-bytes": 2}


@pytest.mark.parametrize("target", ["http://a..b/feed", "http://.example/", f"http://{'x' * 70}.example/feed"])
def test_a_redirect_to_no_host_at_all_fails_that_feed_alone(newsroom: Newsroom, target: str) -> None:
    """Names that cannot be resolved, whoever leads there, are a counted failure."""
    newsroom.subscribes(newsroom.web.redirects("/moved.xml", target), newsroom.web.publishes("/good.xml"))

    assert newsroom.polls().results == {"failed": 1, "changed": 1}


def test_a_feed_that_breaks_the_program_fails_alone(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with us for one feed, the others are polled and the report is whole."""
    newsroom.subscribes(newsroom.web.publishes("/bad.xml"), newsroom.web.publishes("/good.xml"))

    async def broken(desk: Desk, leased: LeasedFeed, tally: Tally) -> Visit | None:
        if leased.feed.url.endswith("/bad.xml"):
            raise ZeroDivisionError("oops")
        return await visit_feed(desk, leased, tally)

    monkeypatch.setattr("ingest.shard.visit_feed", broken)

    report = newsroom.polls()

    assert report.results == {"failed": 1, "changed": 1}
    assert str(report.failures[0].error).startswith("internal-error: ZeroDivisionError")
    [told] = [poll for poll in newsroom.bus.polls if poll.url.endswith("/bad.xml")]
    assert (told.result, told.state, told.error) == ("failed", "failing", report.failures[0].error)
    assert (told.interval_seconds or 0) >= newsroom.settings.poll_interval_min.total_seconds()


def test_a_feed_that_breaks_the_program_is_read_again_with_what_it_brought_counted(
    newsroom: Newsroom, item: Maker, article_page: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No validator hides from the next poll what this one may not have finished."""
    stock(newsroom, item, article_page, feeds=1)
    with monkeypatch.context() as broken:
        broken.setattr("ingest.poll_feed._familiarity", None)
        first = newsroom.polls()

    second = newsroom.polls()

    assert (first.results, first.entries) == ({"failed": 1}, {"published": 4})
    assert newsroom.bus.polls[0].entries == {"published": 4}
    assert (second.results, second.entries) == ({"changed": 1}, {"unchanged": 4})


@pytest.mark.parametrize("even_broken", [False, True])
def test_a_feed_that_cannot_be_judged_fails_alone(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, even_broken: bool
) -> None:
    """It is judged as broken; if that breaks too, it is reported and stays due."""
    newsroom.subscribes(newsroom.web.publishes("/bad.xml"), newsroom.web.publishes("/good.xml"))

    def judge(polled: Polled, moment: Moment) -> Verdict:
        is_bad = polled.leased.feed.url.endswith("/bad.xml")
        if is_bad and (even_broken or polled.reading.fault is None):
            raise ZeroDivisionError("oops")
        return give_verdict(polled, moment)

    monkeypatch.setattr("ingest.poll_feed.give_verdict", judge)

    report = newsroom.polls()

    assert report.results == {"failed": 1, "changed": 1}
    assert [feed.state for feed in report.failures] == ["new" if even_broken else "failing"]
    assert len(newsroom.bus.polls) == (1 if even_broken else 2)
