"""A web, a bus and a clock that tests command, and polls that run against them."""

from __future__ import annotations

import asyncio
import math
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import hypothesis
import pytest
from aiohttp import web
from pydantic import SecretStr

from geowire.bus import Delivery, Record
from geowire.errors import Misconfigured, Rejected, Transient
from geowire.events import decode
from geowire.messages import Article, FeedPolled, IngestFailure
from geowire.settings import Settings
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.leases import Wanted
from ingest.poll import Ingest, open_ingest
from ingest.report import FeedReport, PollReport
from ingest.worker import work_on_entry
from ingest.workers import EntryWork

hypothesis.settings.register_profile("ingest", deadline=None)  # two cores are shared by much
hypothesis.settings.load_profile("ingest")

LOOPBACK = (ip_network("127.0.0.0/8"),)
PARAGRAPH = "The ministry said on Tuesday that it would send further supplies to the harbour town before winter. "


@dataclass
class Answer:
    """What an address answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class FakeWeb:
    """A web server on 127.0.0.1, in a thread of its own."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"http://{host}:{self.port}{path}"

    def serves(self, path: str, body: str | bytes, **headers: str) -> str:
        """Answer with a body; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Answer(body.encode() if isinstance(body, str) else body, headers=named)
        return self.url(path)

    def fails(self, path: str, status: int, **headers: str) -> str:
        """Answer with a status and nothing else."""
        self.answers[path] = Answer(status=status, headers={n.replace("_", "-"): v for n, v in headers.items()})
        return self.url(path)

    def redirects(self, path: str, target: str, status: int = 302) -> str:
        """Send the reader elsewhere."""
        return self.fails(path, status, Location=target)

    def hangs(self, path: str, tells: Callable[[], object] = lambda: None) -> str:
        """Never answer, and tell when asked."""

        async def wait(_: web.Request) -> web.StreamResponse:
            tells()
            await self._ended.wait()
            return web.Response()

        self.answers[path] = wait
        return self.url(path)

    def holds_back(self, path: str, body: bytes) -> Callable[[], object]:
        """Answer only once the function that this gives was called."""
        release = asyncio.Event()

        async def wait(_: web.Request) -> web.StreamResponse:
            await release.wait()
            return web.Response(body=body)

        self.answers[path] = wait
        return lambda: self._loop.call_soon_threadsafe(release.set)

    def publishes(self, path: str, *items: str, title: str = "Wire", **headers: str) -> str:
        """Answer with an RSS feed of these items."""
        channel = f"<channel><title>{title}</title><link>/</link>{''.join(items)}</channel>"
        headers.setdefault("Content_Type", "application/rss+xml")
        return self.serves(path, f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>', **headers)

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for known, _ in self.requests if known == path)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.headers)))
        answer = self.answers.get(request.path, Answer(status=404))
        if callable(answer):
            return await answer(request)
        etag = answer.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"Content-Type": "text/html", **answer.headers}
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        self._ended.set()
        await asyncio.sleep(0)
        await self._runner.cleanup()

    @contextmanager
    def running(self) -> Iterator[FakeWeb]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        yield self
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join()
        self._loop.close()


class FakeBus:
    """A bus that remembers what was published, and fails on command."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_down = False
        self.denies = False
        self.refuses: Callable[[Record], bool] = lambda _: False

    def publish(self, batch: Sequence[Record]) -> None:
        """Keep the batch, or fail."""
        if self.is_down:
            raise Transient("the broker is down")
        if self.denies:
            raise Misconfigured("Kafka: cannot publish: topic authorization failed")
        if any(self.refuses(record) for record in batch):
            raise Rejected("too-large", "the record passes the limit")
        self.records += batch

    @property
    def articles(self) -> list[Article]:
        """The versions of articles that were published, in order."""
        return [data for data in self._decoded() if isinstance(data, Article)]

    @property
    def failures(self) -> list[IngestFailure]:
        """The dead letters."""
        return [data for data in self._decoded() if isinstance(data, IngestFailure)]

    @property
    def polls(self) -> list[FeedPolled]:
        """The polls that were told."""
        return [data for data in self._decoded() if isinstance(data, FeedPolled)]

    def _decoded(self) -> list[Any]:
        return [decode(Delivery(record, 0, at, 0)).data for at, record in enumerate(self.records)]


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def advances(self, **parts: float) -> None:
        """Move it."""
        self.now += timedelta(**parts)


