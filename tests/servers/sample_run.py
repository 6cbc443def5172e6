"""The pipeline in this process on the sample news web and the embedded bus: what the demo does, and a withdrawal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cli.demo import demo_settings, events, run_demo, run_stages
from cli.stages import ready_bus
from geowire.messages import Flagged
from geowire.settings import Settings
from geowire.topics import FLAGGED
from ingest.poll import forget_once


def run_sample(folder: Path) -> Settings:
    """Poll twice with a correction in between, then take back the one article that a flag rests on; where all is."""
    settings = demo_settings(folder)
    with ready_bus(settings) as bus:
        asyncio.run(run_demo(settings, bus))
        flags = [event.data for event in events(bus, FLAGGED.name) if isinstance(event.data, Flagged)]
        alone = min(flags, key=lambda flag: flag.publisher_count)
        forget_once(settings, bus, str(alone.url))
        run_stages(settings, bus)
    return settings
