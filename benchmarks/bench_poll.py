"""What polling costs: thousands of feeds on loopback, unchanged or with a tenth changed, beside bare aiohttp.

    python benchmarks/bench_poll.py [--feeds 10000]

Every figure is CPU per feed in the same run on the same machine; geowire's is what it costs over the bare requests.
Exits 1 if a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import email.utils
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp

HOSTS = 200
CHANGED_SHARE = 10
OVER_BARE_MS = 1.0
MEMORY_MB = 400
DRIFT = 0.20
OLD = "Mon, 06 Jan 2020 10:00:00 GMT"


def feed_body(number: int, round_number: int) -> bytes:
    """A feed of three old entries; a changed one has a new entry with its text in the feed."""
    entries = [
        f"<item><guid isPermaLink='false'>{number}-{n}</guid><title>Old {n}</title><pubDate>{OLD}</pubDate></item>"
        for n in range(3)
    ]
    if round_number:
        text = f"Feed {number} reports in round {round_number} that the harbour was opened again on Tuesday. " * 8
        date = email.utils.formatdate(usegmt=True)
        entries.append(
            f"<item><guid isPermaLink='false'>{number}-r{round_number}</guid><title>News {round_number}</title>"
            f"<pubDate>{date}</pubDate><description>{text}</description></item>"
        )
    head = f"<rss version='2.0'><channel><title>Feed {number}</title><link>http://127.0.0.1/</link>"
    return f"{head}<description>d</description>{''.join(entries)}</channel></rss>".encode()


class FeedServer:
    """Answers every feed. `/round/N/K` begins round N, in which every Kth feed has changed; 0: none."""

    def __init__(self) -> None:
        self.round = 0
        self.share = 0

    def answer(self, path: str, headers: dict[str, str]) -> bytes:
        """The bytes of one answer."""
        if path.startswith("/round/"):
            self.round, self.share = (int(part) for part in path.split("/")[2:4])
            return response("200 OK", b"ok", '"x"')
        if path == "/robots.txt":
            return response("404 Not Found", b"", '"x"')
        number = int(path.removeprefix("/feed/").removesuffix(".xml"))
        is_changed = self.share > 0 and number % self.share == 0
        body = feed_body(number, self.round if is_changed else 0)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16] if is_changed else number}"'
        return (
            response("304 Not Modified", b"", etag)
            if headers.get("if-none-match") == etag
            else response("200 OK", body, etag)
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                writer.write(self.answer(first.split(" ")[1], headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def response(status: str, body: bytes, etag: str) -> bytes:
    """HTTP/1.1, kept alive."""
    head = (
        f"HTTP/1.1 {status}\r\nETag: {etag}\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run_server(port: int) -> None:
    """Serve on 200 loopback addresses until ended."""
    hosts = [f"127.0.{1 + n // 100}.{1 + n % 100}" for n in range(HOSTS)]
    server = await asyncio.start_server(FeedServer().serve, hosts, port, backlog=512)
    print("ready", flush=True)
    await server.serve_forever()


def addresses(count: int, port: int) -> list[str]:
    """The feeds, spread over the hosts."""
    return [f"http://127.0.{1 + n % HOSTS // 100}.{1 + n % 100}:{port}/feed/{n}.xml" for n in range(count)]


def spent() -> tuple[float, float]:
    """CPU seconds of this process, and its peak memory in MB."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime, own.ru_maxrss / 1024


async def bare_requests(urls: Sequence[str]) -> None:
    """Conditional requests and nothing else, as many at once as geowire makes."""
    slots = asyncio.Semaphore(64)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def one(number: int, url: str) -> None:
            async with slots, session.get(url, headers={"If-None-Match": f'"{number}"'}) as answer:
                await answer.read()

        await asyncio.gather(*(one(number, url) for number, url in enumerate(urls)))


def measure_bare(urls: Sequence[str]) -> dict[str, float]:
    """What the requests alone cost."""
    before = spent()[0]
    started = time.perf_counter()
    asyncio.run(bare_requests(urls))
    return {"cpu": spent()[0] - before, "wall": time.perf_counter() - started}


def measure_poll(folder: Path, catalogue: Path) -> dict[str, Any]:
    """One poll of every feed, as the command does it."""
    from geowire.bus import open_bus  # noqa: PLC0415  # the bare measurement must not import it
    from geowire.settings import load_settings  # noqa: PLC0415
    from geowire.topics import ARTICLES, TOPICS  # noqa: PLC0415
    from ingest.once import poll_once  # noqa: PLC0415

    settings = load_settings(
        data=folder,
        feeds=str(catalogue),
        allow_private_networks=(ip_network("127.0.0.0/8"),),
        max_age=timedelta(days=7),
    )
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        before, started = spent()[0], time.perf_counter()
        report = asyncio.run(poll_once(settings, bus, all_feeds=True))
        own, memory = spent()
        articles = sum(extent.end for extent in bus.extents("bench", [ARTICLES.name]).values())
    counts = {"results": report.results, "entries": report.entries, "articles": articles}
    return counts | {"cpu": own - before, "wall": time.perf_counter() - started, "memory": memory}


