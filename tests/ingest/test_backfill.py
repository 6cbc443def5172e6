"""A backfill lets in what a poll is too late for, and changes nothing else of a feed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from geowire.errors import Misconfigured
from geowire.settings import Settings
from ingest.backfill import parse_period
from ingest.database import Database
from ingest.desk import Desk
from ingest.feed_reading import FeedReading, read_feed
from ingest.last_day import read_last_day
from ingest.leases import LeasedFeed
from ingest.politeness import Slot
from ingest.poll import Ingest
from ingest.report import PollReport
from ingest.state_tables import FEED

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGO = {
    "young": "Fri, 20 Nov 2026 09:00:00 +0000",
    "old": "Mon, 12 Oct 2026 09:00:00 +0000",
    "older": "Tue, 01 Sep 2026 09:00:00 +0000",
}


@pytest.fixture
def archive(newsroom: Newsroom, item: Maker, article_page: Maker) -> Newsroom:
    """A feed with an entry of today, one of October and one of September; it was polled once."""
    links = {name: newsroom.web.serves(f"/{name}.html", article_page(f"It was {name}.", title=name)) for name in AGO}
    items = [item(links[name], name, date=date) for name, date in AGO.items()]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items, ETag='"1"'))
    assert newsroom.polls().entries == {"rejected:too-old": 2, "published": 1}
    return newsroom


def backfill(newsroom: Newsroom, feed: str, since: str, until: str = "") -> PollReport:
    """Backfill as a flow does."""
    period = parse_period(since, until, newsroom.clock())

    async def work(ingest: Ingest) -> PollReport:
        await ingest.backfill(feed, period)
        return await ingest.finish(timedelta(seconds=0.5))

    changed = period.settings(newsroom.settings, newsroom.clock())
    report: PollReport = newsroom.runs(work, max_age=changed.max_age, feed_timeout=changed.feed_timeout)
    return report


def titles(newsroom: Newsroom) -> list[str]:
    """Of what was published."""
    return [article.title for article in newsroom.bus.articles]


def feed_row(settings: Settings) -> dict[str, Any]:
    """What is remembered of the one feed."""
    database = Database(settings.state_url)
    row = database.run_here(lambda connection: dict(connection.execute(select(FEED)).mappings().one()))
    database.close()
    return row


def test_an_old_entry_is_let_in(archive: Newsroom) -> None:
    """Older than GEOWIRE_MAX_AGE, but of the period: it is published; what is older still is not asked about."""
    report = backfill(archive, "", "60d")

    assert titles(archive) == ["young", "old"]
    assert report.entries == {"unchanged": 1, "published": 1}


def test_a_range_has_two_ends(archive: Newsroom) -> None:
    """Only entries of these days, the last one included."""
    report = backfill(archive, "", "2026-09-01", "2026-09-01")

    assert titles(archive) == ["young", "older"]
    assert report.entries == {"published": 1}


def test_a_second_backfill_publishes_nothing(archive: Newsroom) -> None:
    """What was published is known."""
    backfill(archive, "", "100d")

    assert backfill(archive, "", "100d").entries == {"unchanged": 3}
    assert len(archive.bus.articles) == 3


def test_only_the_feed_that_is_named(archive: Newsroom) -> None:
    """By its address, its title or its id; a name that no feed has is a mistake in one line."""
    address = archive.web.url("/feed.xml")

    assert [feed.url for feed in backfill(archive, "wire", "60d").feeds] == [address]
    assert [feed.url for feed in backfill(archive, address, "60d").feeds] == [address]
    with pytest.raises(Misconfigured, match="no feed is called 'nobody'"):
        backfill(archive, "nobody", "60d")


def test_the_feed_is_as_it_was(archive: Newsroom) -> None:
    """Rhythm, health, validators and next poll belong to polls; the lease is given back."""
    before = feed_row(archive.settings)

    backfill(archive, "", "100d")

    assert feed_row(archive.settings) == before


def test_the_last_day_counts_polls_and_backfills(archive: Newsroom) -> None:
    """Today beside yesterday, and the feed that brought most."""
    archive.clock.advances(days=1)
    backfill(archive, "", "60d")

    day = read_last_day(archive.settings, archive.clock())

    assert day.yesterday == {"rejected:too-old": 2, "published": 1}
    assert day.today == {"published": 1, "unchanged": 1}
    assert [(feed.title, feed.published) for feed in day.busiest] == [("Wire", 2)]
    assert (day.polled, day.feeds) == (1, 1)


def test_a_feed_that_fails_is_reported_and_stays_healthy(archive: Newsroom) -> None:
    """A backfill says what it could not read; only polls judge."""
    archive.web.fails("/feed.xml", 500)

    report = backfill(archive, "", "60d")

    assert [(feed.result, feed.state) for feed in report.failures] == [("failed", "healthy")]


def test_a_feed_that_breaks_the_program_ends_no_backfill(archive: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read to the end, and its lease is given back."""
    archive.subscribes(archive.web.url("/feed.xml"), archive.web.publishes("/bad.xml"))

    async def broken(desk: Desk, leased: LeasedFeed, slot: Slot) -> FeedReading:
        if leased.feed.url.endswith("/bad.xml"):
            raise ZeroDivisionError("oops")
        return await read_feed(desk, leased, slot)

    monkeypatch.setattr("ingest.backfill.read_feed", broken)

    reports = [backfill(archive, "", "60d") for _ in range(2)]

    assert [report.entries for report in reports] == [{"unchanged": 1, "published": 1}, {"unchanged": 2}]
    errors = [feed.error for report in reports for feed in report.failures]
    assert errors == ["internal-error: ZeroDivisionError oops"] * 2


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("yesterday", "", "since: 'yesterday' is neither an age nor a day; write an age such as 30d"),
        ("30d", "soon", "until: 'soon'"),
        ("7d", "30d", "not before until"),
        ("2027-01-01", "", "not before until"),
        ("99999999999d", "", "neither an age nor a day"),
    ],
)
def test_a_wrong_period_is_one_line(since: str, until: str, words: str) -> None:
    """What is wrong, and what to write."""
    with pytest.raises(Misconfigured, match=words):
        parse_period(since, until, NOW)


def test_a_period_ends_now_or_with_its_last_day() -> None:
    """Days are in UTC."""
    assert parse_period("7d", "", NOW).until == NOW
    assert parse_period("2026-10-01", "2026-10-02", NOW).until == datetime(2026, 10, 3, tzinfo=UTC)
