"""The deployments, one row each: `prefect.yaml` says the same for a work pool, and a test keeps the two equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Interval
from prefect.types.entrypoint import EntrypointType

from flows.poll import poll_feeds
from flows.replay import replay_stage
from flows.retry import retry_dead_letters
from flows.revisit import revisit_articles
from flows.stage_health import stage_health

GRACE_SECONDS = 60  # how long a slot stays taken by a run whose worker died before it began


@dataclass(frozen=True, slots=True)
class Deployment:
    """A flow, how often it runs, and what it is for."""

    flow: Flow[Any, Any]
    name: str
    entrypoint: str
    interval: timedelta | None
    """None: run by hand."""
    description: str
    tags: tuple[str, ...] = ("geowire",)


DEPLOYMENTS = (
    Deployment(
        flow=poll_feeds,
        name="every-5-minutes",
        entrypoint="flows.poll.poll_feeds",
        interval=timedelta(minutes=5),
        description="Polls the feeds that are due and publishes new articles. While one run is still going the next "
        "is cancelled; what is due then is polled by the one after it.",
        tags=("geowire", "ingest"),
    ),
    Deployment(
        flow=revisit_articles,
        name="revisit-every-15-minutes",
        entrypoint="flows.revisit.revisit_articles",
        interval=timedelta(minutes=15),
        description="Reads the pages of young articles again: publishes what changed and withdraws what is gone.",
        tags=("geowire", "ingest"),
    ),
    Deployment(
        flow=stage_health,
        name="every-15-minutes",
        entrypoint="flows.stage_health.stage_health",
        interval=timedelta(minutes=15),
        description="Measures how far behind each stage is.",
        tags=("geowire", "health"),
    ),
    Deployment(
        flow=replay_stage,
        name="replay-by-hand",
        entrypoint="flows.replay.replay_stage",
        interval=None,
        description="Runs a stage again over what its topic holds, into topics of its own, beside the live pipeline.",
        tags=("geowire", "by-hand"),
    ),
    Deployment(
        flow=retry_dead_letters,
        name="retry-by-hand",
        entrypoint="flows.retry.retry_dead_letters",
        interval=None,
        description="Gives dead letters back to the stage that failed, once what made it fail is put right.",
        tags=("geowire", "by-hand"),
    ),
)


async def runner_deployment(row: Deployment, interval: timedelta | None = None) -> RunnerDeployment:
    """The row as something that a runner on this machine can serve."""
    every = (interval or row.interval) if row.interval else None
    return await row.flow.ato_deployment(
        name=row.name,
        schedules=[Interval(every, slug=row.name)] if every else [],
        description=row.description,
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=list(row.tags),
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW, grace_period_seconds=GRACE_SECONDS
        ),
    )