@dataclass(frozen=True)
class Bench:
    """One size of the benchmark."""

    port: int
    feeds: int

    def child(self, *arguments: str) -> dict[str, Any]:
        """A measurement in a process of its own, so that memory and CPU are its own."""
        command = [sys.executable, __file__, "--feeds", str(self.feeds), "--port", str(self.port), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_200)
        if result.returncode:
            raise SystemExit(result.stderr[-2_000:])
        return dict(json.loads(result.stdout.splitlines()[-1]))

    def tell(self, message: str) -> None:
        """Set the server's round."""

        async def ask() -> None:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.1.1:{self.port}{message}"):
                pass

        asyncio.run(ask())

    def run(self) -> dict[str, dict[str, Any]]:
        """First poll, all unchanged, a tenth changed; the bare requests between them."""
        with tempfile.TemporaryDirectory(prefix="geowire-bench-") as folder:
            catalogue = Path(folder) / "feeds.yaml"
            urls = addresses(self.feeds, self.port)
            catalogue.write_text("feeds:\n" + "".join(f"  - url: {url}\n" for url in urls), encoding="utf-8")
            self.tell("/round/0/0")
            poll = ("--poll", folder, "--catalogue", str(catalogue))
            found = {"first": self.child(*poll), "bare": self.child("--bare"), "same": self.child(*poll)}
            self.tell(f"/round/1/{CHANGED_SHARE}")
            return found | {"changed": self.child(*poll), "bare again": self.child("--bare")}


def report(feeds: int, found: dict[str, dict[str, Any]]) -> tuple[float, float]:
    """Print one size; the milliseconds of CPU a feed over the bare requests, unchanged and with a tenth changed."""
    bare = min(found["bare"]["cpu"], found["bare again"]["cpu"])
    print(f"\n{feeds} feeds; bare aiohttp {1000 * bare / feeds:.3f} ms of CPU a feed")
    for name in ("first", "same", "changed"):
        row = found[name]
        over = 1000 * (row["cpu"] - bare) / feeds
        print(
            f"  {name:8} {over:6.3f} ms a feed over bare, "
            f"{row['wall']:6.1f} s, {row['memory']:4.0f} MB, {row['results']}, {row['entries']}"
        )
    same, changed = (1000 * (found[name]["cpu"] - bare) / feeds for name in ("same", "changed"))
    return same, changed


def main() -> int:
    """Run the benchmark, or one measurement of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--port", type=int, default=18_990)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--poll", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--catalogue", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(run_server(arguments.port))
        return 0
    if arguments.bare:
        print(json.dumps(measure_bare(addresses(arguments.feeds, arguments.port))))
        return 0
    if arguments.poll:
        print(json.dumps(measure_poll(arguments.poll, arguments.catalogue)))
        return 0
    return compare(arguments.feeds, arguments.port)


def compare(feeds: int, port: int) -> int:
    """A tenth of the feeds, then all of them; whether the limits hold."""
    server = subprocess.Popen([sys.executable, __file__, "--serve", "--port", str(port)], stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    try:
        small = Bench(port, feeds // 10).run()
        large = Bench(port, feeds).run()
    finally:
        server.terminate()
        server.wait()
    report(feeds // 10, small)
    many, changed = report(feeds, large)
    drift = abs(large["same"]["cpu"] / feeds / (small["same"]["cpu"] / (feeds // 10)) - 1)
    memory = max(row["memory"] for row in large.values() if "memory" in row)
    lost = feeds // CHANGED_SHARE - large["changed"]["entries"].get("published", 0)
    checks = {
        f"unchanged: {many:.3f} ms over bare (limit {OVER_BARE_MS})": many <= OVER_BARE_MS,
        f"a tenth changed: {changed:.3f} ms over bare (limit {OVER_BARE_MS})": changed <= OVER_BARE_MS,
        f"memory {memory:.0f} MB (limit {MEMORY_MB})": memory < MEMORY_MB,
        f"lost {lost} (limit 0)": lost == 0,
        f"cost a feed from {feeds // 10} to {feeds} differs by {drift:.0%} (limit {DRIFT:.0%})": drift <= DRIFT,
    }
    print()
    for line, holds in checks.items():
        print(f"{'ok  ' if holds else 'MISS'} {line}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
