"""The stage-health flow: how far behind each stage is and how the feeds fare, in the same UI as the polls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from prefect import flow
from prefect.variables import Variable

from flows.artifacts import publish_stage_health, publish_state
from flows.events import emit_growth
from flows.names import health_run_name
from flows.run_log import cap_run_log
from flows.stage_reports import StageHealth, growth
from flows.stages import stages_read
from geowire.bus import Bus, Extent, open_bus
from geowire.settings import Settings, load_settings
from geowire.stage import group_of
from geowire.topics import DEADLETTERS, TOPICS
from ingest.last_day import read_last_day
from ingest.overview import read_overview

LAST_MEASURE = "geowire_stage_health"
"""The Prefect variable in which a measure waits for the next."""


def measure(bus: Bus, reads: Mapping[str, str]) -> StageHealth:
    """How far each stage is in each partition of the topic that it reads, and how many dead letters there are."""
    letters = bus.extents("geowire.stage-health", [DEADLETTERS.name]).values()
    return StageHealth(
        {stage: partitions(bus, stage, topic) for stage, topic in reads.items()}, sum(e.end for e in letters)
    )


def partitions(bus: Bus, stage: str, topic: str) -> Mapping[int, Extent]:
    """How far one stage is, by partition."""
    return {place.partition: extent for place, extent in bus.extents(group_of(stage), [topic]).items()}


def measure_stages(settings: Settings) -> StageHealth:
    """Open the bus of the settings and ask."""
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        return measure(bus, stages_read(settings))


@flow(name="stage-health", flow_run_name=health_run_name, timeout_seconds=240, persist_result=False)
async def stage_health() -> dict[str, int]:
    """Measure how far behind each stage is, tell of what has grown since the last time, and show how the feeds fare.

    Returns:
        Messages still to be read, by stage.
    """
    settings = load_settings()
    cap_run_log(settings)
    health = await asyncio.to_thread(measure_stages, settings)
    grown = growth(health, cast("Mapping[str, Any] | None", await Variable.aget(LAST_MEASURE)))
    await publish_stage_health(health, grown)
    emit_growth(health, grown)
    await Variable.aset(LAST_MEASURE, health.as_memory(), overwrite=True)
    overview = await asyncio.to_thread(read_overview, settings)
    await publish_state(overview, await asyncio.to_thread(read_last_day, settings, datetime.now(UTC)))
    return health.lags


if __name__ == "__main__":
    asyncio.run(stage_health())
