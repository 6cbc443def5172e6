"""`geowire watch send`: flags from the bus to a receiver on this machine."""

from __future__ import annotations

import asyncio
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from cli.main import run_app
from geowire.bus import open_bus
from geowire.events import encode, flagged_event
from geowire.messages import Flagged, Reason
from geowire.topics import TOPICS

SECRET = "sixteen letters!"


class Receiver:
    """A web server on loopback, in a thread of its own: the command runs a loop itself."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self.retry_after = ""
        self.moments: list[float] = []
        self.statuses = [200]
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    async def _take(self, request: web.Request) -> web.Response:
        self.moments.append(time.monotonic())
        self.bodies.append(await request.read())
        self.signatures.append(request.headers.get("Geowire-Signature", ""))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers={"Location": "/elsewhere", "Retry-After": self.retry_after})

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{rest:.*}", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    def _serve(self) -> None:
        runner = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def __enter__(self) -> Receiver:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the settings name, and a bus with one flag."""
    url = f"sqlite:///{tmp_path / 'bus.db'}"
    reason = Reason(kind="words", value="truce")
    flag = Flagged(watch="w", story_id="s", headline="Truce", reason=reason, flagged_at=datetime.now(UTC))
    with open_bus(url) as bus:
        bus.ensure_topics(TOPICS)
        bus.publish([encode(flagged_event(flag))])
    with Receiver() as opened:
        settings = {
            "BUS": url,
            "WEBHOOK": f"http://127.0.0.1:{opened.port}/token-in-path",
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_ATTEMPTS": "2",
            "RETRY_WAIT": "1ms",
            "ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"GEOWIRE_{name}", value)
        yield opened


def sent(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What the command says that it has done."""
    assert run_app(["watch", "send", "--until-idle", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_flag_is_posted_once(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    """With its signature; a second run has nothing to send."""
    first = sent(capsys)
    second = sent(capsys)

    assert (first["taken"], first["dead_letters"], second["taken"]) == (1, 0, 0)
    (body,) = receiver.bodies
    assert json.loads(body)["data"]["reason"]["value"] == "truce"
    assert receiver.signatures[0].startswith("sha256=")


def test_a_failure_is_tried_again(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes, until the receiver takes them."""
    receiver.statuses = [503, 204]

    assert sent(capsys)["dead_letters"] == 0
    assert len(receiver.bodies) == 2
    assert receiver.bodies[0] == receiver.bodies[1]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_not_taken_is_a_dead_letter(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    """A redirect is not followed: the flag and its signature go nowhere else."""
    receiver.statuses = [status]

    done = sent(capsys)

    assert done["reasons"] == {"webhook-failed": 1}
    assert len(receiver.bodies) == 2


def test_a_receiver_may_ask_for_time(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    """429 with Retry-After: the next request comes when that time is over, not with the loop's own short waits."""
    receiver.statuses, receiver.retry_after = [429, 200], "1"

    done = sent(capsys)

    assert (done["taken"], done["dead_letters"]) == (1, 0)
    first, second = receiver.moments
    assert second - first >= 0.9


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        (b"", False),
        (b"no HTTP\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", False),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + b"x" * 100_000, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nx", True),
    ],
)
def test_an_odd_answer_is_a_failure_and_an_endless_body_is_not_read(
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: bytes,
    is_taken: bool,
) -> None:
    """Closed without a word, no HTTP, headers without end or a huge one: tried again, then a dead letter."""
    monkeypatch.setenv("GEOWIRE_WEBHOOK_TIMEOUT", "300ms")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler_of(answer)) as server:
        monkeypatch.setenv("GEOWIRE_WEBHOOK", f"http://127.0.0.1:{server.server_address[1]}/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        done = sent(capsys)
        server.shutdown()
        thread.join(10)

    assert done["reasons"] == ({} if is_taken else {"webhook-failed": 1})
    assert receiver.bodies == []


def handler_of(answer: bytes) -> type[socketserver.BaseRequestHandler]:
    """Answers with these bytes and holds the connection until the sender leaves; without any it closes at once."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(10)
            if not answer:
                return
            with suppress(OSError):
                self.request.sendall(answer)
                while self.request.recv(65_536):
                    pass

    return Handler


def test_a_receiver_without_a_known_certificate_gets_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate that nobody vouches for is a failure like any other; the flag is not sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Receiver(context) as strange:
        monkeypatch.setenv("GEOWIRE_WEBHOOK", f"https://127.0.0.1:{strange.port}/")
        done = sent(capsys)

        assert done["reasons"] == {"webhook-failed": 1}
        assert strange.bodies == receiver.bodies == []


def test_a_private_address_is_refused_unless_allowed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for feeds; the flag waits on the bus, and the line does not show the address's path."""
    monkeypatch.setenv("GEOWIRE_ALLOW_PRIVATE_NETWORKS", "false")

    assert run_app(["watch", "send", "--until-idle"]) == 2

    line = capsys.readouterr().err.strip()
    assert "GEOWIRE_ALLOW_PRIVATE_NETWORKS" in line
    assert "token-in-path" not in line
    assert receiver.bodies == []
    monkeypatch.setenv("GEOWIRE_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")
    assert sent(capsys)["taken"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK", ""),
        ("WEBHOOK", "ftp://token-in-path.example"),
        ("WEBHOOK", "https://hooks.example:99999/token"),
        ("WEBHOOK", "https://[::1/token"),
        ("WEBHOOK", "https:///token"),
        ("WEBHOOK_SECRET", "short one"),
    ],
)
@pytest.mark.usefixtures("receiver")
def test_a_missing_setting_is_one_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, and its value is not shown."""
    monkeypatch.setenv(f"GEOWIRE_{name}", value)

    assert run_app(["watch", "send", "--until-idle"]) == 2

    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"GEOWIRE_{name}: write" in line
    assert not value or value not in line
