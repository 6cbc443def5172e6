"""When a feed is asked again, how it fares, and how entries are counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.advice import retry_after
from ingest.decide import FOLLOWED_AT_ONCE, FRUITLESS, RESTS, Step, is_too_old, next_step, rests_until
from ingest.entry_state import KnownEntry
from ingest.faults import Fault, Faults, after_fault, weight_of
from ingest.feed_entry import FeedEntry, FeedHints
from ingest.outcomes import DUPLICATE, PUBLISHED, UNCHANGED, UPDATED, Tally, failed, is_failure, rejected
from ingest.poll import shard_sizes
from ingest.report import FeedReport, PollReport, ShardReport
from ingest.rhythm import Bounds, Brought, Rhythm, learn, learned_rest
from ingest.schedule import PollEnd, next_poll

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOUNDS = Bounds(timedelta(minutes=15), timedelta(minutes=10), timedelta(hours=24))
OUTCOMES = st.sampled_from([PUBLISHED, UPDATED, UNCHANGED, DUPLICATE, rejected("too-old"), failed("timeout")])


def rest(chance: float = 0.0, **parts: Any) -> timedelta:
    """How long a feed rests after such a poll."""
    return next_poll(PollEnd(at=NOW, **parts), BOUNDS, chance) - NOW


def after_faults(*faults: Fault, chance: float = 0.0, **parts: Any) -> timedelta:
    """How long a feed rests after these faults in a row."""
    known = Faults()
    for fault in faults:
        known = after_fault(known, fault, is_ours=False)
    return rest(chance, has_failed=True, faults=known, http_status=faults[-1].http_status, **parts)


def told(**headers: str) -> timedelta:
    """How long a feed rests if a good answer says this."""
    return rest(headers={name.replace("_", "-"): value for name, value in headers.items()})


def hinted(**hints: Any) -> timedelta:
    """How long a feed rests if its document says this."""
    return rest(hints=FeedHints(**hints))


HARD, SOFT = Fault("http-404", is_passing=False, http_status=404), Fault("http-500", is_passing=True, http_status=500)
TIMEOUT, GONE = Fault("timeout", is_passing=True), Fault("http-410", is_passing=False, http_status=410)


def test_rest_grows_with_faults_by_their_weight_and_never_ends() -> None:
    """One hard fault doubles it, as do two soft or four temporary ones, up to a week."""
    assert rest() == timedelta(minutes=15)
    assert after_faults(HARD) == timedelta(minutes=30)
    assert after_faults(SOFT, SOFT) == timedelta(minutes=30)
    assert after_faults(*[TIMEOUT] * 4) == timedelta(minutes=30)
    assert after_faults(*[HARD] * 50) == timedelta(days=7)


@pytest.mark.parametrize("status", [401, 403, 404, 451])
def test_refusals_are_hard_unless_they_say_when_to_come_back(status: int) -> None:
    """A server that throttles with 403 names a time; one that means it does not."""
    assert weight_of(Fault(f"http-{status}", is_passing=False, http_status=status)) == 1
    assert weight_of(Fault(f"http-{status}", is_passing=False, http_status=status, asked_to_wait=True)) == 0.25


def test_what_is_no_feed_is_hard_and_a_broken_server_is_soft() -> None:
    """Whoever saw the fault says whether it may pass."""
    assert weight_of(Fault("not-a-feed", is_passing=False, http_status=200)) == 1
    assert weight_of(Fault("tls", is_passing=True)) == weight_of(Fault("parse-timeout", is_passing=True)) == 0.5
    assert weight_of(Fault("http-429", is_passing=True)) == weight_of(Fault("dns", is_passing=True)) == 0.25


def test_a_feed_is_retired_by_the_second_410() -> None:
    """The first may be a slip; a retired feed is asked once in 30 days, whatever else it answers then."""
    assert after_faults(GONE) == timedelta(minutes=30)
    assert after_faults(GONE, GONE) == timedelta(days=30)
    assert after_faults(GONE, GONE, TIMEOUT) == after_faults(GONE, GONE, HARD) == timedelta(days=30)
    assert after_faults(GONE, HARD, GONE) < timedelta(days=7)


@given(st.lists(st.sampled_from([HARD, SOFT, TIMEOUT, GONE]), max_size=40), st.floats(0, 1))
def test_rest_has_its_bounds(faults: list[Fault], chance: float) -> None:
    """Jitter adds a tenth at most."""
    found = after_faults(*faults, chance=chance) if faults else rest(chance)

    assert timedelta(minutes=10) <= found <= timedelta(days=30) * 1.1


def test_many_feeds_do_not_march_in_step() -> None:
    """Chance spreads the next polls of feeds that were polled together, even if all were told the same time."""
    waits = {rest(chance / 10, headers={"retry-after": "3600"}) for chance in range(10)}

    assert len(waits) == 10
    assert min(waits) == timedelta(hours=1)


def test_retry_after_is_obeyed_in_both_forms() -> None:
    """Seconds, a date read against the server's own clock, and neither shorter nor absurdly longer."""
    assert told(retry_after="3600") == timedelta(hours=1)
    assert told(retry_after="0") == timedelta(minutes=15)
    assert told(retry_after="317100") == told(retry_after="9" * 40) == timedelta(hours=24)
    skewed = told(retry_after="Fri, 20 Nov 2026 14:00:00 GMT", date="Fri, 20 Nov 2026 13:00:00 GMT")
    assert skewed == timedelta(hours=1)
    assert retry_after({"retry-after": "soon"}, NOW) is None


