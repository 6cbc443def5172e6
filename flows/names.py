"""Run names that tell in a list what each run is about."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from prefect.runtime import flow_run, task_run


def poll_run_name() -> str:
    """`poll-20261123T0306-due` or `poll-20261123T0306-all`, by the time that it was scheduled for."""
    return f"poll-{scheduled_for()}-{'all' if parameter('all_feeds') else 'due'}"


def shard_run_name() -> str:
    """`shard-003-of-010`."""
    parameters = task_run.parameters or {}
    return f"shard-{parameters['number']:03}-of-{parameters['of']:03}"


def health_run_name() -> str:
    """`stage-health-20261123T0306`."""
    return f"stage-health-{scheduled_for()}"


def revisit_run_name() -> str:
    """`revisit-20261123T0306`."""
    return f"revisit-{scheduled_for()}"


def housekeeping_run_name() -> str:
    """`housekeeping-20261123T0330-older-than-90d`."""
    return f"housekeeping-{scheduled_for()}-older-than-{parameter('days')}d"


def backfill_run_name() -> str:
    """`backfill-20261123T0306-all-feeds-since-30d`, or the feed by its address without what is the same for all."""
    feed = re.sub(r"^https?://(www\.)?", "", str(parameter("feed") or "all-feeds"))[:60]
    until = f"-until-{parameter('until')}" if parameter("until") else ""
    return f"backfill-{scheduled_for()}-{feed}-since-{parameter('since')}{until}"


def scheduled_for() -> str:
    """When the run was to begin, to the minute, in UTC."""
    scheduled: datetime = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"{scheduled:%Y%m%dT%H%M}"


def parameter(name: str) -> Any:
    """A parameter of this run."""
    return (flow_run.parameters or {}).get(name)


def retry_run_name() -> str:
    """`retry-20261123T0306`."""
    return f"retry-{scheduled_for()}"
