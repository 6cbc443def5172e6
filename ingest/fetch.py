"""Reads one address over HTTP: guarded, bounded, polite, and without any retry of its own."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from geowire.settings import Settings
from ingest.addresses import is_public, may_use_port, parse_address
from ingest.answer import Hop, Response, Wants
from ingest.fetch_failure import FetchFailed, failure_of, status_failure
from ingest.host_rest import Rests
from ingest.host_tables import HostMemory, HostRobots
from ingest.http_body import BadEncoding, TooLarge
from ingest.http_request import Question, ask, open_session, question
from ingest.identity import repair_link
from ingest.landing import obstacle
from ingest.politeness import Crowded, Limits, Politeness, Slot
from ingest.resolver import Resolver
from ingest.robots import own_names
from ingest.robots_book import RobotsBook, check_page
from ingest.site import Site, site_of
from ingest.strikes import Strikes

__all__ = ["Fetcher", "Hop", "Response", "Wants"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
ROBOTS_SECONDS = 10.0
ROBOTS_REDIRECTS = 5
"""RFC 9309, 2.3.1.2."""
HOSTS_REMEMBERED = 4_096


@dataclass(slots=True)
class _Errand:
    """One address to be read, and what is left of its time."""

    question: Question
    seconds_left: float
    redirects: int
    slot: Slot | None
    on_behalf: str = ""

    def account(self, site: Site) -> str:
        """What the silence of a site is counted by."""
        return f"{site.host} {self.on_behalf}".rstrip()


class Fetcher:
    """Fetches for one process; use it as a context manager inside a running event loop.

    With a memory, processes share what they know of hosts. Without one a robots.txt is read only for pages.
    """

    def __init__(
        self,
        settings: Settings,
        memory: HostMemory | None = None,
        politeness: Politeness | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._settings = settings
        limits = Limits(settings.concurrency, settings.host_concurrency, settings.domain_concurrency)
        self._politeness = politeness or Politeness(limits, claim=memory.claim_start if memory else None)
        self._share = min(1.0, limits.per_host / limits.per_domain)  # of its hosts' spacing is a domain's
        self._rests = Rests(memory)
        self._silences = Strikes("host-silent", "did not answer")
        self._robots = RobotsBook(self._read_robots, own_names(settings.user_agent), memory)
        self._asks_for_feeds = memory is not None
        self._resolver = resolver or Resolver(settings.concurrency)
        self._private_hosts: dict[str, bool] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = open_session(self._settings, self._resolver)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._robots.close()
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def fetch(
        self,
        url: str,
        wants: Wants,
        validators: Mapping[str, str] | None = None,
        slot: Slot | None = None,
        on_behalf: str = "",
    ) -> Response:
        """Follow redirects to an answer of 2xx or 304. Raises `FetchFailed` for everything else.

        A host that stays silent is left alone for those on whose behalf it was asked: what one feed links to must not
        silence a host for others.

        The slot is held while a request runs and after it, not while this waits for its turn.
        """
        settings = self._settings
        asked = question(wants, validators or {}, settings)
        errand = _Errand(asked, settings.fetch_timeout.total_seconds(), settings.redirects, slot, on_behalf)
        return await self._follow(_checked(repair_link(url), url), errand)

    def robots_of(self, url: str) -> HostRobots | None:
        """What is at hand of the robots.txt that speaks for an address; nobody is asked."""
        return self._robots.at_hand(site_of(url).origin)

    async def _read_robots(self, address: str) -> Response:
        seconds = min(ROBOTS_SECONDS, self._settings.fetch_timeout.total_seconds())
        asked = question("robots", {}, self._settings)
        return await self._follow(address, _Errand(asked, seconds, ROBOTS_REDIRECTS, None))

    async def _follow(self, address: str, errand: _Errand) -> Response:
        hops: list[Hop] = []
        while True:
            answer = await self._visit(address, errand)
            if answer.status not in REDIRECTS:
                return _accepted(answer, tuple(hops))
            hops.append(Hop(address, answer.status))
            address = _next_address(answer, hops, errand.redirects)

    async def _visit(self, address: str, errand: _Errand) -> Response:
        """Ask one address, once it may be asked."""
        if errand.slot is not None:
            errand.slot.give()
        site = site_of(address)
        await self._rests.load()
        self._check(site, errand)
        if errand.question.wants == "page":
            _check_kind(address)
        await self._look_up(site)
        robots = await self._permission(address, site, errand.question.wants)
        spacing = await self._spacing_seconds(site)
        apart = max(spacing, self._crawl_delay(robots))
        turn = self._politeness.turn(site, apart, spacing * self._share, errand.slot)
        try:
            answer = await self._take_turn(turn, address, site, errand)
        except FetchFailed as error:
            if error.status is not None:
                self._silences.clear(errand.account(site))
                await self._rests.note(site, error.status, error.headers)
            raise
        except (aiohttp.ClientError, OSError, ValueError, TooLarge, BadEncoding, Crowded) as error:
            failure = failure_of(error)
            if failure.reason == "timeout":
                self._silences.strike(errand.account(site))
            raise failure from error
        self._silences.clear(errand.account(site))
        await self._rests.note(site, answer.status, answer.headers)
        return answer

    def _check(self, site: Site, errand: _Errand) -> None:
        """Raise `FetchFailed` if the site is to be left alone now."""
        self._rests.check(site)
        self._silences.check(errand.account(site))

    async def _take_turn(
        self, turn: AbstractAsyncContextManager[None], address: str, site: Site, errand: _Errand
    ) -> Response:
        assert self._session is not None
        async with turn:
            self._check(site, errand)  # it may have been throttled while this waited
            started = time.monotonic()
            async with asyncio.timeout(max(errand.seconds_left, 0.001)) as limit:
                answer = await ask(self._session, address, errand.question, partial(_make_room, errand.slot, limit))
            errand.seconds_left -= time.monotonic() - started
            return answer

    async def _permission(self, address: str, site: Site, wants: Wants) -> HostRobots | None:
        """The host's robots.txt, where it counts. Raises `FetchFailed` for a page that may not be read.

        A feed is always asked for, since it was subscribed to on purpose; only the host's crawl-delay counts for it.
        """
        if wants == "robots" or not self._settings.obey_robots:
            return None
        if wants == "feed" and not self._asks_for_feeds:
            return self._robots.at_hand(site.origin)
        robots = await self._robots.of(site.origin)
        if wants == "page":
            check_page(robots, address, self._robots.now())
        return robots

    async def _look_up(self, site: Site) -> None:
        """Have the host's addresses at hand before it is asked: how long that takes is not the host's silence."""
        name = _name_of(site.host)
        if parse_address(name) is not None:
            return
        try:
            await self._resolver.resolve(name, family=socket.AF_UNSPEC)
        except ValueError as error:  # no name at all, such as one with a label that is too long
            raise failure_of(error) from error
        except OSError as error:
            raise FetchFailed("dns", True, f"{name} has no address: {error.strerror or error}") from error

    async def _spacing_seconds(self, site: Site) -> float:
        """Hosts at allowed private addresses have a spacing of their own."""
        settings = self._settings
        is_private = bool(settings.allow_private_networks) and await self._is_private(site.host)
        return (settings.private_host_spacing if is_private else settings.host_spacing).total_seconds()

    def _crawl_delay(self, robots: HostRobots | None) -> float:
        """What the host itself asks for, within reason; public or private."""
        stated = (robots.rules.crawl_delay or 0.0) if robots and robots.rules else 0.0
        return min(stated, self._settings.crawl_delay_max.total_seconds())

    async def _is_private(self, host: str) -> bool:
        if host not in self._private_hosts:
            if len(self._private_hosts) >= HOSTS_REMEMBERED:
                self._private_hosts.clear()
            self._private_hosts[host] = await self._resolves_to_private(_name_of(host))
        return self._private_hosts[host]

    async def _resolves_to_private(self, name: str) -> bool:
        literal = parse_address(name)
        if literal is not None:
            return not is_public(literal)
        try:
            rows = await self._resolver.resolve(name, family=socket.AF_UNSPEC)
        except (OSError, ValueError):  # no such name, or none that could be one
            return False
        found = [parse_address(row["host"]) for row in rows]
        return bool(found) and not any(address is not None and is_public(address) for address in found)


async def _make_room(slot: Slot | None, limit: asyncio.Timeout) -> None:
    """Wait until one more large body may be held; the waiting is not counted as the server's time."""
    if slot is None:
        return
    now = asyncio.get_running_loop().time
    ends, started = limit.when() or now(), now()
    limit.reschedule(None)
    await slot.enlarge()
    limit.reschedule(ends + now() - started)


