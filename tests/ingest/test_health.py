"""How feeds fare: silence, faults, and faults that are our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.faults import PARDONS, Attempt, Fault, Faults, after_fault, excuse, is_our_network, may_be_ours
from ingest.feed_entry import FeedEntry
from ingest.feed_health import Condition, Document, FeedHealth, feed_health, next_document
from ingest.history import FeedHistory, read_history, write_history
from ingest.leases import Wanted
from ingest.overview import read_overview
from ingest.poll import Ingest
from ingest.report import FeedReport
from ingest.rhythm import Brought, Rhythm, entries_per_day, learn

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)
WELL = Condition(now=MONDAY, state="healthy", since=MONDAY - timedelta(days=9), has_failed=False)
UNREACHED = Fault("dns", is_passing=True)
RESTING = "its host rests, which does not count"
WORKDAYS = (40, 40, 40, 40, 40, 0, 0)


def days(rhythm: Rhythm, counts: Iterable[int], start: datetime) -> tuple[Rhythm, datetime]:
    """The rhythm after days with so many new entries, a poll every six hours; and when the next day begins."""
    at = start
    for count in counts:
        for quarter in range(4):
            rhythm = learn(rhythm, Brought(at, new=count // 4 + (count % 4 if quarter == 0 else 0), known=30))
            at += timedelta(hours=6)
    return rhythm, at


def weeks(*counts: int, times: int = 3) -> tuple[Rhythm, datetime]:
    """A feed that lived through such weeks, from a Monday on."""
    begun = learn(Rhythm(), Brought(MONDAY - timedelta(hours=18)))
    return days(begun, counts * times, MONDAY.replace(hour=0))


def health(**changes: Any) -> FeedHealth:
    """How a feed fares that was well, but for this."""
    return feed_health(replace(WELL, **changes))


def entries(*ages: float | None, count: int = 0) -> list[FeedEntry]:
    """Entries of these ages in hours, and so many without a date."""
    dated = [None if age is None else MONDAY - timedelta(hours=age) for age in (*ages, *[None] * count)]
    return [FeedEntry(f"k{n}", f"g{n}", None, published_at=moment) for n, moment in enumerate(dated)]


def test_a_lively_feed_that_falls_silent_is_noticed() -> None:
    """Forty on every weekday, and none on a whole one."""
    rhythm, monday = weeks(*WORKDAYS)
    rhythm, tuesday = days(rhythm, [0], monday)

    still = health(rhythm=rhythm, now=tuesday)
    silent = health(rhythm=learn(rhythm, Brought(tuesday)), now=tuesday)

    assert entries_per_day(rhythm) == pytest.approx(200 / 7, rel=0.05)
    assert still.state == "healthy"
    assert silent.state == "silent"
    assert "40 entries were to be expected" in str(silent.why)


def test_a_weekend_is_not_a_death() -> None:
    """A feed of workdays is held against its own weekends, through to Monday's first entries."""
    rhythm, monday = weeks(*WORKDAYS)
    for hour in range(20):
        rhythm = learn(rhythm, Brought(monday + timedelta(hours=hour)))
        assert health(rhythm=rhythm).state == "healthy"


def test_a_slow_feed_is_given_time() -> None:
    """One a day may miss a week; a month without any is silence, and one entry ends it."""
    rhythm, at = weeks(1, 1, 1, 1, 1, 1, 1)
    week_off, later = days(rhythm, [0] * 7, at)
    month_off, latest = days(week_off, [0] * 23, later)
    back = learn(month_off, Brought(latest, new=1))

    assert [health(rhythm=after).state for after in (week_off, month_off, back)] == ["healthy", "silent", "healthy"]


def test_a_day_on_which_nobody_looked_is_not_held_against_a_feed() -> None:
    """Neither is it taken for its habit."""
    rhythm, at = weeks(*WORKDAYS)
    after = learn(rhythm, Brought(at + timedelta(days=4)))

    assert after.week == rhythm.week[:6] + after.week[6:]
    assert health(rhythm=after).state == "healthy"


def test_an_answer_with_old_news_only_is_silence() -> None:
    """Against the gaps between the feed's own entries; four days are granted to everybody."""
    hourly = next_document(Document(), entries(*range(10)))

    def state(**age: float) -> str:
        return health(document=hourly, newest_entry_at=MONDAY - timedelta(**age)).state

    assert state(days=3) == "healthy"
    assert state(days=5) == "silent"
    monthly = next_document(Document(), entries(*(n * 720 for n in range(10))))
    assert health(document=monthly, newest_entry_at=MONDAY - timedelta(days=90)).state == "healthy"


