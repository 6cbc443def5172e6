"""The revisit flow: reads the pages of young articles again and reports what changed or went."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.artifacts import publish_revisit_report
from flows.ingest_bus import bus_for_ingest
from flows.names import revisit_run_name
from flows.run_log import cap_run_log
from geowire.logs import write_outcomes
from geowire.settings import load_settings
from ingest.once import revisit_once

TIMEOUT_SECONDS = 840  # less than its interval


@flow(
    name="revisit-articles",
    flow_run_name=revisit_run_name,
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def revisit_articles(limit: int = 2_000) -> dict[str, int]:
    """Read again the pages that are due: publish what changed, withdraw what is gone.

    Args:
        limit: Read at most so many pages.

    Returns:
        Pages by outcome.
    """
    settings = load_settings()
    cap_run_log(settings)
    write_outcomes(settings, "revisit")
    async with bus_for_ingest(settings) as bus:
        report = await revisit_once(settings, bus, limit)
    await publish_revisit_report(report)
    return dict(report.outcomes)


if __name__ == "__main__":
    asyncio.run(revisit_articles())