def _name_of(host: str) -> str:
    """The host without a port."""
    return urlsplit(f"//{host}").hostname or ""


def _check_kind(address: str) -> None:
    """Raise `FetchFailed` if the address is of something that is no article."""
    reason = obstacle(address)
    if reason is not None:
        raise FetchFailed(reason, False, f"{address[:200]} holds no article that could be read")


def _next_address(answer: Response, hops: list[Hop], most: int) -> str:
    location = _header_text(answer.headers.get("location", ""))
    if not location:
        raise FetchFailed("bad-redirect", transient=False, detail=f"{answer.url} redirects to nowhere")
    address = _checked(repair_link(location, answer.url), location)
    if len(hops) > most or any(hop.url == address for hop in hops):
        raise FetchFailed("too-many-redirects", transient=False, detail=f"{len(hops)} hops, then {address}"[:300])
    return address


def _checked(address: str | None, written: str) -> str:
    if address is None:
        scheme = written.partition(":")[0].strip().lower()
        reason = "bad-url" if scheme in {"http", "https"} or ":" not in written else "bad-scheme"
        raise FetchFailed(reason, transient=False, detail=f"{written[:200]!r} is not an http or https address")
    if not may_use_port(urlsplit(address).port):
        raise FetchFailed("bad-port", transient=False, detail=f"{address[:200]} is at a port of another service")
    return address


def _accepted(answer: Response, hops: tuple[Hop, ...]) -> Response:
    if 200 <= answer.status < 300 or answer.is_not_modified:
        return replace(answer, hops=hops) if hops else answer
    raise status_failure(answer.status, answer.headers)


def _header_text(value: str) -> str:
    """A Location as an address: bytes outside ASCII are percent-encoded as they came."""
    raw = value.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