def test_a_feed_that_died_years_ago_is_known_at_first_sight() -> None:
    """It answers with its last entries."""
    dead = entries(*(40_000 + n for n in range(20)))
    document = next_document(Document(), dead)

    found = health(state="new", document=document, newest_entry_at=dead[0].dated_at)

    assert found.state == "silent"
    assert found.why == "its newest entry is of 2022-04-10; usually there is one every 60 minutes"


def test_no_entries_are_silence() -> None:
    """An answer of 200 is no life."""
    usual = next_document(Document(), entries(*range(30)))

    emptied, never = (health(document=next_document(before, [])) for before in (usual, Document()))

    assert (emptied.state, never.state) == ("silent", "silent")
    assert "usual are 27" in str(emptied.why)
    assert never.why == "it answers without any entry"


def test_dates_that_vanish_are_noticed() -> None:
    """A feed that never had any is as usual, and after some documents so is the one that lost them."""
    undated = entries(count=10)
    document = next_document(next_document(Document(), entries(*range(10))), undated)

    assert health(document=document).state == "silent"
    assert health(document=next_document(Document(), undated)).state == "healthy"
    for _ in range(10):
        document = next_document(document, undated)
    assert health(document=document).state == "healthy"


def test_since_moves_only_with_the_state() -> None:
    """A feed that fails has failed since its first fault."""
    first = health(has_failed=True, error="timeout")
    later = replace(WELL, state=first.state, since=first.since, now=MONDAY + timedelta(days=1), has_failed=True)

    assert (first.state, first.since, first.why) == ("failing", MONDAY, "timeout")
    assert feed_health(later).since == MONDAY
    assert health().since == WELL.since


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 5)), max_size=60))
def test_any_history_is_kept_as_it_is(counts: list[tuple[int, int]]) -> None:
    """What is written is read again, and what a later version adds to it does not matter."""
    rhythm, at = Rhythm(), MONDAY
    for new, gap in counts:
        at += timedelta(days=gap)
        rhythm = learn(rhythm, Brought(at, new))
    history = FeedHistory(rhythm=rhythm, faults=Faults(0.75, 1, 2), document=Document(3, 2, 4.5, 0.5, 60.0))

    written = write_history(history)

    assert read_history(written) == history
    assert read_history(written[:-1] + (', "later": 1}' if written != "{}" else "}")) == history
    assert read_history(None) == FeedHistory()
    assert len(written) < 2_000


def attempts(*hosts: str, fault: Fault | None = UNREACHED, was_well: bool = True) -> list[Attempt]:
    """Feeds on these hosts, with their fault."""
    return [Attempt(f"https://{host}/feed", was_well, fault) for host in hosts]


def test_our_own_network_is_blamed_if_all_fail_at_once() -> None:
    """Nearly all feeds that were well, on several sites."""
    sites = [f"paper-{n}.example" for n in range(20)]

    assert is_our_network(attempts(*sites))
    assert is_our_network([*attempts(*sites), *attempts("one.example", fault=None)])
    assert not is_our_network([*attempts(*sites[:10]), *attempts(*sites[10:], fault=None)])
    assert not is_our_network(attempts(*(f"feed-{n}.paper.com" for n in range(20))))
    assert not is_our_network(attempts(*sites[:2]))
    assert not is_our_network(attempts(*sites, was_well=False))
    assert not is_our_network(attempts(*sites, fault=Fault("http-500", is_passing=True)))
    assert not is_our_network([])


def test_pardons_run_out() -> None:
    """A feed that cannot be reached for a day has a fault of its own."""
    faults = Faults()
    for _ in range(PARDONS):
        assert may_be_ours(faults, UNREACHED)
        faults = after_fault(faults, UNREACHED, is_ours=True)

    assert faults.weight == 0
    assert not may_be_ours(faults, UNREACHED)


def test_a_host_that_rests_says_nothing_about_a_feed() -> None:
    """Nothing was asked, because another feed of the host was throttled."""
    resting = Fault("throttled", is_passing=True, asked_to_wait=True)

    assert after_fault(Faults(weight=1.5), resting, is_ours=False) == Faults(weight=1.5)
    found = health(has_failed=True, error="throttled: a.example rests", excuse=excuse(resting, is_ours=False))
    assert found == FeedHealth("healthy", MONDAY - timedelta(days=9), "throttled: a.example rests; " + RESTING)


def test_a_resolver_that_is_down_counts_against_no_feed(newsroom: Newsroom) -> None:
    """Every feed stays as it was, says why, and is due again soon."""
    newsroom.subscribes(*(f"http://paper-{n}.invalid/feed.xml" for n in range(4)))

    report = newsroom.polls()

    assert report.results == {"failed": 4}
    assert {feed.state for feed in report.feeds} == {"new"}
    assert all("our own network" in str(feed.why) for feed in report.feeds)
    waits = [poll.next_poll_at - poll.polled_at for poll in newsroom.bus.polls if poll.next_poll_at]
    assert max(waits) <= timedelta(minutes=11)


