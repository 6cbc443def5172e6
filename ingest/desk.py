"""What everything in one poll shares: the tools, the clock, chance, and how much may be under way."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from geowire.settings import Settings
from ingest.database import Database
from ingest.fair_turns import FairTurns
from ingest.fetch import Fetcher
from ingest.politeness import LargePlaces
from ingest.publishers import Publishers
from ingest.site_reader import SiteReader
from ingest.strikes import Strikes
from ingest.workers import Workers

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Desk:
    """The tools of one process's polls."""

    settings: Settings
    database: Database
    fetcher: Fetcher
    workers: Workers
    reader: SiteReader
    """The workers, with what is remembered of each site."""
    clock: Clock
    chance: random.Random
    owner: str
    wake_sender: Callable[[], None]
    feed_turns: FairTurns
    """Feeds under way at once, by host."""
    page_slots: asyncio.Semaphore
    """Entries under way at once, from fetch to commit: this keeps memory flat."""
    large_places: LargePlaces
    """Bodies over two million bytes that are held at once."""
    stuck_sites: Strikes
    """Hosts whose pages get stuck in a worker, for each feed apart: see `account_of`."""
    publishers: Publishers = field(default_factory=Publishers)
    ends: float = math.inf
    """When no feed and no page is asked for any more, on the event loop's clock, in seconds."""
