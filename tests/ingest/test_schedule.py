"""When a feed is asked again, how it fares, and how entries are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.decide import Step, is_too_old, next_step
from ingest.entry_state import KnownEntry
from ingest.feed_entry import FeedEntry
from ingest.outcomes import DUPLICATE, PUBLISHED, UNCHANGED, UPDATED, Tally, failed, is_failure, rejected
from ingest.poll import shard
from ingest.report import FeedReport, PollReport, ShardReport
from ingest.schedule import PollEnd, Rhythm, next_poll, retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RHYTHM = Rhythm(timedelta(minutes=15), timedelta(hours=24))
OUTCOMES = st.sampled_from([PUBLISHED, UPDATED, UNCHANGED, DUPLICATE, rejected("too-old"), failed("timeout")])


def rest(failures: int = 0, chance: float = 0.0, **headers: str) -> timedelta:
    """How long a feed rests."""
    return next_poll(PollEnd(NOW, failures, {n.replace("_", "-"): v for n, v in headers.items()}), RHYTHM, chance) - NOW


def test_rest_grows_with_failures_up_to_the_longest() -> None:
    """It doubles with each, and never gives up."""
    assert rest() == timedelta(minutes=15)
    assert rest(1) == timedelta(minutes=30)
    assert rest(50) == timedelta(hours=24)


@given(st.integers(0, 100), st.floats(0, 1))
def test_rest_has_its_bounds(failures: int, chance: float) -> None:
    """Jitter adds a tenth at most."""
    assert timedelta(minutes=15) <= rest(failures, chance) <= timedelta(hours=24) * 1.1


def test_retry_after_is_obeyed_in_both_forms() -> None:
    """Seconds, a date read against the server's own clock, and neither shorter nor absurdly longer."""
    assert rest(retry_after="3600") == timedelta(hours=1)
    assert rest(retry_after="0") == timedelta(minutes=15)
    assert rest(retry_after="99999999999") == timedelta(hours=24)
    skewed = rest(retry_after="Fri, 20 Nov 2026 14:00:00 GMT", date="Fri, 20 Nov 2026 13:00:00 GMT")
    assert skewed == timedelta(hours=1)
    assert retry_after({"retry-after": "soon"}, NOW) is None


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
    feeds = list(range(count))

    shards = shard(feeds)  # type: ignore[arg-type]

    assert [feed for part in shards for feed in part] == feeds  # type: ignore[comparison-overlap]
    assert len(shards) <= 16
    assert all(len(part) >= 50 for part in shards[:-1])


def test_steps() -> None:
    """What is known of an entry decides what is done."""
    entry = FeedEntry("k", "g", "https://a.example/1", title="T")
    same = KnownEntry(is_pending=False, fingerprint=entry.fingerprint, article_id="a", attempts=0)
    changed = KnownEntry(is_pending=False, fingerprint="other", article_id="a", attempts=0)
    waiting = KnownEntry(is_pending=True, fingerprint=entry.fingerprint, article_id=None, attempts=1)

    assert next_step(entry, None, link_is_known=False, is_old=False) is Step.READ
    assert next_step(entry, None, link_is_known=False, is_old=True) is Step.REJECT_OLD
    assert next_step(entry, None, link_is_known=True, is_old=True) is Step.JOIN
    assert next_step(entry, same, link_is_known=True, is_old=True) is Step.SKIP
    assert next_step(entry, changed, link_is_known=True, is_old=True) is Step.REFRESH
    assert next_step(entry, waiting, link_is_known=False, is_old=True) is Step.READ


def test_age() -> None:
    """An undated entry is new."""
    week = timedelta(days=7)
    assert is_too_old(NOW - timedelta(days=8), NOW, week)
    assert not is_too_old(NOW - timedelta(days=6), NOW, week)
    assert not is_too_old(None, NOW, week)
