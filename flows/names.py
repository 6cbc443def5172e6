"""Run names that tell in a list what each run is about."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.runtime import flow_run, task_run


def poll_run_name() -> str:
    """`poll-20261123T0306-due` or `poll-20261123T0306-all`, by the time that it was scheduled for."""
    scheduled: datetime = flow_run.scheduled_start_time or datetime.now(UTC)
    which = "all" if (flow_run.parameters or {}).get("all_feeds") else "due"
    return f"poll-{scheduled:%Y%m%dT%H%M}-{which}"


def shard_run_name() -> str:
    """`shard-003-of-010`."""
    parameters = task_run.parameters or {}
    return f"shard-{parameters['number']:03}-of-{parameters['of']:03}"


def health_run_name() -> str:
    """`stage-health-20261123T0306`."""
    scheduled: datetime = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"stage-health-{scheduled:%Y%m%dT%H%M}"


def revisit_run_name() -> str:
    """`revisit-20261123T0306`."""
    scheduled: datetime = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"revisit-{scheduled:%Y%m%dT%H%M}"


def retry_run_name() -> str:
    """`retry-20261123T0306`."""
    scheduled: datetime = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"retry-{scheduled:%Y%m%dT%H%M}"
