"""One request, one answer: bounded in time by who calls, and in size here. No redirects, no retries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from geowire.settings import Settings
from ingest.addresses import guarded_socket
from ingest.answer import Response, Wants
from ingest.body_status import CHALLENGE_BODY
from ingest.fetch_failure import FetchFailed, status_failure
from ingest.http_body import Body, BodyLimit, TooLarge, read_body
from ingest.landing import is_no_page, looks_binary
from ingest.robots import SIZE_LIMIT

ACCEPT: dict[Wants, str] = {
    "feed": "application/rss+xml, application/atom+xml, application/feed+json;q=0.9, application/xml;q=0.8, */*;q=0.5",
    "page": "text/html, application/xhtml+xml, */*;q=0.5",
    "robots": "text/plain, */*;q=0.5",
}
HEADER_BYTES = 32_768
"""Of one header. Servers that list every script in a security policy come close."""
HEADERS = 500
"""Of one answer; some newspapers send more than a hundred."""
JOINED = ("x-robots-tag", "content-encoding")
"""Headers that count in all their lines."""
ERRORS_READ = frozenset({403, 503})
ERROR_BODY = BodyLimit(16_384, keeps_part=True, cuts=True)
ERROR_BODY_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted of an address."""

    wants: Wants
    headers: Mapping[str, str]
    limit: BodyLimit


def question(wants: Wants, validators: Mapping[str, str], settings: Settings) -> Question:
    """What is asked for a feed, a page or a robots.txt."""
    limits: dict[Wants, BodyLimit] = {
        "feed": BodyLimit(settings.feed_bytes, keeps_part=True),
        "page": BodyLimit(settings.page_bytes),
        "robots": BodyLimit(SIZE_LIMIT, keeps_part=True, cuts=True),
    }
    return Question(wants, {"Accept": ACCEPT[wants], **validators}, limits[wants])


def open_session(settings: Settings, resolver: AbstractResolver) -> aiohttp.ClientSession:
    """A client that keeps nothing, says who it is, and connects only where it may."""
    connector = aiohttp.TCPConnector(
        limit=0,
        resolver=resolver,
        ttl_dns_cache=300,
        socket_factory=guarded_socket(settings.allow_private_networks),
    )
    return aiohttp.ClientSession(
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


async def ask(
    session: aiohttp.ClientSession, address: str, wanted: Question, make_room: Callable[[], Awaitable[None]]
) -> Response:
    """The answer, whatever its status. Raises `FetchFailed` for one that cannot be what is wanted."""
    async with session.get(URL(address, encoded=True), headers=wanted.headers, allow_redirects=False) as answer:
        headers = _headers(answer)
        is_challenge = headers.get("cf-mitigated", "").strip().lower() == "challenge"
        if answer.status in ERRORS_READ and not is_challenge:
            is_challenge = CHALLENGE_BODY.search(await _error_body(answer, headers)) is not None
        if is_challenge:
            raise status_failure(answer.status, headers, is_challenge=True)
        if not 200 <= answer.status < 300:
            return Response(answer.status, address, (), headers, b"")
        body = await _body(answer, headers, wanted, make_room)
        return Response(answer.status, address, (), _trusted(headers, body), body.data, body.is_cut)


async def _body(
    answer: aiohttp.ClientResponse,
    headers: Mapping[str, str],
    wanted: Question,
    make_room: Callable[[], Awaitable[None]],
) -> Body:
    kind = headers.get("content-type", "")
    if wanted.wants == "page" and is_no_page(kind):
        raise FetchFailed("not-html", False, f"it is {kind[:100]}")
    announced = headers.get("content-length", "")
    if not wanted.limit.cuts and announced.isdigit() and int(announced) > wanted.limit.size:
        raise TooLarge(f"{announced} bytes announced")
    encoding = headers.get("content-encoding", "")
    body = await read_body(answer.content.iter_any(), encoding, wanted.limit, make_room)
    if wanted.wants == "page" and looks_binary(body.data, kind):
        raise FetchFailed("not-html", False, f"it is no text, though its type is {kind[:100] or 'missing'}")
    return body


async def _error_body(answer: aiohttp.ClientResponse, headers: Mapping[str, str]) -> bytes:
    """The start of an error page; b"" if it cannot be had soon."""
    with suppress(Exception):  # the status says enough
        async with asyncio.timeout(ERROR_BODY_SECONDS):
            return (await read_body(answer.content.iter_any(), headers.get("content-encoding", ""), ERROR_BODY)).data
    return b""


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for name in JOINED:
        if name in headers:
            headers[name] = ", ".join(answer.headers.getall(name))
    return headers


def _trusted(headers: dict[str, str], body: Body) -> dict[str, str]:
    """Headers without the validators if the body was cut: the next 304 must not hide the rest."""
    return {n: v for n, v in headers.items() if n not in {"etag", "last-modified"}} if body.is_cut else headers
