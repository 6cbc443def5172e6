"""The deployments, one row each: `prefect.yaml` says the same for a work pool, and a test keeps the two equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Interval
from prefect.types.entrypoint import EntrypointType

from flows.backfill import backfill_feeds
from flows.housekeeping import keep_house_daily
from flows.poll import poll_feeds
from flows.replay import replay_stage
from flows.retry import retry_dead_letters
from flows.revisit import revisit_articles
from flows.stage_health import stage_health

GRACE_SECONDS = 60  # how long a slot stays taken by a run whose worker died before it began
ANCHOR = datetime(2026, 1, 1, 3, 30, tzinfo=UTC)  # begun anew with each deploy, a schedule would never come to a day
DAY = timedelta(days=1)
POOL = "geowire"
DEFAULT_QUEUE = "default"
LATER_QUEUE = "later"


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
    queue: str = DEFAULT_QUEUE
    """The work queue; what stands in `later` waits while something else is to be done."""
    collision: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.CANCEL_NEW
    """What becomes of a run while another one of the deployment is going."""


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
        description="Measures how far behind each stage is; shows how the feeds fare and what the last day brought.",
        tags=("geowire", "health"),
    ),
    Deployment(
        flow=replay_stage,
        name="replay-by-hand",
        entrypoint="flows.replay.replay_stage",
        interval=None,
        description="Runs a stage again over what its topic holds, into topics of its own, beside the live pipeline.",
        tags=("geowire", "by-hand"),
        queue=LATER_QUEUE,
    ),
    Deployment(
        flow=retry_dead_letters,
        name="retry-by-hand",
        entrypoint="flows.retry.retry_dead_letters",
        interval=None,
        description="Gives dead letters back to the stage that failed, once what made it fail is put right.",
        tags=("geowire", "by-hand"),
        queue=LATER_QUEUE,
    ),
    Deployment(
        flow=keep_house_daily,
        name="daily",
        entrypoint="flows.housekeeping.keep_house_daily",
        interval=timedelta(days=1),
        description="Forgets what nobody will ask for again: old entries, texts and counts, feeds that left the "
        "catalogue, records of the embedded bus beyond their retention.",
        tags=("geowire", "housekeeping"),
        queue=LATER_QUEUE,
    ),
    Deployment(
        flow=backfill_feeds,
        name="backfill-by-hand",
        entrypoint="flows.backfill.backfill_feeds",
        interval=None,
        description="Fetches what a feed, or every feed, still lists of a period, older than GEOWIRE_MAX_AGE or not. "
        "Polls go first; a second backfill waits for the first.",
        tags=("geowire", "ingest", "by-hand"),
        queue=LATER_QUEUE,
        collision=ConcurrencyLimitStrategy.ENQUEUE,
    ),
)


async def runner_deployment(
    row: Deployment, interval: timedelta | None = None, *, is_pooled: bool = False
) -> RunnerDeployment:
    """The row as something that a runner on this machine can serve, or, if it is pooled, the workers of the pool.

    `interval` replaces the row's own, unless that is a day or the row is run by hand.
    """
    every = interval if interval and row.interval and row.interval < DAY else row.interval
    return await row.flow.ato_deployment(
        name=row.name,
        schedules=[Interval(every, anchor_date=ANCHOR, slug=row.name)] if every else [],
        description=row.description,
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=list(row.tags),
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=row.collision, grace_period_seconds=GRACE_SECONDS
        ),
        work_pool_name=POOL if is_pooled else None,
        work_queue_name=row.queue if is_pooled else None,
    )
