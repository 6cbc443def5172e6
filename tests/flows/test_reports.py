"""What a person sees in the UI: numbers that add up, names with links, nothing that a feed smuggles in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.events import feed_events, growth_events, poll_event
from flows.markup import address, cell, escape, link
from flows.reports import (
    backfill_markdown,
    feed_rows,
    housekeeping_markdown,
    one_line,
    poll_markdown,
    revisit_markdown,
    slowest_hosts,
)
from flows.stage_reports import Growth, StageHealth, growth, lag_rows, stage_markdown
from flows.state_reports import day_markdown, health_markdown
from geowire.bus import Extent
from ingest.backfill import Period
from ingest.housekeeping import Housekeeping
from ingest.last_day import BusyFeed, LastDay
from ingest.overview import FeedOverview, Overview
from ingest.report import FeedReport, PollReport

HOSTILE = "<img src=x onerror=alert(1)> | [b](javascript:x) **c**"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report() -> PollReport:
    """A poll with a feed that failed and has a hostile title."""
    entries = {"published": 2, "unchanged": 1, "rejected:too-old": 4, "failed:http-503": 3}
    good = FeedReport("f1", "https://a.example/rss", "A", "changed", "healthy", entries=entries)
    slow = FeedReport("f3", "https://a.example/2", "B", "changed", "healthy", duration=timedelta(seconds=9))
    bad = FeedReport("f2", "https://b.example/rss", HOSTILE, "failed", "failing", f"timeout {HOSTILE}")
    return PollReport((good, slow, bad), undelivered=7, unasked=5)


def overview(*failing: FeedOverview) -> Overview:
    """Feeds by health."""
    return Overview({"healthy": 9, "failing": len(failing)}, {}, failing, pending=3, waiting=0)


def test_the_report_adds_up_and_names_what_failed() -> None:
    """Outcomes, their sum, their reasons, and each failing feed with its own."""
    text = poll_markdown(report())

    assert one_line(report()).startswith("feeds: 2 changed, 1 failed; entries: 4 rejected:too-old, 3 failed:http-503")
    assert one_line(PollReport()) == "feeds: none was due; entries: none"
    assert text.startswith("## 2 new articles from 3 feeds")
    assert "10 entries of 3 feeds" in text
    assert "| published | 2 | new articles |" in text
    assert "| **in all** | 10 |" in text
    assert "| rejected | too-old | 4 |" in text
    assert "| failed | http-503 | 3 |" in text
    assert "| failing | 1 |" in text
    assert "**7 messages wait**" in text
    assert "**5 feeds were not asked**" in text


def test_the_slowest_hosts_are_named() -> None:
    """The longest first; a host that answers within a second is not slow."""
    assert slowest_hosts(report().feeds) == [("a.example", 2, 9.0)]
    assert "| a.example | 2 | 9.0 |" in poll_markdown(report())


def test_failing_feeds_come_first_in_the_table() -> None:
    """What needs a look is on top, then what is slow."""
    assert [row["result"] for row in feed_rows(report())] == ["failed", "changed", "changed"]
    assert [row["seconds"] for row in feed_rows(report())] == [0, 9.0, 0]


@pytest.mark.parametrize(
    "text",
    [
        poll_markdown(report()),
        backfill_markdown(report(), Period(NOW, NOW)),
        health_markdown(overview(FeedOverview("https://b.example/", HOSTILE, "failing", NOW, HOSTILE))),
        day_markdown(LastDay({}, {}, (BusyFeed(HOSTILE, "https://b.example/><script>", 3),), 0, 1), overview()),
    ],
)
def test_nothing_that_a_feed_says_is_markup(text: str) -> None:
    """Neither HTML nor Markdown, in titles, errors and addresses."""
    assert "<img" not in text
    assert "<script" not in text
    assert "](javascript" not in text
    assert "**c**" not in text


def test_the_cells_of_a_table_hold_no_html() -> None:
    """A table artifact shows its cells as they are."""
    assert "<" not in str(feed_rows(report()))


def test_text_is_escaped_and_links_lead_only_to_the_web() -> None:
    """One line each, whatever is in it."""
    assert escape("*a* <b>\n|c") == r"\*a\* &lt;b&gt; \|c"
    assert escape("Nile & Horn &lt;") == "Nile & Horn &amp;lt;"
    assert link("a]b", "https://a.example/x>y z") == r"[a\]b](<https://a.example/x%3Ey%20z>)"
    assert link("a", "javascript:alert(1)") == "a"
    assert address("javascript:x[1]") == r"javascript:x\[1\]"
    assert [cell(value) for value in (None, 12345, "a|b")] == ["", "12,345", r"a\|b"]


def test_feeds_that_need_a_look_lead_to_their_address() -> None:
    """With the state, since when, and why."""
    feed = FeedOverview("https://b.example/rss", "B", "silent", NOW, None, "nothing new since 2026-11-01")

    text = health_markdown(overview(feed))

    assert text.startswith("## 1 of 10 feeds need a look")
    assert "| [B](<https://b.example/rss>) | silent | 2026-11-20 12:00 | nothing new since 2026-11-01 |" in text
    assert health_markdown(overview()).startswith("## All feeds are well")


def test_the_last_day_stands_beside_the_one_before() -> None:
    """Every outcome of either day, and sums."""
    day = LastDay({"published": 5}, {"published": 7, "duplicate": 1}, (BusyFeed("A", "https://a.example/", 12),), 9, 10)

    text = day_markdown(day, overview())

    assert text.startswith("## 5 new articles today, 7 yesterday")
    assert "| published | 5 | 7 |" in text
    assert "| duplicate | 0 | 1 |" in text
    assert "| **in all** | 5 | 8 |" in text
    assert "| [A](<https://a.example/>) | 12 |" in text
    assert "9 of 10 feeds were polled" in text


def test_revisits_and_housekeeping_say_what_came_of_them() -> None:
    """Sums in the headline."""
    kept = Housekeeping(entries=3, texts=2, counts=1, feeds=0, waiting=4)

    assert revisit_markdown({"unchanged": 3, "updated": 1, "withdrawn": 1}, 5).startswith(
        "## 5 pages were read again, 2 articles changed or went"
    )
    assert revisit_markdown({}, 0) == "## No page was due"
    assert "## 16 rows were dropped" in housekeeping_markdown(kept, 10, 90)
    assert "**4 messages wait**" in housekeeping_markdown(kept, 10, 90)


def health(tag: int, letters: int = 0) -> StageHealth:
    """A measure in which only tag is behind."""
    return StageHealth({"tag": {0: Extent(1, 1), 1: Extent(0, tag)}, "flag": {0: Extent(2, 2)}}, letters)


@pytest.mark.parametrize(
    ("before", "now", "lags", "letters"),
    [
        (None, health(900, 5), {}, None),
        (health(500, 5), health(900, 6), {"tag": (500, 900)}, (5, 6)),
        (health(900, 5), health(900, 5), {}, None),
        (health(900, 5), health(930, 5), {}, None),
        (health(900, 5), health(600, 4), {}, None),
        (health(0), health(400), {}, None),
    ],
)
def test_only_what_grows_is_told(
    before: StageHealth | None, now: StageHealth, lags: dict[str, tuple[int, int]], letters: tuple[int, int] | None
) -> None:
    """The first measure, a steady one, a little more, and a small lag are no news."""
    found = growth(now, before.as_memory() if before else None)

    assert found == Growth(lags, letters)
    assert [event["event"] for event in growth_events(now, found)] == (
        ["geowire.stage.lag-grew"] * len(lags) + (["geowire.deadletters.grew"] if letters else [])
    )


def test_the_furthest_behind_is_on_top() -> None:
    """By partition in the table, by stage in the text, with a word on which grows."""
    rows = lag_rows(health(900))
    text = stage_markdown(health(900, 6), growth(health(900, 6), health(500, 4).as_memory()))

    assert (rows[0]["stage"], rows[0]["partition"], rows[0]["still to read"]) == ("tag", 1, 900)
    assert len(rows) == 3
    assert "## 900 messages are still to be read" in text
    assert "| tag | 900 | grows: it was 500 |" in text
    assert "6 dead letters were ever written, 2 of them since the last look." in text
    assert "## All stages have read everything" in stage_markdown(health(0), Growth({}, None))


def test_a_feed_whose_state_changed_is_an_event_and_stands_in_the_report() -> None:
    """Only a change is told, with its reason; every poll is a heartbeat."""
    turned = FeedReport(
        "f3", "https://c.example/rss", "C", "failed", "silent", state_before="healthy", why="none for 3 d"
    )
    steady = FeedReport("f4", "https://d.example/rss", "D", "changed", "healthy", state_before="healthy")
    found = PollReport((turned, steady))

    events = feed_events(found.feeds)

    assert [event["event"] for event in events] == ["geowire.feed.silent"]
    assert events[0]["resource"]["prefect.resource.id"] == "geowire.feed.f3"
    assert events[0]["payload"]["summary"] == "C: none for 3 d"
    assert poll_event(found)["payload"]["feeds"] == 2
    assert "healthy -&gt; silent | none for 3 d" in poll_markdown(found)
