"""What clean text costs: real pages from feed to topic, beside a bare pool that only extracts the same pages.

    python benchmarks/bench_text.py SHARED [--copies 7] [--kafka]

SHARED is the folder with `newsworld/serve.py` and `data/pages`. The bare pool has as many processes as geowire has
workers; each calls trafilatura's `bare_extraction(with_metadata=True)` on pages that are in memory already. Both are
measured warm: processes started, libraries loaded. Exits 1 if a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LIBS = ROOT / ".kafka" / "libs"
EMBEDDED, KAFKA, FILTER = 0.95, 0.90, 0.95
DRIFT = 0.05
MEMORY_MB = 1_500
SAMPLE_SECONDS = 0.25


def bare(body: str) -> int:
    """What a bare pool does with a page."""
    from trafilatura import bare_extraction  # noqa: PLC0415

    document = bare_extraction(body, with_metadata=True)
    return len(getattr(document, "text", None) or "")


@contextmanager
def newsworld(shared: Path, port: int, copies: int) -> Iterator[str]:
    """The pages behind their feeds; gives the address of the first site."""
    command = [sys.executable, str(shared / "newsworld" / "serve.py"), "--port", str(port), "--copies", str(copies)]
    address = f"http://127.0.1.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                try:
                    read(f"{address}/feeds.opml")
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()


def read(address: str) -> bytes:
    """A document of the newsworld."""
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  # an address of our own
        return bytes(answer.read())


def bare_rate(pages: list[str], workers: int) -> float:
    """Pages a second of the bare pool, warm."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["trafilatura"])
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        list(pool.map(bare, pages[: 4 * workers]))
        started = time.perf_counter()
        list(pool.map(bare, pages))
        return len(pages) / (time.perf_counter() - started)


def measure_poll(bus_url: str, folder: Path, feeds: str) -> dict[str, float]:
    """One poll of every feed from the first request to the last acknowledged article, in this process."""
    from geowire.bus import open_bus  # noqa: PLC0415  # the bare measurement must not import it
    from geowire.settings import load_settings  # noqa: PLC0415
    from geowire.topics import ARTICLES, TOPICS  # noqa: PLC0415
    from ingest.poll import open_ingest, poll_in_shards  # noqa: PLC0415
    from ingest.report import ShardReport  # noqa: PLC0415

    settings = load_settings(
        bus=bus_url,
        data=folder,
        feeds=feeds,
        allow_private_networks=(ip_network("127.0.0.0/8"),),
        max_age=timedelta(days=3_650),
    )

    async def poll() -> tuple[int, float]:
        async with open_ingest(settings, bus) as ingest:
            await ingest.warm_up()
            started = time.perf_counter()

            async def shard(size: int, _number: int, _of: int) -> ShardReport:
                return await ingest.poll_some(size, all_feeds=True)

            await poll_in_shards(ingest, shard, all_feeds=True)
            report = await ingest.finish()
            return report.entries.get("published", 0), time.perf_counter() - started

    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        before = sum(extent.end for extent in bus.extents("bench", [ARTICLES.name]).values())
        published, seconds = asyncio.run(poll())
        after = sum(extent.end for extent in bus.extents("bench", [ARTICLES.name]).values())
    return {"published": published, "on_topic": after - before, "seconds": seconds}


class Memory(threading.Thread):
    """The peak of a process tree: proportional set sizes, so that shared pages count once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        """Sample until ended."""
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak_mb = max(self.peak_mb, sum(map(proportional_mb, tree_of(self._pid))))

    def end(self) -> float:
        """Stop; the peak in MB."""
        self._ended.set()
        self.join()
        return self.peak_mb


def tree_of(pid: int) -> list[int]:
    """A process and all that it has started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    tree, left = [], [pid]
    while left:
        tree.append(left.pop())
        left += children.get(tree[-1], [])
    return tree


