"""How many requests one host gets at once, and how far apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HOSTS_REMEMBERED = 4_096


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    users: int = 0
    next_start: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Politeness:
    """Gives each host its turn. The clock counts seconds; it and `sleep` are arguments so that tests need not wait."""

    def __init__(
        self,
        at_once: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._at_once = at_once
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, spacing_seconds: float) -> AsyncIterator[None]:
        """Wait until the host may be asked, and hold one of its slots."""
        self._forget_idle()
        state = self._hosts.setdefault(host, _Host(asyncio.Semaphore(self._at_once)))
        state.users += 1
        try:
            async with state.slots:
                await self._keep_distance(state, spacing_seconds)
                yield
        finally:
            state.users -= 1

    async def _keep_distance(self, state: _Host, spacing_seconds: float) -> None:
        if not spacing_seconds:
            return
        async with state.turn:
            wait = state.next_start - self._clock()
            if wait > 0:
                await self._sleep(wait)
            state.next_start = self._clock() + spacing_seconds

    def _forget_idle(self) -> None:
        if len(self._hosts) < HOSTS_REMEMBERED:
            return
        now = self._clock()
        self._hosts = {name: host for name, host in self._hosts.items() if host.users or host.next_start > now}