@dataclass
class Newsroom:
    """A web, a bus, a clock, and polls that use them."""

    web: FakeWeb
    bus: FakeBus
    clock: FakeClock
    settings: Settings

    def subscribes(self, *urls: str) -> None:
        """Make these the feeds of the catalogue."""
        Path(self.settings.feeds).write_text("feeds:\n" + "".join(f"  - url: {url}\n" for url in urls))

    def polls(self, **changes: Any) -> PollReport:
        """Poll all feeds once."""
        report: PollReport = self.runs(_whole_poll, **changes)
        return report

    def revisits(self, **changes: Any) -> dict[str, int]:
        """Read again the pages that are due."""

        async def work(ingest: Ingest) -> dict[str, int]:
            report = await ingest.revisit(100)
            await ingest.finish(timedelta(seconds=0.5))
            return dict(report.outcomes)

        outcomes: dict[str, int] = self.runs(work, **changes)
        return outcomes

    def runs(self, work: Callable[[Ingest], Awaitable[Any]], seconds: float = math.inf, **changes: Any) -> Any:
        """Do something with an open ingest; after so many seconds it asks for nothing more."""

        async def run() -> Any:
            chance = random.Random(0)
            settings = self.settings.with_(**changes)
            ends = asyncio.get_running_loop().time() + seconds
            opened = open_ingest(settings, self.bus, clock=self.clock, random=chance, ends=ends)  # type: ignore[arg-type]
            async with opened as ingest:
                return await work(ingest)

        return asyncio.run(run())


async def _whole_poll(ingest: Ingest) -> PollReport:
    seen: list[FeedReport] = []
    await ingest.poll_shard(await ingest.lease(Wanted(all_feeds=True)), seen.append)
    return await ingest.finish(timedelta(seconds=0.5))


@pytest.fixture(scope="session")
def shared_web() -> Iterator[FakeWeb]:
    """One server for all tests of a run."""
    with FakeWeb().running() as server:
        yield server


@pytest.fixture
def web_server(shared_web: FakeWeb) -> FakeWeb:
    """A web on which nothing is published yet."""
    shared_web.answers.clear()
    shared_web.requests.clear()
    return shared_web


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for loopback, two workers, and no long waits."""
    return Settings(
        data=tmp_path,
        state=SecretStr(f"sqlite:///{tmp_path / 'ingest.db'}"),
        feeds=str(tmp_path / "feeds.yaml"),
        allow_private_networks=LOOPBACK,
        workers=2,
        retry_wait=timedelta(milliseconds=20),
        fetch_timeout=timedelta(seconds=10),
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStr:
    """The address of an empty state, in each kind of database."""
    if request.param == "postgres":
        return SecretStr(request.getfixturevalue("postgres_url"))
    return SecretStr(f"sqlite:///{tmp_path / 'state.db'}")


@pytest.fixture
def newsroom(web_server: FakeWeb, settings: Settings) -> Newsroom:
    """Everything together."""
    return Newsroom(web_server, FakeBus(), FakeClock(), settings)


@pytest.fixture
def item() -> Callable[..., str]:
    """Makes an RSS item."""

    def make(link: str = "", title: str = "Supplies reach the harbour", **fields: str) -> str:
        date = fields.pop("date", "Fri, 20 Nov 2026 09:00:00 +0000")
        rows = {"title": title, "link": link, "guid": link or title, "pubDate": date, **fields}
        return "<item>" + "".join(f"<{n}>{escape(v)}</{n}>" for n, v in rows.items() if v) + "</item>"

    return make


@pytest.fixture
def article_page() -> Callable[..., str]:
    """Makes a page with an article."""

    def make(*sentences: str, title: str = "Supplies reach the harbour", head: str = "") -> str:
        text = "".join(f"<p>{PARAGRAPH * 4}{sentence}</p>" for sentence in (*sentences, "It gave no figures."))
        return (
            f'<html lang="en"><head><title>{title}</title>{head}</head>'
            f"<body><article><h1>{title}</h1>{text}</article></body></html>"
        )

    return make


def stuck_work(page: Page | None, entry: FeedEntry, repeated: frozenset[int] = frozenset()) -> Extraction:
    """Never ends on a page that says so, dies on another, and is honest work otherwise."""
    while (page is not None and b"never-ends" in page.body) or "never-ends" in entry.content:
        pass
    if page is not None and b"eats-memory" in page.body:
        bytearray(4_000_000_000)
    return work_on_entry(page, entry, repeated)


@pytest.fixture
def stuck() -> EntryWork:
    """Work for the workers that can get stuck."""
    return stuck_work
