"""Reads one address over HTTP: guarded, bounded, polite, and without any retry of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from geowire.settings import Settings
from ingest.addresses import guarded_socket, is_public, parse_address
from ingest.fetch_failure import FetchFailed, failure_of, status_failure
from ingest.http_body import BadEncoding, TooLarge, read_body
from ingest.identity import repair_link
from ingest.politeness import Politeness

Wants = Literal["feed", "page"]

ACCEPT: dict[Wants, str] = {
    "feed": "application/rss+xml, application/atom+xml, application/feed+json;q=0.9, application/xml;q=0.8, */*;q=0.5",
    "page": "text/html, application/xhtml+xml, */*;q=0.5",
}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
NOT_TEXT = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "application/octet-stream")
HEADER_BYTES = 65_536
HEADERS = 1_000


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed."""

    url: str
    status: int

    @property
    def is_permanent(self) -> bool:
        """Whether the server says that the new address is for good."""
        return self.status in PERMANENT


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a body, or a 304 without one. Header names are lower case."""

    status: int
    url: str
    hops: tuple[Hop, ...]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_not_modified(self) -> bool:
        """Whether the server says that nothing changed."""
        return self.status == 304


class Fetcher:
    """Fetches for one process; use it as a context manager inside a running event loop."""

    def __init__(self, settings: Settings, politeness: Politeness | None = None) -> None:
        self._settings = settings
        self._politeness = politeness or Politeness(settings.host_concurrency)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._resolver = aiohttp.ThreadedResolver()
        self._private_hosts: dict[str, bool] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        settings = self._settings
        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=self._resolver,
            ttl_dns_cache=300,
            socket_factory=guarded_socket(settings.allow_private_networks),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout.total_seconds()),
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            max_headers=HEADERS,
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str, wants: Wants, validators: Mapping[str, str] | None = None) -> Response:
        """Follow redirects to an answer of 2xx or 304. Raises `FetchFailed` for everything else."""
        address = _checked(repair_link(url), url)
        headers = {"Accept": ACCEPT[wants], **(validators or {})}
        hops: list[Hop] = []
        left = self._settings.fetch_timeout.total_seconds()
        while True:
            started = time.monotonic()
            answer = await self._ask(address, wants, headers, left)
            left -= time.monotonic() - started
            if answer.status not in REDIRECTS:
                return _accepted(answer, tuple(hops))
            hops.append(Hop(address, answer.status))
            address = self._next_address(answer, hops)

    def _next_address(self, answer: Response, hops: list[Hop]) -> str:
        location = _header_text(answer.headers.get("location", ""))
        if not location:
            raise FetchFailed("bad-redirect", transient=False, detail=f"{answer.url} redirects to nowhere")
        address = _checked(repair_link(location, answer.url), location)
        if len(hops) > self._settings.redirects or any(hop.url == address for hop in hops):
            raise FetchFailed("too-many-redirects", transient=False, detail=f"{len(hops)} hops, then {address}"[:300])
        return address

    async def _ask(self, address: str, wants: Wants, headers: Mapping[str, str], seconds: float) -> Response:
        host = urlsplit(address).netloc
        spacing = await self._spacing_seconds(host)
        try:
            async with self._politeness.turn(host, spacing), self._slots, asyncio.timeout(max(seconds, 0.001)):
                return await self._request(address, wants, headers)
        except (aiohttp.ClientError, OSError, ValueError, TooLarge, BadEncoding) as error:
            raise failure_of(error) from error

    async def _request(self, address: str, wants: Wants, headers: Mapping[str, str]) -> Response:
        assert self._session is not None
        async with self._session.get(URL(address, encoded=True), headers=headers, allow_redirects=False) as answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            if not 200 <= answer.status < 300:
                return Response(answer.status, address, (), names, b"")
            kind = names.get("content-type", "").strip().lower()
            if wants == "page" and kind.startswith(NOT_TEXT):
                raise FetchFailed("not-html", transient=False, detail=f"it is {kind[:100]}")
            limit = self._settings.page_bytes if wants == "page" else self._settings.feed_bytes
            if int(names.get("content-length") or 0) > limit:
                raise TooLarge(f"{names['content-length']} bytes announced")
            body = await read_body(answer.content.iter_any(), names.get("content-encoding", ""), limit)
            return Response(answer.status, address, (), names, body)

    async def _spacing_seconds(self, host: str) -> float:
        """Hosts at allowed private addresses have a spacing of their own."""
        settings = self._settings
        if not settings.allow_private_networks or not await self._is_private(host):
            return settings.host_spacing.total_seconds()
        return settings.private_host_spacing.total_seconds()

    async def _is_private(self, host: str) -> bool:
        if host not in self._private_hosts:
            self._private_hosts[host] = await self._resolves_to_private(urlsplit(f"//{host}").hostname or "")
        return self._private_hosts[host]

    async def _resolves_to_private(self, name: str) -> bool:
        literal = parse_address(name)
        if literal is not None:
            return not is_public(literal)
        try:
            found = [parse_address(row["host"]) for row in await self._resolver.resolve(name)]
        except OSError:
            return False
        return bool(found) and not any(address is not None and is_public(address) for address in found)


def _checked(address: str | None, written: str) -> str:
    if address is not None:
        return address
    scheme = written.partition(":")[0].strip().lower()
    reason = "bad-url" if scheme in {"http", "https"} or ":" not in written else "bad-scheme"
    raise FetchFailed(reason, transient=False, detail=f"{written[:200]!r} is not an http or https address")


def _accepted(answer: Response, hops: tuple[Hop, ...]) -> Response:
    if 200 <= answer.status < 300 or answer.is_not_modified:
        return Response(answer.status, answer.url, hops, answer.headers, answer.body)
    raise status_failure(answer.status, answer.headers)


def _header_text(value: str) -> str:
    """A Location as an address: bytes outside ASCII are percent-encoded as they came."""
    raw = value.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
