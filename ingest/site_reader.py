"""Extracts pages with what is remembered of their sites."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from geowire.messages import Article
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.site_memory import SiteMemory, name_of, without_frame
from ingest.workers import Workers


class SiteReader:
    """Workers and the memory of sites together. For one event loop."""

    def __init__(self, workers: Workers, memory: SiteMemory) -> None:
        self._workers = workers
        self._memory = memory
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def extract(self, page: Page | None, entry: FeedEntry) -> Extraction:
        """The article on a page, or what its feed says. Raises `WorkFailed`.

        A site of which little is known yet is read page by page: the second can then learn from the first.
        """
        if page is None:
            return await self._workers.extract(None, entry)
        if await self._memory.is_full(page.url):
            return await self._read(page, entry)
        lock = self._locks.setdefault(name_of(page.url), asyncio.Lock())
        async with lock:
            return await self._read(page, entry)

    async def tells_as_before(self, found: Extraction, before: Article) -> bool:
        """Whether a page says what it said, however much was learned of its site meanwhile."""
        if found.content_hash == before.content_hash:
            return True
        if found.title != before.title:
            return False
        repeated = await self._memory.repeated(before.url)
        return without_frame(found.text, repeated) == without_frame(before.text, repeated)

    async def _read(self, page: Page, entry: FeedEntry) -> Extraction:
        extraction = await self._workers.extract(page, entry, await self._memory.repeated(page.url))
        await self._memory.learn(page.url, extraction.blocks)
        return extraction