def test_retry_after_outlasts_the_own_backing_off() -> None:
    """The longer of both counts."""
    busy = Fault("http-503", is_passing=True, http_status=503, asked_to_wait=True)

    assert after_faults(busy, headers={"retry-after": "86400"}) == timedelta(hours=24)
    assert after_faults(*[busy] * 30, headers={"retry-after": "60"}) > timedelta(hours=24)


@pytest.mark.parametrize("reset", ["7200", str(int(NOW.timestamp()) + 7200), str(int(NOW.timestamp() + 7200) * 1000)])
def test_rate_limit_reset_stands_in_for_retry_after(reset: str) -> None:
    """As seconds, as a moment, or in milliseconds; while requests are left it says nothing."""
    limited = Fault("http-429", is_passing=True, http_status=429)

    assert after_faults(limited, headers={"x-ratelimit-reset": reset}) == timedelta(hours=2)
    assert told(x_ratelimit_reset=reset, x_ratelimit_remaining="0") == timedelta(hours=2)
    assert told(x_ratelimit_reset=reset, x_ratelimit_remaining="12") == timedelta(minutes=15)


@pytest.mark.parametrize("reset", ["", "soon", "-5", "nan", "1.2.3", "²"])
def test_junk_rate_limits_say_nothing(reset: str) -> None:
    """Nothing crashes on them either."""
    assert told(x_ratelimit_reset=reset, x_ratelimit_remaining="0") == timedelta(minutes=15)


def test_freshness_is_max_age_or_expires() -> None:
    """Less the age that the answer has already; within our bounds."""
    assert told(cache_control="public, max-age=3600") == timedelta(hours=1)
    assert told(cache_control="max-age=3600", age="1800") == timedelta(minutes=30)
    assert told(cache_control="max-age=31536000") == timedelta(hours=24)
    assert told(cache_control="max-age=60") == timedelta(minutes=15)
    assert told(expires="Fri, 20 Nov 2026 13:00:00 GMT") == timedelta(hours=1)
    assert told(expires="Fri, 20 Nov 2026 13:00:00 GMT", cache_control="max-age=1200") == timedelta(minutes=20)


