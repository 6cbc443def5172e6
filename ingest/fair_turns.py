"""Turns at something scarce, given to whoever has used the least of it: who is slow keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class FairTurns:
    """So many turns at once, and for one party fewer than that. For one event loop."""

    def __init__(self, at_once: int, each_at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = at_once
        self._each = each_at_once
        self._clock = clock
        self._used: dict[str, float] = {}
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._entitled: list[tuple[float, int, str]] = []  # a heap of parties that wait and may have one more
        self._order = itertools.count()
        self._is_entitled: set[str] = set()

    @asynccontextmanager
    async def turn(self, party: str) -> AsyncIterator[None]:
        """Wait for a turn, and be charged for the time that it is held."""
        await self.take(party)
        started = self._clock()
        try:
            yield
        finally:
            self.end(party, self._clock() - started)

    async def take(self, party: str) -> None:
        """Wait for a turn; `end` gives it back."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(party, deque()).append(turn)
        self._enlist(party)
        self._give_turns()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.end(party, 0.0)
            raise

    def end(self, party: str, seconds: float) -> None:
        """Give the turn back; `seconds` is what it has cost."""
        self._free += 1
        self._held[party] -= 1
        if not self._held[party]:
            del self._held[party]
        self._used[party] = self._used.get(party, 0.0) + seconds
        self._enlist(party)
        self._give_turns()

    def _enlist(self, party: str) -> None:
        if party in self._waiting and party not in self._is_entitled and self._held[party] < self._each:
            self._is_entitled.add(party)
            heapq.heappush(self._entitled, (self._used.get(party, 0.0), next(self._order), party))

    def _give_turns(self) -> None:
        while self._free and self._entitled:
            used, _, party = heapq.heappop(self._entitled)
            self._is_entitled.discard(party)
            if used == self._used.get(party, 0.0):  # otherwise it has used more since it was enlisted
                self._start(party)
            self._enlist(party)

    def _start(self, party: str) -> None:
        queue = self._waiting[party]
        turn = queue.popleft()
        if not queue:
            del self._waiting[party]
        if not turn.cancelled():
            self._free -= 1
            self._held[party] += 1
            turn.set_result(None)
