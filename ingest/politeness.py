"""How many requests a host, its domain and all together get at once, and how far apart."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ingest.site import Site

PLACES_REMEMBERED = 4_096
JITTER = 0.25
"""Part of the spacing that chance adds: nobody is asked to a beat. The spacing itself is never undercut."""
WAITING_PER_PLACE = 2
PATIENCE = 300.0
"""Seconds that a request waits in the queue of its host; one that would wait longer is put off to another poll."""


Claim = Callable[[str, float], Awaitable[float]]
"""Claims a host for a request, so many seconds after any other: 0.0 if it may be made now, else the seconds to wait."""


class Crowded(Exception):
    """So many requests wait for one host that this one would come too late."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests under way at once."""

    in_all: int = 64
    per_host: int = 2
    per_domain: int = 4


class LargePlaces:
    """Places for large bodies, and few who wait for one: whoever waits holds what others need."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most_waiting = WAITING_PER_PLACE * at_once
        self._waiting = 0

    async def take(self) -> None:
        """Wait for a place. Raises `Crowded` if too many do."""
        if self._waiting >= self._most_waiting:
            raise Crowded(f"{self._waiting} large bodies wait already")
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    def give(self) -> None:
        """Give a place back."""
        self._places.release()


class Slot:
    """One of the places that a semaphore gives. Taken late and given back early; both may be done twice.

    Whoever meets a large body takes one of the few places for those too, since all of it is held in memory.
    """

    def __init__(self, semaphore: asyncio.Semaphore | None, large: LargePlaces | None = None) -> None:
        self._semaphore = semaphore
        self._large = large
        self._is_held = False
        self._is_large = False

    async def take(self) -> None:
        """Wait for a place, unless it is held already."""
        if self._semaphore is not None and not self._is_held:
            await self._semaphore.acquire()
            self._is_held = True

    async def enlarge(self) -> None:
        """Wait for a place for a large body, unless it is held already. Raises `Crowded` if too many wait."""
        if self._large is not None and not self._is_large:
            await self._large.take()
            self._is_large = True

    def shrink(self) -> None:
        """Give the place for a large body back, if it is held."""
        if self._large is not None and self._is_large:
            self._is_large = False
            self._large.give()

    def give(self) -> None:
        """Give every place back that is held."""
        self.shrink()
        if self._semaphore is not None and self._is_held:
            self._is_held = False
            self._semaphore.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give()


@dataclass(slots=True)
class _Place:
    """A host or a domain."""

    slots: asyncio.Semaphore
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    next_start: float = 0.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one request needs."""

    site: Site
    spacing: float
    domain_spacing: float
    slot: Slot | None


class Politeness:
    """Gives each site its turn; who waits for one site is in nobody else's way. The clock counts seconds.

    With a claim, several processes keep the distance between requests to one host together.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        claim: Claim | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._claim = claim
        self._in_all = asyncio.Semaphore(limits.in_all)
        self._places: dict[str, _Place] = {}
        self._forget_at = PLACES_REMEMBERED

    @asynccontextmanager
    async def turn(
        self, site: Site, spacing_seconds: float, domain_spacing: float = 0.0, slot: Slot | None = None
    ) -> AsyncIterator[None]:
        """Wait until the site may be asked, and hold its slots. Raises `Crowded`.

        What is waited for is always in this order, so that no two wait for each other: host, domain, `slot`, all.
        """
        self._forget_idle()
        host = self._place(site.host, self._limits.per_host)
        domain = self._place(f"*.{site.domain}", self._limits.per_domain)
        if host.users * spacing_seconds > PATIENCE:
            raise Crowded(f"{host.users} requests wait for {site.host}, {spacing_seconds:g} s apart")
        wanted = _Wanted(site, spacing_seconds, domain_spacing, slot)
        host.users += 1
        domain.users += 1
        try:
            async with AsyncExitStack() as held:
                await held.enter_async_context(host.slots)
                async with host.turn:  # the next one measures its distance from the very start of this one
                    await self._wait_until(host.next_start)
                    while (wait := await self._begin(held, domain, wanted)) > 0:
                        await self._sleep(wait + spacing_seconds * JITTER * self._chance())
                    host.next_start = self._after(spacing_seconds)
                yield
        finally:
            host.users -= 1
            domain.users -= 1

    async def _begin(self, held: AsyncExitStack, domain: _Place, wanted: _Wanted) -> float:
        """Take what the request needs besides its host. If another process has just asked that, the seconds to wait.

        The host is claimed last, so that the start is the start; who has to wait for it holds nothing then.
        """
        async with AsyncExitStack() as wide:
            await self._enter_domain(wide, domain, wanted.domain_spacing)
            if wanted.slot is not None:
                await wanted.slot.take()
            await wide.enter_async_context(self._in_all)
            wait = await self._claim(wanted.site.host, wanted.spacing) if self._claim and wanted.spacing else 0.0
            if wait <= 0:
                await held.enter_async_context(wide.pop_all())
                return 0.0
        if wanted.slot is not None:
            wanted.slot.give()
        return wait

    async def _enter_domain(self, held: AsyncExitStack, domain: _Place, spacing: float) -> None:
        """Take the wider slots last: who waits for a host holds nothing that another host needs."""
        await held.enter_async_context(domain.slots)
        async with domain.turn:
            await self._wait_until(domain.next_start)
            domain.next_start = self._after(spacing)

    async def _wait_until(self, start: float) -> None:
        wait = start - self._clock()
        if wait > 0:
            await self._sleep(wait)

    def _after(self, spacing: float) -> float:
        return self._clock() + spacing * (1 + JITTER * self._chance()) if spacing else 0.0

    def _place(self, name: str, at_once: int) -> _Place:
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = _Place(asyncio.Semaphore(at_once))
        return place

    def _forget_idle(self) -> None:
        if len(self._places) < self._forget_at:
            return
        now = self._clock()
        self._places = {name: place for name, place in self._places.items() if place.users or place.next_start > now}
        self._forget_at = max(PLACES_REMEMBERED, 2 * len(self._places))
