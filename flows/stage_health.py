"""The stage-health flow: how far behind each stage is, in the same UI as the polls."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.artifacts import publish_stage_health
from flows.names import health_run_name
from geowire.bus import Bus, open_bus
from geowire.consume import group_of
from geowire.settings import load_settings
from geowire.topics import ARTICLES, STORIES, TAGGED, TOPICS

READS = {"tag": ARTICLES.name, "relate": TAGGED.name, "flag": STORIES.name}


def stage_lags(bus: Bus) -> dict[str, int]:
    """Messages that each stage has still to read."""
    return {
        stage: sum(extent.lag for extent in bus.extents(group_of(stage), [topic]).values())
        for stage, topic in READS.items()
    }


def measure_lags() -> dict[str, int]:
    """Open the bus of the settings and ask."""
    settings = load_settings()
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        return stage_lags(bus)


@flow(name="stage-health", flow_run_name=health_run_name, timeout_seconds=120, persist_result=False)
async def stage_health() -> dict[str, int]:
    """Measure how far behind each stage is.

    Returns:
        Messages still to be read, by stage.
    """
    lags = await asyncio.to_thread(measure_lags)
    await publish_stage_health(lags)
    return lags