@pytest.mark.parametrize("expires", ["0", "-1", "", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 20 Nov 2026 11:00:00 GMT"])
def test_an_expiry_in_the_past_says_nothing(expires: str) -> None:
    """It is there to keep browsers from caching."""
    assert told(expires=expires) == timedelta(minutes=15)


@pytest.mark.parametrize("control", ["no-cache, max-age=7200", "no-store", "max-age=", "max-age=soon", "s-maxage=9999"])
def test_cache_control_that_forbids_or_makes_no_sense_says_nothing(control: str) -> None:
    """Neither does what is meant for shared caches."""
    assert told(cache_control=control) == timedelta(minutes=15)


def test_a_failing_answer_says_nothing_about_freshness() -> None:
    """An error page's max-age is the error page's."""
    assert after_faults(SOFT, headers={"cache-control": "max-age=86400"}) < timedelta(minutes=30)


def test_the_feed_says_how_often_it_changes() -> None:
    """The longest statement counts, between our bounds."""
    assert hinted(ttl_minutes=60.0) == timedelta(hours=1)
    assert hinted(ttl_minutes=2.0) == timedelta(minutes=15)
    assert hinted(update_period="hourly", update_frequency=2.0) == timedelta(minutes=30)
    assert hinted(update_period="daily", update_frequency=None, ttl_minutes=30.0) == timedelta(hours=24)
    assert hinted(update_period="weekly") == timedelta(hours=24)


@pytest.mark.parametrize(
    ("period", "expected"), [("hourly", 60), ("always", 15), ("dayly", 15), ("minutely", 15), ("", 15)]
)
@pytest.mark.parametrize("frequency", [0.1, 0.0, -3.0, float("nan"), float("inf"), None])
def test_junk_update_periods_are_tolerated(period: str, expected: int, frequency: float | None) -> None:
    """An unknown period says nothing, and a frequency that is no whole number counts as one."""
    assert hinted(update_period=period, update_frequency=frequency) == timedelta(minutes=expected)


@pytest.mark.parametrize("minutes", [0.0, -5.0, float("nan"), float("inf")])
def test_junk_ttl_says_nothing(minutes: float) -> None:
    """And crashes nothing."""
    assert hinted(ttl_minutes=minutes) == timedelta(minutes=15)


def test_quiet_hours_and_days_are_kept() -> None:
    """The next poll falls on the first hour that is allowed; a quiet weekend is asked once a day."""
    assert NOW + hinted(skip_hours=frozenset({12, 13, 14})) == NOW.replace(hour=15)
    assert NOW + hinted(skip_hours=frozenset(range(11, 24))) == NOW.replace(day=21, hour=0)
    assert hinted(skip_days=frozenset({4, 5, 6})) == timedelta(hours=24)
    assert hinted(skip_days=frozenset({0})) == timedelta(minutes=15)


def test_a_feed_that_is_never_to_be_asked_is_asked() -> None:
    """All hours or all days make no sense."""
    assert hinted(skip_hours=frozenset(range(24)), skip_days=frozenset(range(7))) == timedelta(minutes=15)


def lives(entries_a_day: float, days: float, window: int = 100, start: datetime = NOW) -> tuple[Rhythm, timedelta, int]:
    """A feed with evenly spaced entries, polled as its rhythm says: what was learned, the rest, what slipped by."""
    rhythm, at, seen, lost = learn(Rhythm(), Brought(start, window)), start, 0, 0
    gap = timedelta(days=1 / entries_a_day)
    while at < start + timedelta(days=days):
        at += learned_rest(rhythm, BOUNDS)
        written = int((at - start) / gap)
        new = written - seen
        lost, seen = lost + max(0, new - window), written
        rhythm = learn(rhythm, Brought(at, min(new, window), max(0, window - new)))
    return rhythm, learned_rest(rhythm, BOUNDS), lost


def test_the_rest_becomes_the_time_between_entries() -> None:
    """Within our bounds: a busy feed is asked at the floor, a quiet one at the ceiling."""
    assert lives(24, days=7)[1] == pytest.approx(timedelta(hours=1), rel=0.2)
    assert lives(1_000, days=2)[1] == timedelta(minutes=10)
    assert lives(0.05, days=40)[1] == timedelta(hours=24)


def test_a_fast_feed_of_few_entries_loses_none() -> None:
    """It is asked before its window has rolled over, although it was taken for an ordinary one at first."""
    assert lives(1_000, days=3, window=12)[2] == 0


def test_a_quiet_night_does_not_make_a_feed_slow() -> None:
    """A feed that brought forty a day for a week is asked as often after ten hours of silence."""
    rhythm, before, _ = lives(40, days=7)
    asked_at = datetime.fromtimestamp(rhythm.asked_at or 0, UTC)

    assert learned_rest(learn(rhythm, Brought(asked_at + timedelta(hours=10))), BOUNDS) < before * 1.2


def test_a_poll_of_nothing_but_new_entries_is_followed_by_the_next_at_once() -> None:
    """There may be more that was not seen; the first poll of a feed says nothing of the kind."""
    first = learn(Rhythm(), Brought(NOW, new=20))
    slow = replace(first, entries=1.0, seconds=900_000.0)

    assert learned_rest(first, BOUNDS) == timedelta(minutes=15)
    assert learned_rest(learn(slow, Brought(NOW + timedelta(days=1), new=20)), BOUNDS) == timedelta(minutes=10)
    half_known = learn(slow, Brought(NOW + timedelta(days=1), new=10, known=10))
    most_new = learn(slow, Brought(NOW + timedelta(days=1), new=15, known=5))
    assert learned_rest(most_new, BOUNDS) < learned_rest(half_known, BOUNDS) * 0.6


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100_000)), max_size=30))
def test_any_history_gives_a_rest_within_bounds(polls: list[tuple[int, int, int]]) -> None:
    """Whatever a feed does."""
    rhythm, at = Rhythm(), NOW
    for new, known, seconds in polls:
        at += timedelta(seconds=seconds)
        rhythm = learn(rhythm, Brought(at, new, known))

    assert BOUNDS.shortest <= learned_rest(rhythm, BOUNDS) <= BOUNDS.longest


