"""A real Prefect server on a port and in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.processes import free_port, running, wait_until

from flows.server import environment, is_ready, server_command

BUSY_ATTEMPTS = 20


class Busy(Exception):
    """The server's SQLite was locked for too long; nothing was done."""


@contextlib.contextmanager
def answer_to(request: urllib.request.Request) -> Iterator[Any]:
    """The answer. Raises `Busy` for a 503, after which the same may be asked again."""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 503:
                raise Busy from error
            raise


@dataclass(frozen=True)
class PrefectServer:
    """A running server."""

    port: int
    environment: dict[str, str]

    @property
    def ui(self) -> str:
        """Address of the UI."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, query: dict[str, Any] | list[Any] | None = None, method: str | None = None) -> Any:
        """POST to the API and read its answer; GET without a query."""
        body = None if query is None else json.dumps(query).encode()
        request = urllib.request.Request(
            f"{self.ui}/api{path}", data=body, headers={"content-type": "application/json"}, method=method
        )
        for _ in range(BUSY_ATTEMPTS):
            with contextlib.suppress(Busy), answer_to(request) as answer:
                return json.loads(answer.read() or "null")
        raise TimeoutError(f"{path}: the server's database was locked all the time")


@contextlib.contextmanager
def prefect_server_in(folder: Path) -> Iterator[PrefectServer]:
    """A server with an empty database, ready."""
    port = free_port()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    server = PrefectServer(port, {"PATH": path, "HOME": str(folder)} | environment(folder, "127.0.0.1", port))
    command = server_command("127.0.0.1", port)
    with running(command, folder / "server.log", env=server.environment, cwd=folder) as process:
        wait_until(lambda: is_ready("127.0.0.1", port) or process.poll() is not None, "the Prefect server", 150)
        assert process.poll() is None, (folder / "server.log").read_text()
        yield server
