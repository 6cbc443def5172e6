"""Back-off that all feeds and pages of a host share: when one of them is throttled, the others wait too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.advice import rate_limit_reset, retry_after
from ingest.fetch_failure import FetchFailed
from ingest.host_tables import HostMemory, Rest, seconds_now
from ingest.site import Site

FIRST_REST = 60.0
"""Seconds after a 429 that names no time; doubled each time in a row."""
LONGEST_GUESS = 3_600.0
LONGEST_ASKED = 86_400.0
"""However long a server asks for, it is asked again after a day."""
SERIES = 5
"""So many 403 in a row mean a host that throttles without saying so."""
SERIES_REST = 900.0
HOSTS_COUNTED = 4_096


@dataclass(frozen=True, slots=True)
class Demand:
    """What an answer says about asking again."""

    is_for_domain: bool
    """Rate limits are counted by registered domain, other trouble by host."""
    seconds: float | None
    """How long to wait; None if we have to guess."""


def demand_of(status: int, headers: Mapping[str, str], now: float) -> Demand | None:
    """The rest that an answer asks for; None if it asks for none."""
    moment = datetime.fromtimestamp(now, UTC)
    reset = rate_limit_reset(headers, status, moment)
    if status < 400:
        return Demand(is_for_domain=False, seconds=reset.total_seconds()) if reset else None
    asked = retry_after(headers, moment) or reset
    seconds = asked.total_seconds() if asked else None
    if status == 429 or (status == 403 and seconds):
        return Demand(is_for_domain=True, seconds=seconds)
    return Demand(is_for_domain=False, seconds=seconds) if status == 503 and seconds else None


def next_rest(before: Rest | None, seconds: float | None, now: float) -> Rest:
    """The rest after one more demand. Answers to requests that were under way together count once."""
    if before is not None and before.until > now:
        return Rest(max(before.until, now + _bounded(seconds or 0.0)), before.strikes)
    strikes = before.strikes + 1 if before else 1
    return Rest(now + _bounded(seconds or min(FIRST_REST * 2 ** min(strikes - 1, 10), LONGEST_GUESS)), strikes)


class Rests:
    """Who rests now. Without a memory it is for this process alone."""

    def __init__(self, memory: HostMemory | None = None) -> None:
        self._memory = memory
        self._now: Callable[[], float] = memory.now if memory else seconds_now
        self._rests: dict[str, Rest] = {}
        self._refusals: dict[str, int] = {}
        self._is_loaded = memory is None
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Read what the processes before found out; once, and nobody goes on before it is read."""
        if self._is_loaded or self._memory is None:
            return
        async with self._loading:
            if not self._is_loaded:
                self._rests = {**await self._memory.rests(), **self._rests}
                self._is_loaded = True

    def check(self, site: Site) -> None:
        """Raise `FetchFailed` if the site is to be left alone now."""
        if not self._rests:
            return
        now = self._now()
        until = max((self._rests[name].until for name in _names(site) if name in self._rests), default=0.0)
        if until > now:
            wait = max(1, round(until - now))
            raise FetchFailed(
                "throttled",
                True,
                f"{site.host} rests for {wait} s; nothing was asked",
                headers={"retry-after": str(wait)},
            )

    async def note(self, site: Site, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer."""
        demand = demand_of(status, headers, self._now())
        if demand is None and status == 403:
            demand = self._refused(site)
        if demand is not None:
            await self._begin(f"*.{site.domain}" if demand.is_for_domain else site.host, demand)
        elif status < 400 and (self._rests or self._refusals):
            await self._recover(site)

    def _refused(self, site: Site) -> Demand | None:
        count = self._refusals.pop(site.host, 0) + 1
        if len(self._refusals) >= HOSTS_COUNTED:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[site.host] = count
        return Demand(is_for_domain=False, seconds=SERIES_REST) if count >= SERIES else None

    async def _begin(self, name: str, demand: Demand) -> None:
        rest = next_rest(self._rests.get(name), demand.seconds, self._now())
        self._forget_past()
        self._rests[name] = rest
        if self._memory is not None:
            await self._memory.keep_rest(name, rest)

    async def _recover(self, site: Site) -> None:
        """A good answer ends the series, once the rest itself is over."""
        self._refusals.pop(site.host, None)
        now = self._now()
        for name in _names(site):
            if name in self._rests and self._rests[name].until <= now:
                del self._rests[name]
                if self._memory is not None:
                    await self._memory.forget_rest(name)

    def _forget_past(self) -> None:
        if len(self._rests) >= HOSTS_COUNTED:
            now = self._now()
            self._rests = {name: rest for name, rest in self._rests.items() if rest.until > now}


def _names(site: Site) -> tuple[str, str]:
    return site.host, f"*.{site.domain}"


def _bounded(seconds: float) -> float:
    return min(seconds, LONGEST_ASKED)
