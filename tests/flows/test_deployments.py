"""The deployments are the same wherever they are written, and the server's settings are those that were measured."""

from __future__ import annotations

import asyncio
import importlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from prefect.utilities.callables import parameter_schema

from flows.backfill import backfill_feeds
from flows.deployments import (
    ANCHOR,
    DEFAULT_QUEUE,
    DEPLOYMENTS,
    GRACE_SECONDS,
    LATER_QUEUE,
    POOL,
    Deployment,
    runner_deployment,
)
from flows.poll import POLL_SECONDS, TIMEOUT_SECONDS, poll_feeds
from flows.server import CLIENT_ENVIRONMENT, SERVER_ENVIRONMENT
from flows.setup import QUEUES
from ingest.poll import DRAIN

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
        schedule = {"interval": seconds(row), "anchor_date": ANCHOR.isoformat(), "slug": row.name}
        assert there["schedules"] == ([schedule] if row.interval else [])
        assert there["work_pool"] == {"name": POOL, "work_queue_name": row.queue}
        assert tuple(there["tags"]) == row.tags
        assert " ".join(there["description"].split()) == row.description
        limit = {"limit": 1, "collision_strategy": row.collision.value, "grace_period_seconds": GRACE_SECONDS}
        assert there["concurrency_limit"] == limit


def seconds(row: Deployment) -> float | None:
    """Of its interval."""
    return row.interval.total_seconds() if row.interval else None


def test_every_queue_is_made_and_what_can_wait_goes_last() -> None:
    """A deployment in a queue that is not there would never run."""
    priorities = {queue.name: queue.priority for queue in QUEUES}

    assert {row.queue for row in DEPLOYMENTS} <= priorities.keys()
    assert priorities[DEFAULT_QUEUE] < priorities[LATER_QUEUE]
    assert [row.queue for row in DEPLOYMENTS if row.flow is backfill_feeds] == [LATER_QUEUE]
    assert [row.queue for row in DEPLOYMENTS if row.flow is poll_feeds] == [DEFAULT_QUEUE]


def test_every_deployment_says_what_it_is_for() -> None:
    """A description, and for each parameter a help text in the form of the UI."""
    for row in DEPLOYMENTS:
        assert row.description
        fields = parameter_schema(row.flow).properties
        assert all(field.get("description") for field in fields.values()), row.name


def test_a_run_by_hand_has_no_schedule() -> None:
    """Not even if the others are told to run more often."""
    [row] = [row for row in DEPLOYMENTS if row.flow is backfill_feeds]

    served = asyncio.run(runner_deployment(row, timedelta(seconds=30)))

    assert not served.schedules
    assert served.concurrency_options is not None
    assert served.concurrency_options.collision_strategy == "ENQUEUE"


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


def test_a_run_ends_before_the_next_is_claimed() -> None:
    """A slot is taken up to ten seconds early: a run must be done half a minute before the next one."""
    for row in DEPLOYMENTS:
        assert row.flow.timeout_seconds
        if row.interval:
            assert timedelta(seconds=row.flow.timeout_seconds) <= row.interval - timedelta(seconds=30), row.name


def test_a_poll_has_time_left_to_finish_and_report() -> None:
    """After its last question and the longest wait for the bus: what is under way is finished, and told."""
    assert timedelta(seconds=POLL_SECONDS) + DRAIN <= timedelta(seconds=TIMEOUT_SECONDS - 30)


def test_what_is_run_by_hand_has_no_schedule() -> None:
    """Not even when every schedule is replaced."""
    row = next(row for row in DEPLOYMENTS if row.interval is None)

    assert not asyncio.run(runner_deployment(row, timedelta(seconds=30))).schedules


def test_compose_and_local_server_have_the_same_settings() -> None:
    """What stops silent loss, endless growth and calls to outside is set in both."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]

    assert SERVER_ENVIRONMENT.items() <= services["prefect-server"]["environment"].items()
    assert CLIENT_ENVIRONMENT.items() <= services["worker"]["environment"].items()
