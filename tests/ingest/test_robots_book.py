"""The book of robots.txt files when those who asked are gone before the answer is there."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from geowire.errors import Transient
from ingest.answer import Response
from ingest.robots_book import RobotsBook


def test_an_answer_that_nobody_waits_for_any_more_may_fail_in_silence() -> None:
    """A state that went down while a poll ended leaves no complaint about an error that nobody looked at."""
    complaints: list[dict[str, Any]] = []
    is_asked, may_fail = asyncio.Event(), asyncio.Event()

    async def ask(_: str) -> Response:
        is_asked.set()
        await may_fail.wait()
        raise Transient("state: connection refused")

    async def poll_that_ends_early() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        book = RobotsBook(ask, frozenset({"geowire"}))
        asking = asyncio.create_task(book.of("https://a.example"))
        await is_asked.wait()
        asking.cancel()
        may_fail.set()
        await asyncio.wait([asking, *book._under_way.values()])
        gc.collect()

    asyncio.run(poll_that_ends_early())
    gc.collect()

    assert complaints == []
