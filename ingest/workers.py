"""The pool of worker processes. A page that is stuck or too big costs one worker, never the poll."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from geowire.settings import Settings
from ingest.extraction import Extraction, Page
from ingest.fair_turns import FairTurns
from ingest.feed_entry import FeedEntry, ParsedFeed
from ingest.identity import owner_of
from ingest.worker import LIBRARIES, run_bounded, start_worker, work_on_entry, work_on_feed

P = ParamSpec("P")
T = TypeVar("T")

EntryWork = Callable[[Page | None, FeedEntry, frozenset[int]], Extraction]

QUEUED_PER_WORKER = 3
"""Tasks handed to the pool at once for each worker: enough to keep it busy, few enough to keep memory flat."""


class WorkFailed(Exception):
    """A worker could not finish: `timeout`, `crashed` (its memory ran out, or it was killed) or `error`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@contextmanager
def _failures(seconds: float) -> Iterator[None]:
    """Whatever went wrong in a worker, as `WorkFailed`."""
    try:
        yield
    except TimeoutError as error:
        raise WorkFailed("timeout", f"no end after {seconds:g} s") from error
    except (ProcessExpired, MemoryError, RecursionError, BrokenProcessPool) as error:
        raise WorkFailed("crashed", f"{type(error).__name__} {error}"[:300]) from error
    except Exception as error:
        raise WorkFailed("error", f"{type(error).__name__} {error}"[:300]) from error


class Workers:
    """Worker processes for parsing and extraction; use it as a context manager inside a running event loop."""

    def __init__(self, settings: Settings, entry_work: EntryWork = work_on_entry) -> None:
        self._count = settings.workers or usable_cores()
        self._settings = settings
        self._entry_work = entry_work
        self._seconds = settings.extract_timeout.total_seconds()
        self._turns = FairTurns(self._count * QUEUED_PER_WORKER, each_at_once=self._count + 1)

    async def __aenter__(self) -> Self:
        self._starting = self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool = await self._starting
        await asyncio.to_thread(_stop, pool)

    async def parse(self, data: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
        """The entries of a feed. Raises `WorkFailed`."""
        return await self._run(owner_of(url), work_on_feed, data, dict(headers), url)

    async def extract(self, page: Page | None, entry: FeedEntry, repeated: frozenset[int] = frozenset()) -> Extraction:
        """The article on a page, or what its feed says; `repeated` as for `extract_page`. Raises `WorkFailed`."""
        party = owner_of(page.url if page else entry.link or "")
        return await self._run(party, self._entry_work, page, entry, repeated)

    async def ready(self) -> None:
        """Wait until every worker process has loaded its libraries."""
        pool = await self._running_pool()
        started = [asyncio.wrap_future(pool.schedule(usable_cores)) for _ in range(self._count)]
        await asyncio.gather(*started)

    async def _run(self, party: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a worker; a task that a worker died of is tried once more, in case something else had killed it."""
        try:
            return await self._attempt(party, function, *args, **kwargs)
        except WorkFailed as error:
            if error.reason != "crashed":
                raise
        return await self._attempt(party, function, *args, **kwargs)

    async def _attempt(self, party: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run once, when it is the party's turn; one that fails is charged all of its time."""
        await self._turns.take(party)
        seconds = self._seconds
        try:
            task = (self._seconds, function, *args)
            pool = await self._running_pool()
            future = pool.schedule(run_bounded, args=task, kwargs=kwargs, timeout=self._seconds)
            with _failures(self._seconds):
                answer: tuple[T, float] = await asyncio.wrap_future(future)
            result, seconds = answer
            return result
        finally:
            self._turns.end(party, seconds)

    async def _running_pool(self) -> ProcessPool:
        """The pool; another one if the first was broken, as when all its workers were killed."""
        starting = self._starting
        pool = await asyncio.shield(starting)
        if not pool.active and starting is self._starting:
            self._starting = self._start()
            await asyncio.to_thread(_stop, pool)
        return await asyncio.shield(self._starting)

    def _start(self) -> asyncio.Task[ProcessPool]:
        """Start in the background: the first feeds are fetched meanwhile."""
        return asyncio.create_task(asyncio.to_thread(_start, self._count, self._settings))


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(count: int, settings: Settings) -> ProcessPool:
    # Not fork: this process has threads. The fork server loads the libraries once for all workers.
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ingest.worker", *LIBRARIES])
    pool = ProcessPool(
        max_workers=count,
        max_tasks=settings.worker_pages,
        initializer=start_worker,
        initargs=(settings.worker_memory,),
        context=context,
    )
    pool.schedule(usable_cores)  # the processes start with the first task: now, while nobody waits for them
    return pool


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    try:
        pool.join()
    except OSError:  # a channel was closed already: the second time it is passed over, and the workers are ended
        pool.join()
