"""Start and end real servers for tests: free ports, readiness without sleeping, an end that is sure."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from local.ready import accepts, is_free

__all__ = ["SITES", "accepts", "free_port", "running", "wait_until"]


def free_port(in_a_row: int = 1) -> int:
    """A port on loopback that nobody uses now, and as many after it; none that the system gives to connections."""
    while True:
        first = random.SystemRandom().randrange(20_000, 30_000)
        if all(is_free(first + more) for more in range(in_a_row)):
            return first


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