def test_an_unknown_name_among_good_feeds_is_the_feeds_own_fault(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """The network works for the others."""
    good = [newsroom.web.publishes(f"/{n}.xml", item(newsroom.web.serves("/a", article_page()))) for n in range(3)]
    newsroom.subscribes(*good, *(f"http://paper-{n}.invalid/feed.xml" for n in range(3)))

    report = newsroom.polls()

    assert [feed.state for feed in report.failures] == ["failing"] * 3


def test_a_feed_that_is_gone_comes_back_to_life(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """It is retired by the second 410, said so, asked in 30 days, and polled as ever once it answers."""
    newsroom.subscribes(newsroom.web.fails("/feed.xml", 410))
    first, second = newsroom.polls(), newsroom.polls()
    retired = newsroom.bus.polls[-1]
    newsroom.clock.advances(days=34)
    newsroom.web.publishes("/feed.xml", item(newsroom.web.serves("/a.html", article_page()), date=""))

    back = newsroom.runs(_due_poll)

    assert [report.feeds[0].state for report in (first, second)] == ["failing", "gone"]
    assert "410" in str(retired.why)
    assert retired.next_poll_at is not None
    assert timedelta(days=30) <= retired.next_poll_at - retired.polled_at <= timedelta(days=33)
    assert [(feed.state_before, feed.state) for feed in back] == [("gone", "healthy")]


@pytest.mark.parametrize("status", [403, 404, 451, 500])
def test_a_failing_feed_is_asked_again_for_ever(newsroom: Newsroom, status: int) -> None:
    """At least once a week: it comes back by itself."""
    newsroom.subscribes(newsroom.web.fails("/feed.xml", status))

    async def fails_often(ingest: Ingest) -> None:
        for _ in range(25):
            await ingest.poll_shard(await ingest.lease(Wanted(all_feeds=True)))
        await ingest.finish(timedelta(seconds=1))

    newsroom.runs(fails_often)

    last = newsroom.bus.polls[-1]
    assert last.next_poll_at is not None
    assert (last.state, last.next_poll_at - last.polled_at <= timedelta(days=7.7)) == ("failing", True)


def test_a_feed_that_turns_into_a_page_and_back(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Each turn is told with what was before; nothing is lost by it."""
    links = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(2)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(links[0])))
    newsroom.polls()
    newsroom.web.serves("/feed.xml", "<html><body>Sorry</body></html>")
    broken = newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(links[0]), item(links[1], title="Second"))

    back = newsroom.polls()

    assert [(feed.state_before, feed.state) for feed in broken.turned] == [("healthy", "failing")]
    assert [(feed.state_before, feed.state) for feed in back.turned] == [("failing", "healthy")]
    assert back.entries == {"unchanged": 1, "published": 1}


def test_a_query_without_hits_is_silent(newsroom: Newsroom) -> None:
    """200 and no entries: the overview says so."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml"))
    newsroom.polls()

    overview = read_overview(newsroom.settings)

    assert overview.states == {"silent": 1}
    assert overview.failing[0].why == "it answers without any entry"
    assert overview.facts()["failing"][0]["why"] == overview.failing[0].why


async def _due_poll(ingest: Ingest) -> tuple[FeedReport, ...]:
    report = await ingest.poll_shard(await ingest.lease(Wanted()))
    await ingest.finish(timedelta(seconds=1))
    return report.feeds


def test_what_a_feed_says_about_its_rhythm_is_remembered(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Two hours of `ttl` hold after a 304 as well, which says nothing itself."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", "<ttl>120</ttl>", item(link), ETag='"1"'))

    reports = [newsroom.polls(), newsroom.polls()]

    assert [report.results for report in reports] == [{"changed": 1}, {"not-modified": 1}]
    assert all(7_200 <= (poll.interval_seconds or 0) <= 7_920 for poll in newsroom.bus.polls)


def test_guids_that_change_every_day_are_no_news(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The links are known: nothing is published, and the feed is not taken for a lively one."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.url("/feed.xml"))
    reports = []
    for day in range(4):
        newsroom.web.publishes("/feed.xml", item(link, guid=f"urn:day:{day}", date=""))
        reports.append(newsroom.polls().entries)
        newsroom.clock.advances(days=1)

    assert reports == [{"published": 1}, *[{"duplicate": 1}] * 3]
    intervals = [poll.interval_seconds or 0 for poll in newsroom.bus.polls]
    assert intervals == sorted(intervals)
    assert newsroom.bus.polls[-1].entries_per_day == 0
