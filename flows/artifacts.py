"""Artifacts: what a run leaves to look at in the UI. Each key has a page with its history."""

from __future__ import annotations

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from flows.reports import backfill_markdown, feed_rows, housekeeping_markdown, poll_markdown, revisit_markdown
from flows.stage_reports import Growth, StageHealth, lag_rows, stage_markdown
from flows.state_reports import day_markdown, health_markdown
from ingest.backfill import Period
from ingest.housekeeping import Housekeeping
from ingest.last_day import LastDay
from ingest.overview import Overview
from ingest.report import PollReport
from ingest.revisit import RevisitReport


async def publish_poll_report(report: PollReport) -> None:
    """Outcomes as text, feeds as a table."""
    await acreate_markdown_artifact(poll_markdown(report), key="poll-report", description="What a poll brought.")
    await acreate_table_artifact(
        feed_rows(report), key="poll-feeds", description="Feeds of a poll: failing first, then the slowest."
    )


async def publish_backfill_report(report: PollReport, period: Period) -> None:
    """Outcomes and failing feeds."""
    text = backfill_markdown(report, period)
    await acreate_markdown_artifact(text, key="backfill-report", description="What a backfill brought.")


async def publish_revisit_report(report: RevisitReport) -> None:
    """Pages by outcome."""
    text = revisit_markdown(report.outcomes, report.visited)
    await acreate_markdown_artifact(text, key="revisit-report", description="What came of pages that were read again.")


async def publish_housekeeping_report(done: Housekeeping, expired: int, days: int) -> None:
    """What was dropped."""
    text = housekeeping_markdown(done, expired, days)
    await acreate_markdown_artifact(text, key="housekeeping", description="What was forgotten.")


async def publish_stage_health(health: StageHealth, grown: Growth) -> None:
    """How far behind each stage is, and where."""
    text = stage_markdown(health, grown)
    await acreate_markdown_artifact(text, key="stage-health", description="How far behind each stage is.")
    await acreate_table_artifact(
        lag_rows(health), key="stage-lag", description="Messages still to read, by stage and partition."
    )


async def publish_state(overview: Overview, day: LastDay) -> None:
    """Feeds by health, and the last day."""
    await acreate_markdown_artifact(
        health_markdown(overview), key="feed-health", description="Feeds that need a look, and why."
    )
    await acreate_markdown_artifact(
        day_markdown(day, overview), key="last-day", description="Today and yesterday at a glance."
    )
