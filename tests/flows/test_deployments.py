"""The deployments are the same wherever they are written, and the server's settings are those that were measured."""

from __future__ import annotations

import asyncio
import importlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from flows.deployments import DEPLOYMENTS, GRACE_SECONDS, runner_deployment
from flows.events import feed_events, poll_event
from flows.poll import TIMEOUT_SECONDS
from flows.reports import escape, feed_rows, lag_rows, poll_markdown
from flows.server import CLIENT_ENVIRONMENT, SERVER_ENVIRONMENT
from ingest.report import FeedReport, PollReport

ROOT = Path(__file__).parents[2]


def declared() -> dict[str, dict[str, Any]]:
    """The deployments of `prefect.yaml` by name."""
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    return {row["name"]: row for row in document["deployments"]}


def test_prefect_yaml_says_what_the_table_says() -> None:
    """Name, entrypoint, schedule, tags, description and limit of each deployment."""
    assert declared().keys() == {row.name for row in DEPLOYMENTS}
    for row in DEPLOYMENTS:
        there = declared()[row.name]
        assert there["entrypoint"] == row.entrypoint
        schedule = [{"interval": row.interval.total_seconds(), "slug": row.name}] if row.interval else []
        assert there["schedules"] == schedule
        assert tuple(there["tags"]) == row.tags
        assert " ".join(there["description"].split()) == row.description
        limit = {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": GRACE_SECONDS}
        assert there["concurrency_limit"] == limit


def test_every_entrypoint_is_its_flow() -> None:
    """A worker finds the flow by its module path in the installed package."""
    for row in DEPLOYMENTS:
        module, _, name = row.entrypoint.rpartition(".")
        assert getattr(importlib.import_module(module), name) is row.flow


def test_a_served_deployment_has_one_slot_and_its_schedule() -> None:
    """A poll that is still going makes the next one cancelled, not queued."""
    served = asyncio.run(runner_deployment(DEPLOYMENTS[0], timedelta(seconds=30)))

    assert served.concurrency_limit == 1
    assert served.concurrency_options is not None
    assert served.concurrency_options.collision_strategy == "CANCEL_NEW"
    assert [schedule.schedule.interval for schedule in served.schedules or []] == [timedelta(seconds=30)]  # type: ignore[union-attr]


def test_a_poll_ends_before_the_next_is_claimed() -> None:
    """A slot is taken up to ten seconds early: a run must be done half a minute before the next one."""
    assert DEPLOYMENTS[0].interval is not None
    assert timedelta(seconds=TIMEOUT_SECONDS) <= DEPLOYMENTS[0].interval - timedelta(seconds=30)


def test_what_is_run_by_hand_has_no_schedule() -> None:
    """Not even when every schedule is replaced."""
    row = next(row for row in DEPLOYMENTS if row.interval is None)

    assert not asyncio.run(runner_deployment(row, timedelta(seconds=30))).schedules


def test_compose_and_local_server_have_the_same_settings() -> None:
    """What stops silent loss, endless growth and calls to outside is set in both."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]

    assert SERVER_ENVIRONMENT.items() <= services["prefect-server"]["environment"].items()
    assert CLIENT_ENVIRONMENT.items() <= services["worker"]["environment"].items()


def report() -> PollReport:
    """A poll with a feed that failed and has a hostile title."""
    good = FeedReport(
        "f1", "https://a.example/rss", "A", "changed", "healthy", entries={"published": 2, "unchanged": 1}
    )
    bad = FeedReport("f2", "https://b.example/rss", "<img src=x> | [b](javascript:x)", "failed", "failing", "timeout")
    return PollReport((good, bad))


def test_the_report_adds_up_and_names_what_failed() -> None:
    """Outcomes, their sum, and each failing feed with its reason."""
    text = poll_markdown(report())

    assert "3 entries of 2 feeds" in text
    assert "| published | 2 |" in text
    assert "| **in all** | 3 |" in text
    assert "timeout" in text


def test_a_feeds_title_cannot_be_markup() -> None:
    """Feeds choose their titles."""
    assert "<img" not in poll_markdown(report())
    assert "](javascript" not in poll_markdown(report())
    assert escape("*a* <b>") == r"\*a\* &lt;b>"


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
    assert poll_event(found)["payload"]["feeds"] == 2
    assert "healthy -> silent | none for 3 d" in poll_markdown(found)


def test_failing_feeds_come_first_in_the_table() -> None:
    """What needs a look is on top."""
    rows = feed_rows(report())

    assert [row["result"] for row in rows] == ["failed", "changed"]
    assert lag_rows({"tag": 3}) == [{"stage": "tag", "still to read": 3}]
