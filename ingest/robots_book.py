"""The robots.txt of each host: asked for once a day, shared through the database, and what to do when it is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from ingest.answer import Response
from ingest.fetch_failure import FetchFailed
from ingest.host_tables import HostMemory, HostRobots, seconds_now
from ingest.robots import Rules, parse_robots

FRESH_SECONDS = 86_400.0
"""A copy is used for a day (RFC 9309, 2.4)."""
AGAIN_SECONDS = 600.0
"""A host whose robots.txt could not be had is asked for it again after this."""
OLDEST_SECONDS = 30 * 86_400.0
"""So long an old copy stands in for one that cannot be had, and so long is none taken for a ban (RFC 9309, 2.3.1.4)."""
ORIGINS_AT_HAND = 2_048

UNAVAILABLE = frozenset({"too-many-redirects", "bad-redirect", "bad-scheme", "bad-url", "bad-port", "unknown-encoding"})
"""Faults that waiting does not mend: like 404, they forbid nothing (RFC 9309, 2.3.1.2 and 2.3.1.3)."""
SAME_FOR_PAGES = frozenset({"dns", "refused", "unreachable", "tls", "private-address", "throttled", "host-busy"})
"""Faults that a page of the host would meet just so: its outcome names them rather than robots.txt."""
NO_RULES = Rules()
DISALLOWED = "robots-disallowed"

Ask = Callable[[str], Awaitable[Response]]


class RobotsBook:
    """Knows the robots.txt of each origin. Without a memory it is for this process alone."""

    def __init__(self, ask: Ask, tokens: frozenset[str], memory: HostMemory | None = None) -> None:
        self._ask = ask
        self._tokens = tokens
        self._memory = memory
        self.now = memory.now if memory else seconds_now
        self._known: dict[str, HostRobots] = {}
        self._under_way: dict[str, asyncio.Task[HostRobots]] = {}

    def at_hand(self, origin: str) -> HostRobots | None:
        """What this process knows already."""
        return self._known.get(origin)

    async def of(self, origin: str) -> HostRobots:
        """What the origin says, from memory if that is fresh. Many may ask at once: the host is asked once."""
        known = self._known.get(origin)
        if known is not None and known.expires_at > self.now():
            return known
        task = self._under_way.get(origin)
        if task is None:
            task = self._under_way[origin] = asyncio.create_task(self._find(origin, known))
            task.add_done_callback(partial(self._is_found, origin))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_found(self, origin: str, task: asyncio.Task[HostRobots]) -> None:
        del self._under_way[origin]
        if not task.cancelled():
            task.exception()  # those who asked may all have gone: what was raised is then nobody's

    async def _find(self, origin: str, known: HostRobots | None) -> HostRobots:
        if known is None and self._memory is not None:
            known = await self._memory.robots(origin)
        if known is None or known.expires_at <= self.now():
            known = await self._ask_host(origin, known)
            if self._memory is not None:
                await self._memory.keep_robots(origin, known)
        if len(self._known) >= ORIGINS_AT_HAND:
            del self._known[next(iter(self._known))]
        self._known[origin] = known
        return known

    async def _ask_host(self, origin: str, before: HostRobots | None) -> HostRobots:
        try:
            response = await self._ask(f"{origin}/robots.txt")
        except FetchFailed as error:
            return robots_after(error, before, self.now())
        return found_robots(parse_robots(response.body, self._tokens), self.now())


def found_robots(rules: Rules, now: float) -> HostRobots:
    """A robots.txt as it was read just now."""
    return HostRobots(rules, now, None, None, now + FRESH_SECONDS)


def robots_after(error: FetchFailed, before: HostRobots | None, now: float) -> HostRobots:
    """What holds after a robots.txt could not be read: nothing is forbidden, the old copy, or pages must wait."""
    is_missing = error.status is not None and 400 <= error.status < 500 and error.status != 429
    if is_missing or error.reason in UNAVAILABLE:
        return found_robots(NO_RULES, now)
    last = before or HostRobots(None, None, None, None, 0.0)
    since = last.failing_since if last.failing_since is not None else now
    return replace(last, failure=error.reason, failing_since=since, expires_at=now + AGAIN_SECONDS)


def rules_of(robots: HostRobots, now: float) -> Rules | None:
    """The rules that hold; None if pages must wait until the robots.txt can be read."""
    if robots.failure is None:
        return robots.rules
    if robots.read_at is not None and now - robots.read_at <= OLDEST_SECONDS:
        return robots.rules
    has_failed_long = robots.failing_since is not None and now - robots.failing_since > OLDEST_SECONDS
    return NO_RULES if has_failed_long else None


def check_page(robots: HostRobots, address: str, now: float) -> None:
    """Raise `FetchFailed` if a page may not be read, or not before the host's robots.txt can be."""
    rules = rules_of(robots, now)
    if rules is None:
        failure = robots.failure or ""
        reason = failure if failure in SAME_FOR_PAGES else "robots-unreachable"
        raise FetchFailed(reason, failure != "private-address", f"{failure}: the host's robots.txt cannot be read yet")
    if not rules.allow(address):
        raise FetchFailed(DISALLOWED, False, f"robots.txt forbids {address}"[:300])
