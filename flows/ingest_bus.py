"""The bus of a flow that polls: made ready once, and waited for by nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from geowire.bus import Bus, ensure_topics_or_later, open_bus
from geowire.settings import Settings
from geowire.topics import TOPICS

log = logging.getLogger("geowire.flows")


@asynccontextmanager
async def bus_for_ingest(settings: Settings) -> AsyncIterator[Bus]:
    """The bus of the settings with its topics; while it is away what is for it waits in the outbox."""
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        for difference in await asyncio.to_thread(ensure_topics_or_later, bus, TOPICS):
            log.warning("%s; geowire goes on with it as it is", difference)
        yield bus
