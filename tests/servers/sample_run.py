"""The pipeline in this process on the sample news web and the embedded bus: what the demo does, and withdrawals."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cli.demo import demo_settings, run_demo, run_stages
from cli.stages import ready_bus
from geowire.bus import Bus
from geowire.bus_reading import published_events
from geowire.messages import Flagged, Story
from geowire.settings import Settings
from geowire.topics import FLAGGED, STORIES
from ingest.once import forget_once


def run_sample(folder: Path) -> Settings:
    """Poll twice with a correction in between, then take back the smallest story that has a flag; where all is."""
    settings = demo_settings(folder)
    with ready_bus(settings) as bus:
        asyncio.run(run_demo(settings, bus))
        for member in smallest_flagged(bus).articles:
            forget_once(settings, bus, member.url)
        run_stages(settings, bus)
    return settings


def smallest_flagged(bus: Bus) -> Story:
    """The story with the fewest members among those that a watch fired on."""
    flagged = {event.data.story_id for event in published_events(bus, FLAGGED.name) if isinstance(event.data, Flagged)}
    stories = {
        event.data.id: event.data for event in published_events(bus, STORIES.name) if isinstance(event.data, Story)
    }
    return min((stories[one] for one in flagged), key=lambda story: story.article_count)
