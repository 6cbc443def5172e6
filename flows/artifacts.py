"""Artifacts: what a run leaves to look at in the UI. Each key has a page with its history."""

from __future__ import annotations

from collections.abc import Mapping

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from flows.reports import feed_rows, lag_rows, outcome_rows, poll_markdown
from ingest.report import PollReport
from ingest.revisit import RevisitReport


async def publish_poll_report(report: PollReport) -> None:
    """Outcomes as text, feeds as a table."""
    await acreate_markdown_artifact(poll_markdown(report), key="poll-report", description="Entries by outcome.")
    await acreate_table_artifact(
        feed_rows(report), key="poll-feeds", description="Feeds: failing first, then the slowest."
    )


async def publish_revisit_report(report: RevisitReport) -> None:
    """Pages by outcome."""
    await acreate_table_artifact(
        outcome_rows(report.outcomes),
        key="revisit-report",
        description=f"{report.visited} pages were read again.",
    )


async def publish_stage_health(lags: Mapping[str, int]) -> None:
    """How far behind each stage is."""
    await acreate_table_artifact(
        lag_rows(lags), key="stage-lag", description="Messages that each stage has still to read."
    )
