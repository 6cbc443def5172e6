"""Turns at something scarce, given to whoever has used the least of it: who is slow keeps nobody else waiting."""

from __future__ import annotations

import asyncio
from collections import Counter, deque


class FairTurns:
    """So many turns at once, and for one party fewer than that. For one event loop."""

    def __init__(self, at_once: int, each_at_once: int) -> None:
        self._free = at_once
        self._each = each_at_once
        self._used: dict[str, float] = {}
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, party: str) -> None:
        """Wait for a turn."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(party, deque()).append(turn)
        self._give_turns()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave_queue(party, turn)
            else:
                self.end(party, 0.0)
            raise

    def end(self, party: str, seconds: float) -> None:
        """Give the turn back; `seconds` is what it has cost."""
        self._free += 1
        self._held[party] -= 1
        if not self._held[party]:
            del self._held[party]
        self._used[party] = self._used.get(party, 0.0) + seconds
        self._give_turns()

    def _give_turns(self) -> None:
        while self._free:
            entitled = [party for party in self._waiting if self._held[party] < self._each]
            if not entitled:
                return
            self._start(min(entitled, key=lambda party: self._used.get(party, 0.0)))

    def _start(self, party: str) -> None:
        turn = self._waiting[party][0]
        self._leave_queue(party, turn)
        if turn.cancelled():  # and who waited does not know it yet
            return
        self._free -= 1
        self._held[party] += 1
        turn.set_result(None)

    def _leave_queue(self, party: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(party, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(party, None)
