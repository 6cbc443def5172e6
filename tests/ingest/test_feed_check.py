"""A check says of each feed what is wrong with it, and publishes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from geowire.settings import Settings
from ingest.catalogue import Feed, feed_of
from ingest.feed_check import Checker, FeedCheck, check_feeds
from ingest.feed_list import FeedRow
from ingest.fetch import Fetcher
from ingest.workers import Workers

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb

Check = Callable[..., tuple[FeedCheck, ...]]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def checks(settings: Settings) -> Check:
    """Checks feeds by their addresses."""

    def check(
        *urls: str, listed: Sequence[str] = (), settings: Settings = settings, timer: Iterator[float] | None = None
    ) -> tuple[FeedCheck, ...]:
        return asyncio.run(_check(_feeds(urls), _feeds(listed), settings, timer or iter(lambda: 0.0, None)))

    return check


async def _check(
    feeds: Sequence[Feed], listed: Sequence[Feed], settings: Settings, timer: Iterator[float]
) -> tuple[FeedCheck, ...]:
    done: list[FeedCheck] = []
    async with Fetcher(settings) as fetcher, Workers(settings) as workers:
        checker = Checker(fetcher, workers, NOW, lambda: next(timer))
        found = await check_feeds(feeds, listed, checker, done.append)
    assert {one.url for one in done} == {one.url for one in found}
    return found


def _feeds(urls: Sequence[str]) -> list[Feed]:
    feeds = [feed_of(FeedRow(url=url)) for url in urls]
    return [feed for feed in feeds if feed is not None]


def kinds(check: FeedCheck) -> list[str]:
    """What was found, in short."""
    return [finding.kind for finding in check.findings]


def test_each_feed_is_judged_for_itself(
    web_server: FakeWeb, checks: Check, item: Callable[..., str], tmp_path: Path
) -> None:
    """In the order of the list, whatever goes wrong with others; nothing is kept."""
    head = (
        '<html><head><link rel="alternate" type="application/rss+xml" href="/good.xml"></head><body>news</body></html>'
    )
    urls = [
        web_server.publishes("/good.xml", item("https://a.example/1"), item("https://a.example/2")),
        web_server.serves("/page", head),
        web_server.fails("/lost.xml", 404),
        web_server.publishes("/empty.xml"),
        web_server.publishes("/undated.xml", item("https://a.example/1", date="")),
        web_server.publishes("/half.xml", item("https://a.example/1", date=""), item("https://a.example/2")),
        web_server.publishes("/quiet.xml", item("https://a.example/1", date="Fri, 20 Feb 2026 09:00:00 +0000")),
        web_server.serves("/nonsense.xml", "no feed", Content_Type="text/plain"),
    ]

    good, page, lost, empty, undated, half, quiet, nonsense = checks(*urls)

    assert (good.is_well, good.status, good.entries, good.undated, good.title) == (True, 200, 2, 0, "Wire")
    assert good.newest == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert (page.is_well, page.discovered[0]) == (False, web_server.url("/good.xml"))
    assert web_server.url("/good.xml") in page.findings[0].said
    assert (kinds(lost), lost.status, lost.is_well) == (["http-404"], 404, False)
    assert (kinds(empty), kinds(undated), kinds(quiet)) == (["empty"], ["undated"], ["quiet"])
    assert (kinds(half), half.is_well, half.undated) == (["some-undated"], True, 1)
    assert not nonsense.is_well
    assert list(tmp_path.iterdir()) == []


def test_a_feed_that_moved_for_good_gets_its_new_address(
    web_server: FakeWeb, checks: Check, item: Callable[..., str]
) -> None:
    """One that is elsewhere for now is well."""
    target = web_server.publishes("/new.xml", item("https://a.example/1"))
    moved = web_server.redirects("/old.xml", target, 308)
    mixed = web_server.redirects("/older.xml", moved, 302)

    (first,) = checks(moved)
    (second,) = checks(mixed)

    assert (kinds(first), first.final_url, first.is_well) == (["moved"], target, False)
    assert first.findings[0].said.endswith(f"write {target}")
    assert (kinds(second), second.final_url, second.is_well) == (["redirected"], target, True)


def test_two_addresses_of_one_feed_are_found(web_server: FakeWeb, checks: Check, item: Callable[..., str]) -> None:
    """Also if only one of them is checked, and the other is listed."""
    target = web_server.publishes("/new.xml", item("https://a.example/1"))
    moved = web_server.redirects("/old.xml", target, 301)

    both = checks(target, moved, listed=[target, moved])
    (one,) = checks(moved, listed=[target, moved])
    (alone,) = checks(target, listed=[target])

    assert [kinds(check) for check in both] == [["duplicate"], ["moved", "duplicate"]]
    assert one.findings[-1].said == f"it is the same as {target}; remove one"
    assert alone.is_well


def test_private_addresses_are_refused(web_server: FakeWeb, checks: Check, settings: Settings) -> None:
    """The finding names the setting."""
    url = web_server.publishes("/feed.xml")

    (check,) = checks(url, settings=settings.with_(allow_private_networks=()))

    assert kinds(check) == ["private-address"]
    assert "GEOWIRE_ALLOW_PRIVATE_NETWORKS" in check.findings[0].said
    assert web_server.asked("/feed.xml") == 0


def test_a_slow_feed_is_named(web_server: FakeWeb, checks: Check, item: Callable[..., str]) -> None:
    """With how long it took."""
    url = web_server.publishes("/feed.xml", item("https://a.example/1"))

    (check,) = checks(url, timer=iter(float(seconds) for seconds in count(0, 12)))

    assert (kinds(check), check.findings[0].said) == (["slow"], "it took 12 seconds")


def test_a_feed_that_never_answers_is_given_up(web_server: FakeWeb, checks: Check, settings: Settings) -> None:
    """After the time for one request."""
    url = web_server.hangs("/feed.xml")

    (check,) = checks(url, settings=settings.with_(fetch_timeout=timedelta(milliseconds=200)))

    assert kinds(check) == ["timeout"]
    assert replace(check, findings=()).is_well


def test_dates_to_come_are_not_the_newest(web_server: FakeWeb, checks: Check, item: Callable[..., str]) -> None:
    """An announced event does not make a dead feed look alive."""
    past, future = "Fri, 20 Feb 2026 09:00:00 +0000", "Fri, 20 Nov 2027 09:00:00 +0000"
    url = web_server.publishes(
        "/feed.xml", item("https://a.example/1", date=past), item("https://a.example/2", date=future)
    )

    (check,) = checks(url)

    assert kinds(check) == ["quiet"]
    assert check.newest == datetime(2026, 2, 20, 9, 0, tzinfo=UTC)
