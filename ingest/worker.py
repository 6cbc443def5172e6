"""What happens inside a worker process: it limits itself, and it ends by itself if nobody is left to end it."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypeVar

from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry, ParsedFeed

P = ParamSpec("P")
T = TypeVar("T")

LIBRARIES = ("ingest.extract", "ingest.parse_feed")
"""Loaded before the first task, so that they count neither as its time nor as its memory."""
NOISY = ("trafilatura", "htmldate", "charset_normalizer", "feedparser")


def start_worker(memory_bytes: int) -> None:
    """Called once in each new worker process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a page that is stuck in C code must not survive it
    for module in LIBRARIES:
        importlib.import_module(module)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    limit = address_space() + memory_bytes
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def run_bounded(seconds: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """What a function returns, and the seconds it took.

    The kernel ends this process if it takes much longer than `seconds` and its parent has not ended it.
    """
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds * 1.5 + 2)  # SIGALRM is not handled: its default is the end
    try:
        return function(*args, **kwargs), time.monotonic() - started
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001  # some libraries' errors cannot cross to another process
        raise RuntimeError(f"{type(error).__name__} {error}"[:300]) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def work_on_feed(data: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """Parse a feed."""
    from ingest.parse_feed import parse_feed  # noqa: PLC0415  # the poller itself must not pay for the libraries

    return parse_feed(data, headers, url)


def work_on_entry(page: Page | None, entry: FeedEntry, repeated: frozenset[int] = frozenset()) -> Extraction:
    """Extract an article from its page, or from its feed if there is none; `repeated` as for `extract_page`."""
    from ingest.extract import extract_feed_content, extract_page  # noqa: PLC0415  # as above

    return extract_feed_content(entry) if page is None else extract_page(page, entry, repeated)


def address_space() -> int:
    """Bytes of address space that this process has now; 0 where that cannot be known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
