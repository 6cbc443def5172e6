"""The Prefect server's garbage is collected beside its event loop."""

from __future__ import annotations

import gc
import threading

from flows.prefect_server import collect_beside


def test_garbage_is_collected_in_a_thread_of_its_own_and_nowhere_else() -> None:
    """Again and again, and never where an allocation happens to be."""
    collected = threading.Semaphore(0)
    threads: set[str] = set()

    def collect() -> None:
        threads.add(threading.current_thread().name)
        collected.release()

    try:
        stop = collect_beside(collect, seconds=0.001)
        assert not gc.isenabled()
        assert all(collected.acquire(timeout=30) for _ in range(3))
        stop.set()
    finally:
        gc.enable()

    assert threads == {"garbage"}
