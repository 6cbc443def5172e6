"""The HTTP side of a long-lived process: /metrics for Prometheus, /healthz and /readyz for whoever supervises it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from geowire.errors import Misconfigured
from geowire.health import Health

TEXT = "text/plain; charset=utf-8"
REQUEST_SECONDS = 10.0


class MetricsServer:
    """Answers in threads of its own until it is closed. Raises `Misconfigured` if it cannot listen."""

    def __init__(
        self,
        listener: tuple[str, int],
        registry: CollectorRegistry,
        *,
        live: Callable[[], Health],
        ready: Callable[[], Health],
    ) -> None:
        host, port = listener
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._server = _server_class(family)(listener, _handler(registry, live, ready))
        except (OSError, UnicodeError) as error:  # the latter for a name with an empty or overlong label
            reason = getattr(error, "strerror", None) or error
            raise Misconfigured(
                f"GEOWIRE_METRICS: cannot listen on {host}:{port}: {reason}; write another port or host"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="geowire-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to answer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _server_class(family: int) -> type[ThreadingHTTPServer]:
    """A server for IPv4 or IPv6 whose threads keep no process alive."""

    class Server(ThreadingHTTPServer):
        address_family = family
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is nobody's trouble."""

    return Server


def _handler(
    registry: CollectorRegistry, live: Callable[[], Health], ready: Callable[[], Health]
) -> type[BaseHTTPRequestHandler]:
    def of_health(ask: Callable[[], Health]) -> Callable[[], tuple[int, str, bytes]]:
        def answer() -> tuple[int, str, bytes]:
            health = ask()
            status = HTTPStatus.OK if health.is_good else HTTPStatus.SERVICE_UNAVAILABLE
            return status, TEXT, f"{health.reason}\n".encode()

        return answer

    pages = {
        "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)),
        "/healthz": of_health(live),
        "/readyz": of_health(ready),
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:  # the library's name
            """Answer one request."""
            page = pages.get(self.path.partition("?")[0], _not_found)
            try:
                status, kind, body = page()
            except Exception as error:  # noqa: BLE001  # a metric that breaks must not look like one that is well
                status, kind, body = HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, f"{type(error).__name__}\n".encode()
            with suppress(OSError):
                self._send(status, kind, body)

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Each scrape is no news."""

    return Handler


def _not_found() -> tuple[int, str, bytes]:
    return HTTPStatus.NOT_FOUND, TEXT, b"ask for /metrics, /healthz or /readyz\n"
