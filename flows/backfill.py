"""The backfill flow: fetches what feeds still list of a period, older than polls take or not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prefect import flow

from flows.artifacts import publish_backfill_report
from flows.names import backfill_run_name
from flows.run_log import cap_run_log
from geowire.bus import open_bus
from geowire.settings import load_settings
from geowire.topics import TOPICS
from ingest.backfill import parse_period
from ingest.once import backfill_once

TIMEOUT_SECONDS = 6 * 3_600


@flow(
    name="backfill-feeds",
    flow_run_name=backfill_run_name,
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def backfill_feeds(feed: str = "", since: str = "30d", until: str = "") -> dict[str, int]:
    """Publish what feeds still list of a period. What was published already is not published again.

    Args:
        feed: The address, title or id of one feed, as `geowire feeds list` shows it. Empty: every feed.
        since: The oldest entries to take: an age such as `30d`, or a day such as `2026-10-01` (UTC).
        until: The newest entries to take, in the same form; the day is included. Empty: up to now.

    Returns:
        Entries by outcome; they add up to the entries of the period.
    """
    settings = load_settings()
    cap_run_log(settings)
    period = parse_period(since, until, datetime.now(UTC))
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        await asyncio.to_thread(bus.ensure_topics, TOPICS)
        report = await backfill_once(settings, bus, feed, period)
    await publish_backfill_report(report, period)
    return dict(report.entries)


if __name__ == "__main__":
    asyncio.run(backfill_feeds())