@given(st.lists(OUTCOMES, max_size=50), st.integers(1, 5))
def test_tallies_add_up(ended: list[str], parts: int) -> None:
    """However the entries are spread over feeds and shards."""
    shards = []
    for part in range(parts):
        tally = Tally()
        for outcome in ended[part::parts]:
            tally.add(outcome)  # type: ignore[arg-type]
        feed = FeedReport("f", "https://a.example/", None, "changed", "healthy", entries=tally.as_dict())
        shards.append(ShardReport((feed,)))

    report = PollReport.of(shards, timedelta(0), 0)

    assert report.entries_seen == sum(report.entries.values()) == len(ended)
    assert report.failed_entries == sum(map(is_failure, ended))


@given(st.integers(0, 3_000))
def test_shards_hold_every_feed_once(count: int) -> None:
    """At most sixteen, and small polls are one."""
    sizes = shard_sizes(count)

    assert sum(sizes) == count
    assert len(sizes) <= 16
    assert all(size >= 50 for size in sizes[:-1])
    assert count < 50 or sizes[-1] >= 35


def known(fingerprint: str, article_id: str | None) -> KnownEntry:
    """An entry that was done a moment ago."""
    return KnownEntry(
        is_pending=False, fingerprint=fingerprint, article_id=article_id, attempts=0, changes=0, seen_at=NOW
    )


def test_steps() -> None:
    """What is known of an entry decides what is done."""
    entry = FeedEntry("k", "g", "https://a.example/1", title="T")
    same, changed = known(entry.fingerprint, "a"), known("other", "a")
    waiting = replace(known(entry.fingerprint, None), is_pending=True, attempts=1)
    fruitless, filled_in = known(entry.fingerprint, None), known("other", None)
    tired, tired_of = replace(changed, changes=FOLLOWED_AT_ONCE), replace(filled_in, changes=FOLLOWED_AT_ONCE)

    assert next_step(entry, None, NOW, link_is_known=False, is_old=False) is Step.READ
    assert next_step(entry, None, NOW, link_is_known=False, is_old=True) is Step.REJECT_OLD
    assert next_step(entry, None, NOW, link_is_known=True, is_old=True) is Step.JOIN
    assert next_step(entry, same, NOW, link_is_known=True, is_old=True) is Step.SKIP
    assert next_step(entry, changed, NOW, link_is_known=True, is_old=True) is Step.REFRESH
    assert next_step(entry, waiting, NOW, link_is_known=False, is_old=True) is Step.READ
    assert next_step(entry, fruitless, NOW, link_is_known=True, is_old=False) is Step.SKIP
    assert next_step(entry, filled_in, NOW, link_is_known=False, is_old=False) is Step.READ
    assert next_step(entry, filled_in, NOW, link_is_known=True, is_old=True) is Step.JOIN
    assert next_step(entry, filled_in, NOW, link_is_known=False, is_old=True) is Step.REJECT_OLD
    for rests in (tired, tired_of):
        assert next_step(entry, rests, NOW, link_is_known=False, is_old=False) is Step.SKIP
    assert next_step(entry, tired, NOW + RESTS[0], link_is_known=False, is_old=False) is Step.REFRESH


def test_rests_grow_to_a_day() -> None:
    """A few changes that come to nothing are followed at once, more of those that bring versions; none waits longer."""
    entry = known("f", "a")
    lengths = [rests_until(replace(entry, changes=changes)) - NOW for changes in range(0, 200, FRUITLESS)]

    assert lengths[:5] == [timedelta(0)] * 3 + [timedelta(minutes=30), timedelta(hours=1)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == timedelta(days=1)
    assert rests_until(replace(entry, changes=FOLLOWED_AT_ONCE - 1)) == NOW


def test_age() -> None:
    """An undated entry is new."""
    week = timedelta(days=7)
    assert is_too_old(NOW - timedelta(days=8), NOW, week)
    assert not is_too_old(NOW - timedelta(days=6), NOW, week)
    assert not is_too_old(None, NOW, week)
