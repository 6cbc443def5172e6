"""Why a fetch failed, as short slugs; and whether it may succeed later."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiohttp

from ingest.addresses import REFUSED
from ingest.http_body import BadEncoding, TooLarge, UnknownEncoding
from ingest.politeness import Crowded

PASSING_STATUSES = frozenset({408, 421, 425, 429})


class FetchFailed(Exception):
    """A page or feed that could not be read. `transient` says whether trying later makes sense."""

    def __init__(
        self,
        reason: str,
        transient: bool,
        detail: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.transient = transient
        self.detail = detail
        self.status = status
        self.headers = headers or {}


def status_failure(status: int, headers: Mapping[str, str], *, is_challenge: bool = False) -> FetchFailed:
    """The failure that an HTTP status means."""
    if is_challenge:
        return FetchFailed("challenged", False, f"the server answered {status} and wants a browser", status, headers)
    passing = status in PASSING_STATUSES or status >= 500
    return FetchFailed(f"http-{status}", passing, f"the server answered {status}", status, headers)


KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, bool], ...] = (
    (TimeoutError, "timeout", True),
    (Crowded, "host-busy", True),
    (TooLarge, "too-large", False),
    (UnknownEncoding, "unknown-encoding", False),
    (BadEncoding, "bad-encoding", True),
    (aiohttp.ClientConnectorDNSError, "dns", True),
    ((aiohttp.ClientSSLError, ssl.SSLError), "tls", True),
    (aiohttp.InvalidURL, "bad-url", False),
    (aiohttp.ClientConnectorError, "unreachable", True),
    ((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError), "reset", True),
    ((aiohttp.ClientError, OSError), "protocol", True),
    (ValueError, "bad-url", False),
)


def failure_of(error: BaseException) -> FetchFailed:
    """The failure that an exception of the HTTP client means."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and REFUSED in str(cause):
        return FetchFailed(REFUSED, transient=False, detail=text)
    if isinstance(cause, ConnectionRefusedError):
        return FetchFailed("refused", transient=True, detail=text)
    reason, transient = next((reason, passing) for kind, reason, passing in KINDS if isinstance(error, kind))
    return FetchFailed(reason, transient, text)
