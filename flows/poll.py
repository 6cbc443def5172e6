"""The poll flow: leases the feeds that are due, works on them in shards, reports what came of every entry."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from prefect import State, flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.artifacts import publish_poll_report
from flows.events import emit_poll
from flows.ingest_bus import bus_for_ingest
from flows.names import poll_run_name, shard_run_name
from flows.reports import one_line
from flows.run_log import cap_run_log
from geowire.errors import Transient
from geowire.logs import write_outcomes
from geowire.settings import load_settings
from ingest.poll import Ingest, open_ingest, poll_in_shards
from ingest.report import ShardReport

TIMEOUT_SECONDS = 260  # a run that is longer than its interval costs the next one its slot
POLL_SECONDS = 200
"""After so long nothing more is asked for: what was asked for is finished, the outbox drained and the run reported."""


async def is_passing(_task: object, _run: object, state: State[Any]) -> bool:
    """Whether a shard failed for a reason that passes: whatever else it was, it will be so again."""
    return isinstance(await state.aresult(raise_on_failure=False), Transient)


@task(
    name="poll-shard",
    task_run_name=shard_run_name,
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_jitter_factor=0.5,
    retry_condition_fn=is_passing,
)
async def poll_shard(ingest: Ingest, size: int, number: int, of: int, *, all_feeds: bool) -> ShardReport:  # noqa: ARG001
    """Lease and poll so many feeds; `number` and `of` name the run."""
    return await ingest.poll_some(size, all_feeds=all_feeds)


@flow(
    name="poll-feeds",
    flow_run_name=poll_run_name,
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def poll_feeds(all_feeds: bool = False) -> dict[str, int]:
    """Poll the feeds that are due and publish what is new.

    Args:
        all_feeds: Poll every feed, due or not.

    Returns:
        Entries by outcome; they add up to the entries seen.
    """
    ends = asyncio.get_running_loop().time() + POLL_SECONDS
    settings = load_settings()
    cap_run_log(settings)
    write_outcomes(settings, "poll")
    async with bus_for_ingest(settings) as bus, open_ingest(settings, bus, ends=ends) as ingest:
        await poll_in_shards(ingest, partial(poll_shard, ingest, all_feeds=all_feeds), all_feeds=all_feeds)
        report = await ingest.finish()
    get_run_logger().info("%s", one_line(report))
    await publish_poll_report(report)
    emit_poll(report)
    return dict(report.entries)


if __name__ == "__main__":
    asyncio.run(poll_feeds())
