"""Looks up the addresses of names: in threads of its own, each name once at a time, and within a time of its own."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS_MOST = 128
"""Look-ups under way at once. None can be interrupted: a name without an answer keeps its thread."""
LOOK_UP_SECONDS = 10.0
"""A resolver that is well has answered long before; the system's own patience is two or three times as much."""
KEPT_SECONDS = 300.0
NAMES_KEPT = 4_096
NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

Info = tuple[Any, ...]
"""A row of `socket.getaddrinfo`."""
LookUp = Callable[..., list[Info]]
Key = tuple[str, int]
"""A name, and the family of addresses that is asked for."""


class Resolver(AbstractResolver):
    """Resolves names for one event loop. Raises `socket.gaierror`, also for a name without an answer in time.

    Whoever asks for a name that is being looked up waits for that answer, so that a name holds one thread at most.
    """

    def __init__(
        self,
        threads: int,
        seconds: float = LOOK_UP_SECONDS,
        look_up: LookUp = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = ThreadPoolExecutor(min(threads, THREADS_MOST), "look-up")
        self._seconds = seconds
        self._look_up = look_up
        self._clock = clock
        self._under_way: dict[Key, asyncio.Future[list[Info]]] = {}
        self._found: dict[Key, tuple[float, list[Info]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, as aiohttp wants them."""
        key = (host, int(family))
        kept_until, infos = self._found.get(key, (0.0, []))
        if kept_until <= self._clock():
            infos = await self._wait_for(key)
        return [_result(host, port, info) for info in infos]

    async def close(self) -> None:
        """Wait for nothing: what a dead name server holds would take long."""
        for asked in self._under_way.values():
            asked.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _wait_for(self, key: Key) -> list[Info]:
        asked = self._under_way.get(key) or self._ask(key)
        try:
            async with asyncio.timeout(self._seconds):
                infos = await asyncio.shield(asked)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, f"no name server answered in {self._seconds:g} s") from None
        if not infos:
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        return infos

    def _ask(self, key: Key) -> asyncio.Future[list[Info]]:
        host, family = key
        look_up = partial(self._look_up, host, 0, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        asked = asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        self._under_way[key] = asked
        asked.add_done_callback(partial(self._is_answered, key))
        return asked

    def _is_answered(self, key: Key, asked: asyncio.Future[list[Info]]) -> None:
        self._under_way.pop(key, None)
        if asked.cancelled() or asked.exception() is not None:
            return
        self._found.pop(key, None)
        if len(self._found) >= NAMES_KEPT:
            del self._found[next(iter(self._found))]
        self._found[key] = (self._clock() + KEPT_SECONDS, asked.result())


def _result(name: str, port: int, info: Info) -> ResolveResult:
    family, _, protocol, _, target = info
    is_local_link = family == socket.AF_INET6 and len(target) > 3 and target[3]
    address = f"{target[0]}%{target[3]}" if is_local_link else target[0]
    return ResolveResult(hostname=name, host=address, port=port, family=family, proto=protocol, flags=NUMERIC)
