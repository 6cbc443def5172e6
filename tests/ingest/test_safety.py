"""What hostile and broken servers do on the line: answers without end, without sense, or cut in half."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from servers.fetching import end_of

from geowire.settings import Settings
from ingest.fetch import Fetcher, Response
from ingest.fetch_failure import FetchFailed

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title></channel></rss>'


def against(settings: Settings, talk: Talk, context: ssl.SSLContext | None = None) -> Response | FetchFailed:
    """How fetching a feed ends from a server that does exactly this with each connection."""

    async def run() -> Response | FetchFailed:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        try:
            return await end_of(settings, f"{'https' if context else 'http'}://127.0.0.1:{port}/feed")
        finally:
            server.close()

    return asyncio.run(run())


def says(*parts: bytes, then: Talk | None = None) -> Talk:
    """Read a request and write these bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then is not None:
            await then(reader, writer)

    return talk


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5000\r\n\r\n" + FEED,
        OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(FEED), FEED),
    ],
)
def test_half_an_answer_is_kept_and_marked(settings: Settings, answer: bytes) -> None:
    """A connection that ends too early, or without its last chunk."""
    found = against(settings, says(answer))

    assert isinstance(found, Response)
    assert (found.body, found.is_cut) == (FEED, True)


def test_body_without_length_ends_with_the_connection(settings: Settings) -> None:
    """As HTTP/1.0 did it: whole, not cut."""
    found = against(settings, says(b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n", FEED))

    assert isinstance(found, Response)
    assert (found.body, found.is_cut) == (FEED, False)


async def _endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    never = asyncio.Event()
    while True:
        writer.write(b"x")
        await writer.drain()
        try:
            async with asyncio.timeout(0.02):
                await never.wait()
        except TimeoutError:
            continue


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (says(OK + b"\r\n", then=_endless), "too-large"),
        (says(OK + b"\r\n", then=_dripping), "timeout"),
        (says(OK + b"X-Slow: ", then=_dripping), "timeout"),
        (says(OK + b"X-Long: ", then=_endless), "protocol"),
        (says(OK + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n"), "protocol"),
        (says(OK + b"".join(b"X-%d: 1\r\n" % n for n in range(5_000)) + b"\r\n"), "protocol"),
        (says(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000, then=_dripping), "protocol"),
        (says(b"220 mail.example ESMTP\r\n"), "protocol"),
        (says(b""), "reset"),
        (says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "protocol"),
        (says(OK + b"Content-Length: -5\r\n\r\n"), "protocol"),
        (says(OK + b"Content-Length: 99999999999999\r\n\r\n"), "too-large"),
        (says(b"HTTP/1.1 301 Moved\r\nLocation: \r\n\r\n"), "bad-redirect"),
        (says(b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n"), "bad-url"),
    ],
)
def test_answers_that_never_end_or_make_no_sense(settings: Settings, talk: Talk, reason: str) -> None:
    """Each ends in time, with a reason."""
    ended = against(settings.with_(fetch_timeout=timedelta(seconds=0.5), feed_bytes=300_000), talk)

    assert isinstance(ended, FetchFailed)
    assert ended.reason == reason


def test_many_headers_are_no_fault(settings: Settings) -> None:
    """Some newspapers send more than a hundred."""
    headers = b"".join(b"X-%d: 1\r\n" % number for number in range(150))

    ended = against(settings, says(OK + headers + b"Content-Length: 1\r\n\r\nx"))

    assert isinstance(ended, Response)


def test_connection_that_was_kept_and_dropped_is_opened_anew(settings: Settings) -> None:
    """A server that promises to keep a connection and closes it costs nothing but another one."""

    async def run() -> list[int]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK + b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(FEED) + FEED)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with Fetcher(settings) as fetcher:
            statuses = [(await fetcher.fetch(url, "feed")).status for _ in range(3)]
        server.close()
        return statuses

    assert asyncio.run(run()) == [200, 200, 200]


def test_connection_that_is_held_open_holds_nobody_up(settings: Settings) -> None:
    """The answer ends where it says that it ends."""

    async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    ended = against(settings, says(OK + b"Content-Length: 1\r\n\r\nx", then=hold))

    assert isinstance(ended, Response)


def test_server_that_speaks_no_tls(settings: Settings) -> None:
    """`tls`, not a fault of ours."""

    async def run() -> Response | FetchFailed:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ended = await end_of(settings, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        server.close()
        return ended

    ended = asyncio.run(run())

    assert isinstance(ended, FetchFailed)
    assert ended.reason == "tls"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "self.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_self_signed_certificate_is_refused(settings: Settings, certificate: Path) -> None:
    """Nothing is read from a server that cannot say who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    ended = against(settings, says(OK + b"\r\n" + FEED), context)

    assert isinstance(ended, FetchFailed)
    assert ended.reason == "tls"
