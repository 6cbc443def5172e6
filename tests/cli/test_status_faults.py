"""What `geowire status` calls a fault: each from what was observed, one line with the next step; nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli.status_faults import ORDER, BusFacts, Disk, Observed, Trouble, faults
from geowire.bus import Extent
from geowire.health_bus import StageLook
from ingest.overview import FeedOverview, Overview

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DONE = StageLook({0: Extent(10, 10)}, members=1, is_late=False)
BEHIND = StageLook({0: Extent(10, 10), 1: Extent(3, 7)}, members=1, is_late=True)
BUS = BusFacts({}, {"tag": DONE, "webhook": DONE})
STATE = Overview(
    states={"healthy": 9, "new": 1},
    outcomes={},
    failing=(),
    pending=0,
    waiting=0,
    last_poll=NOON - timedelta(minutes=4),
)
WELL = Observed(NOON, BUS, STATE, Disk("/data", 80_000_000_000, 100_000_000_000))
SICK = FeedOverview("https://a.example/rss", "A News", "failing", NOON, "http-500")


def test_what_is_well_has_no_fault() -> None:
    """Nor have a stage that is only behind, feeds just due, one feed in twenty that fails, a short outbox."""
    busy = replace(STATE, due=300, waiting=20, outbox_since=NOON - timedelta(minutes=1))
    idle = StageLook({0: Extent(5, 5)}, members=0, is_late=False)

    few = replace(STATE, states={"healthy": 95, "failing": 5}, failing=(SICK,))

    assert faults(WELL) == []
    assert faults(replace(WELL, state=few)) == []
    assert faults(replace(WELL, bus=replace(BUS, stages={"tag": BEHIND, "relate": idle}), state=busy)) == []


@pytest.mark.parametrize(
    ("observed", "kind", "said", "command"),
    [
        (replace(WELL, bus=Trouble("no-broker", "Kafka: h:9092")), "no-broker", "Kafka: h:9092", "docker compose up"),
        (replace(WELL, state=Trouble("no-database", "refused")), "no-database", "refused", "GEOWIRE_STATE"),
        (replace(WELL, state=Trouble("wrong-schema", "table feed")), "wrong-schema", "table feed", "createdb geowire"),
        (
            replace(WELL, disk=Disk("/data", 4_000_000_000, 100_000_000_000)),
            "disk",
            "4.0 of 100.0 GB are free",
            "du -sh /data/*",
        ),
        (replace(WELL, disk=Disk("/data", 400_000_000, 1_000_000_000)), "disk", "nearly full", "GEOWIRE_DATA"),
        (
            replace(WELL, state=replace(STATE, due=7, last_poll=NOON - timedelta(hours=3))),
            "poll",
            "nothing was polled for 3 hours, and 7 feeds are due",
            "geowire poll",
        ),
        (replace(WELL, state=replace(STATE, due=7, last_poll=None)), "poll", "nothing was polled ever", "geowire run"),
        (
            replace(WELL, state=replace(STATE, waiting=12, outbox_since=NOON - timedelta(minutes=11))),
            "outbox",
            "12 messages, the oldest for 11 minutes",
            "geowire poll",
        ),
        (
            replace(WELL, bus=replace(BUS, stages={"tag": replace(BEHIND, members=0)})),
            "stage-not-running",
            "tag is not running and has 4 messages to read",
            "geowire process tag",
        ),
        (
            replace(WELL, bus=replace(BUS, stages={"webhook": BEHIND}, idle=frozenset({"webhook"}))),
            "stage-stuck",
            "webhook is stuck: 4 messages to read",
            "geowire watch send",
        ),
        (
            replace(WELL, state=replace(STATE, states={"healthy": 8, "failing": 1, "gone": 1}, failing=(SICK,))),
            "feeds-failing",
            "2 of 10 feeds fail (A News: http-500)",
            "geowire feeds check",
        ),
        (
            replace(WELL, state=replace(STATE, states={"healthy": 9, "silent": 1})),
            "feeds-silent",
            "1 of 10 feeds are stale",
            "geowire feeds check",
        ),
        (
            replace(WELL, bus=replace(BUS, dead_letters={("tag", "malformed"): 2, ("flag", "not-a-story"): 3})),
            "dead-letters",
            "5 dead letters wait: flag not-a-story 3, tag malformed 2",
            "geowire deadletters list",
        ),
    ],
)
def test_each_fault_is_one_line_with_a_next_step(observed: Observed, kind: str, said: str, command: str) -> None:
    """What is wrong, then what to type; no other fault is named beside it."""
    (found,) = faults(observed)

    assert found.kind == kind
    assert said in found.what
    assert command in found.next_step
    assert found.line == f"{found.what}; {found.next_step}"
    assert "\n" not in found.line


def test_causes_stand_before_what_follows_from_them() -> None:
    """A broker that is down is named before the outbox that does not empty; every kind has its place."""
    waiting = replace(
        STATE, waiting=1, outbox_since=NOON - timedelta(hours=1), due=1, last_poll=NOON - timedelta(days=3)
    )
    observed = replace(WELL, bus=Trouble("no-broker", "down"), state=waiting)

    assert [fault.kind for fault in faults(observed)] == ["no-broker", "poll", "outbox"]
    assert len(set(ORDER)) == len(ORDER)


def test_a_stage_that_moves_is_not_stuck() -> None:
    """Late and with members, but it finished something while it was looked at."""
    assert faults(replace(WELL, bus=replace(BUS, stages={"tag": BEHIND}, idle=frozenset()))) == []
