"""One address, fetched to its end: an answer, or why there is none."""

from __future__ import annotations

import asyncio
from typing import Any

from geowire.settings import Settings
from ingest.fetch import Fetcher, Response, Wants
from ingest.fetch_failure import FetchFailed


async def end_of(settings: Settings, url: str, wants: Wants = "feed", resolver: Any = None) -> Response | FetchFailed:
    """How fetching one address ends."""
    async with Fetcher(settings.with_(obey_robots=False), resolver=resolver) as fetcher:
        try:
            return await fetcher.fetch(url, wants)
        except FetchFailed as error:
            return error


def fetch(settings: Settings, url: str, wants: Wants = "feed", resolver: Any = None) -> Response:
    """Fetch one address."""
    ended = asyncio.run(end_of(settings, url, wants, resolver))
    assert isinstance(ended, Response), ended
    return ended


def failure(settings: Settings, url: str, wants: Wants = "feed", resolver: Any = None) -> FetchFailed:
    """The failure of fetching one address."""
    ended = asyncio.run(end_of(settings, url, wants, resolver))
    assert isinstance(ended, FetchFailed), ended
    return ended
