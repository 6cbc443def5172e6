"""The housekeeping flow: keeps the state of ingest and the embedded bus from growing without end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.artifacts import publish_housekeeping_report
from flows.names import housekeeping_run_name
from flows.run_log import cap_run_log
from geowire.bus import open_bus
from geowire.bus_retention import expire_records
from geowire.settings import load_settings
from geowire.topics import TOPICS
from ingest.housekeeping import LEAST_DAYS, Housekeeping, keep_house

TIMEOUT_SECONDS = 3_600


def keep_house_once(days: int) -> tuple[Housekeeping, int]:
    """Forget what is older than so many days; with it, how many records of the embedded bus were too old."""
    settings = load_settings()
    cap_run_log(settings)
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        done = keep_house(settings, bus, days, lambda: datetime.now(UTC))
    return done, expire_records(settings.bus_url, TOPICS, datetime.now(UTC))


@flow(
    name="keep-house",
    flow_run_name=housekeeping_run_name,
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def keep_house_daily(days: Annotated[int, Field(ge=LEAST_DAYS, le=3_650)] = 90) -> int:
    """Forget what nobody will ask for again. What an article is known by stays, so nothing is published twice.

    Args:
        days: What is older is forgotten. At least 31: longer than any topic keeps a message.

    Returns:
        How many rows and records were dropped.
    """
    done, expired = await asyncio.to_thread(keep_house_once, days)
    await publish_housekeeping_report(done, expired, days)
    return done.entries + done.texts + done.counts + done.feeds + expired


if __name__ == "__main__":
    asyncio.run(keep_house_daily())