def proportional_mb(pid: int) -> float:
    """The proportional set size; 0 for a process that has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


@dataclass(frozen=True)
class Bench:
    """Where the pages are and how many processes work."""

    shared: Path
    port: int
    workers: int

    def poll(self, feeds: str, bus_url: str | None = None) -> dict[str, float]:
        """A poll in a process of its own; its rate and the peak memory of its tree."""
        with tempfile.TemporaryDirectory(prefix="geowire-bench-") as folder:
            bus = bus_url or f"sqlite:///{folder}/bus.db"
            command = [sys.executable, __file__, str(self.shared), "--poll", folder, "--bus", bus, "--feeds", feeds]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                memory = Memory(process.pid)
                memory.start()
                printed, _ = process.communicate()
                peak = memory.end()
            if process.returncode:
                raise SystemExit("the poll failed")
        found = dict(json.loads(printed.splitlines()[-1]))
        return found | {"rate": found["published"] / found["seconds"], "memory": peak}

    def filter(self, pages: dict[str, str]) -> float:
        """Pages a second of `geowire extract`, from its first answer to its last."""
        lines = [json.dumps({"url": url, "html": html}) for url, html in pages.items()]
        command = [sys.executable, "-m", "cli.main", "extract"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            feeder = threading.Thread(target=_feed, args=(process.stdin, lines), daemon=True)
            feeder.start()
            process.stdout.readline()
            started = time.perf_counter()
            answers = [json.loads(line) for line in process.stdout]
            seconds = time.perf_counter() - started
        if [answer["requested_url"] for answer in answers] != list(pages)[1:]:
            raise SystemExit("geowire extract lost a line or its order")
        return len(answers) / seconds


def _feed(pipe: Any, lines: list[str]) -> None:
    for line in lines:
        pipe.write(line + "\n")
    pipe.close()


def main() -> int:
    """Run the benchmark, or one measurement of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--copies", type=int, default=7)
    parser.add_argument("--port", type=int, default=18_993)
    parser.add_argument("--kafka", action="store_true", help="also on a real Kafka, from the jars in .kafka/libs")
    parser.add_argument("--poll", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bus", help=argparse.SUPPRESS)
    parser.add_argument("--feeds", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.poll:
        print(json.dumps(measure_poll(arguments.bus, arguments.poll, arguments.feeds)))
        return 0
    return compare(arguments)


def compare(arguments: argparse.Namespace) -> int:
    """Everything in one run; whether the limits hold."""
    bench = Bench(arguments.shared.resolve(), arguments.port, len(os.sched_getaffinity(0)))
    checks: dict[str, bool] = {}
    with newsworld(bench.shared, bench.port, 1) as address:
        small_pages = pages_of(address)
        small_bare = bare_rate(list(small_pages.values()), bench.workers)
        small = bench.poll(f"{address}/feeds.opml")
        filtered = bench.filter(small_pages)
        small_bare = (small_bare + bare_rate(list(small_pages.values()), bench.workers)) / 2
    with newsworld(bench.shared, bench.port, arguments.copies) as address, ExitStack() as stack:
        pages = pages_of(address)
        before = bare_rate(list(pages.values()), bench.workers)
        large = bench.poll(f"{address}/feeds.opml")
        if arguments.kafka:
            on_kafka = bench.poll(f"{address}/feeds.opml", stack.enter_context(kafka()))
        rate = (before + bare_rate(list(pages.values()), bench.workers)) / 2
    ratio, small_ratio = large["rate"] / rate, small["rate"] / small_bare
    print(f"bare pool of {bench.workers}: {small_bare:.1f} pages/s of {len(small_pages)}, {rate:.1f} of {len(pages)}")
    print(f"end to end: {small['rate']:.1f} articles/s of {len(small_pages)}, {large['rate']:.1f} of {len(pages)}")
    for name, row, count in (("small", small, len(small_pages)), ("large", large, len(pages))):
        checks[f"{name}: {row['published']:.0f} published, {row['on_topic']:.0f} on the topic, of {count}"] = (
            row["published"] == row["on_topic"] == count
        )
    checks[f"embedded bus: {ratio:.3f} of the bare pool (at least {EMBEDDED})"] = ratio >= EMBEDDED
    drift = abs(ratio / small_ratio - 1)
    checks[f"{len(small_pages)} to {len(pages)} articles: {drift:.1%} apart (limit {DRIFT:.0%})"] = drift <= DRIFT
    if arguments.kafka:
        kafka_ratio = on_kafka["rate"] / rate
        checks[f"Kafka: {kafka_ratio:.3f} of the bare pool (at least {KAFKA})"] = kafka_ratio >= KAFKA
    checks[f"memory of the tree {large['memory']:.0f} MB (limit {MEMORY_MB})"] = large["memory"] < MEMORY_MB
    filter_ratio = filtered / small_bare
    checks[f"geowire extract: {filter_ratio:.3f} of the bare pool (at least {FILTER})"] = filter_ratio >= FILTER
    for line, holds in checks.items():
        print("ok  " if holds else "MISS", line)
    return 0 if all(checks.values()) else 1


def pages_of(address: str) -> dict[str, str]:
    """Every page of the newsworld by its address."""
    gold = json.loads(read(f"{address}/gold.json"))
    return {url: read(url).decode("utf-8", "replace") for url in gold}


@contextmanager
def kafka() -> Iterator[str]:
    """A real broker from the jars that `make test` fetches."""
    sys.path.insert(0, str(ROOT / "tests"))
    from servers.kafka_broker import kafka_broker  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="geowire-kafka-") as folder, kafka_broker(LIBS, Path(folder)) as server:
        yield f"kafka://{server}"


if __name__ == "__main__":
    sys.exit(main())
