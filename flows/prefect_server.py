"""`python -m flows.prefect_server`: the Prefect server, its garbage collected in a thread beside the event loop.

Where the collector runs, it finalizes what it finds; a statement of SQLite waits for its connection, which may itself
wait a minute for the file. In the event loop that keeps whoever has the file from ever letting go of it: the whole
server stands still until the wait is over.
"""

from __future__ import annotations

import gc
import runpy
import sys
import threading
from collections.abc import Callable

COLLECT_SECONDS = 10.0


def collect_beside(collect: Callable[[], object] = gc.collect, seconds: float = COLLECT_SECONDS) -> threading.Event:
    """Collect garbage in a thread of its own and nowhere else, until the event that is given back is set."""
    gc.disable()
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(seconds):
            collect()

    threading.Thread(target=run, name="garbage", daemon=True).start()
    return stop


def main() -> None:
    """Start the server with the options of `prefect server start`."""
    collect_beside()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
