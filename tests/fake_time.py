"""Time that tests make pass."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable


class FakeTime:
    """Seconds that pass only when everybody waits for them."""

    def __init__(self) -> None:
        self.now = 100.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait for time to pass."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, len(self._waiting), future))
        await future

    async def passes(self, until: Callable[[], bool]) -> None:
        """Move on, from sleeper to sleeper, until something holds."""
        while not until():
            for _ in range(50):
                await asyncio.sleep(0)
            if self._waiting:
                self.now, _, future = heapq.heappop(self._waiting)
                if not future.done():
                    future.set_result(None)
