"""Start and end real servers for tests: free ports, readiness without sleeping, an end that is sure."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


def free_port(in_a_row: int = 1) -> int:
    """A port on loopback that nobody uses now, and as many after it; none that the system gives to connections."""
    while True:
        first = random.SystemRandom().randrange(20_000, 30_000)
        if all(is_free(first + more) for more in range(in_a_row)):
            return first


def is_free(port: int) -> bool:
    """Whether a server could listen on the port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Ask until it is so; fail with a clear line if it does not become so in time."""
    deadline = time.monotonic() + seconds
    ticks = threading.Event()
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        ticks.wait(0.05)


SITES = 16
"""Ports that the sample news web may need: one for each of its publishers."""


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on the port."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def running(command: Sequence[str], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in a file, ended at the end by its own id."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
