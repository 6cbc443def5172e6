"""`geowire backfill`: publish what feeds still list of a period, older than polls take or not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import print_json, progress
from cli.poll import print_report, report_facts
from cli.stages import ready_bus
from geowire.bus import Bus
from geowire.settings import Settings, load_settings
from ingest.backfill import Period, parse_period
from ingest.once import backfill_once
from ingest.report import FeedReport, PollReport


def backfill(
    feed: Annotated[str, typer.Argument(help="Address, title or id of one feed; empty: every feed.")] = "",
    since: Annotated[str, typer.Option(help="The oldest entries: an age (30d) or a day (2026-10-01, UTC).")] = "30d",
    until: Annotated[str, typer.Option(help="The newest entries, in the same form; empty: up to now.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one line of JSON.")] = False,
) -> None:
    """Publish what feeds still list of a period, also what is older than GEOWIRE_MAX_AGE.

    What was published is not published again.

    Example: [bold]geowire backfill https://example.org/rss --since 90d[/bold]
    """
    settings = load_settings()
    period = parse_period(since, until, datetime.now(UTC))
    with ready_bus(settings) as bus:
        report = asyncio.run(backfill_with_progress(settings, bus, feed, period))
    if as_json:
        print_json(report_facts(report))
    else:
        print_report(report)


async def backfill_with_progress(settings: Settings, bus: Bus, feed: str, period: Period) -> PollReport:
    """One backfill with a bar that counts feeds."""
    done = 0
    with progress() as bar:
        row = bar.add_task("feeds", total=None, detail="")

        def show(report: FeedReport) -> None:
            nonlocal done
            done += 1
            bar.update(row, completed=done, detail=report.title or report.url)

        return await backfill_once(settings, bus, feed, period, on_progress=show)
