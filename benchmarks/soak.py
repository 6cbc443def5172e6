"""Soak: `geowire run` for a long time with feeds that grow; memory, files and runs must stay within bounds.

    python -m benchmarks.soak SHARED [--minutes 30] [--every 30s]

SHARED is the folder with `newsworld/serve.py` and `data/pages`. Seven editions of its pages are published, 994 articles
in all: the first three at once, to fill what has a limit, then one after the other. Prints a table, a chart of memory,
and a verdict; exits 1 if anything is out of bounds.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.chaos_table import markdown_table
from benchmarks.chaos_verdict import Line, examples
from benchmarks.soak_household import (
    COPIES,
    UNFINISHED,
    Feeds,
    Household,
    growing_feeds,
    household,
    run_states,
    states_after,
)
from benchmarks.soak_series import Series, chart, megabytes
from flows.server import SERVER_ENVIRONMENT
from geowire.topics import TOPICS

GROWTH = 0.05
AT_ONCE = 3
SAMPLES = 240
WAL_BYTES = 64_000_000
"""SQLite's journal is written back into the file at 4 MB; more only while a long transaction or reader is at it."""
STEADY = 1.5
"""A file may grow in the second half at most so many times as much as in the first, or by `NOISE` bytes."""
NOISE = 8_000_000
LATE = 3
"""As many runs may be late as there are deployments: none waits for two intervals."""


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", default="30s", help="how often each flow runs")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data, kept; else they go at the end")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must be ended
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return soak(arguments, arguments.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="geowire-soak-", ignore_cleanup_errors=True) as folder:
        return soak(arguments, Path(folder))


def soak(arguments: argparse.Namespace, folder: Path) -> int:
    """The whole run in a folder; 0 if everything is within bounds."""
    print(f"soak: {arguments.minutes:g} minutes, every flow each {arguments.every}; logs in {folder}", flush=True)
    memory: dict[str, Series] = {}
    files: dict[str, Series] = {}
    related = Series("related")
    with growing_feeds(arguments.shared, folder) as feeds:
        with household(folder, feeds, arguments.every) as home:
            watch(home, feeds, arguments.minutes * 60, (memory, files), related)
            states, ends = run_states(home.port), dict(+home.ends)
        after = states_after(folder)
    (folder / "samples.json").write_text(json.dumps({name: one.samples for name, one in (memory | files).items()}))
    lines = [*memory_lines(memory, related.gain), *file_lines(files), *run_lines(states, after)]
    lines.append(Line(not ends, f"long-lived processes started again: {examples(ends.items())}"))
    print("\n" + markdown_table(("process", "after warm-up", "at the end", "growth"), map(memory_row, memory.values())))
    print("\n" + chart(list(memory.values())))
    large = sorted(files.values(), key=lambda one: -one.last)[:10]
    print("\n" + markdown_table(("file", "first", "last", "by the minute"), [file_row(one) for one in large]))
    print("\n" + "\n".join(map(str, lines)))
    return 0 if all(line.holds for line in lines) else 1


def watch(
    home: Household, feeds: Feeds, seconds: float, kept: tuple[dict[str, Series], dict[str, Series]], related: Series
) -> None:
    """Sample until the time is up, publishing one edition after the other."""
    began, never = time.monotonic(), threading.Event()
    told = -1
    while (now := time.monotonic() - began) < seconds:
        feeds.publish(AT_ONCE + int(now / seconds * (COPIES - AT_ONCE + 1)))
        for series, sample in zip(kept, (home.memory(), home.files()), strict=True):
            for name, value in sample.items():
                series.setdefault(name, Series(name)).samples.append((now, value))
        related.samples.append((now, home.related()))
        if told != (told := int(now // 60)):
            print(f"  minute {told}: {sum(one.last for one in kept[0].values()) / 1e6:.0f} MB", flush=True)
        never.wait(seconds / SAMPLES)


def memory_row(one: Series) -> tuple[str, str, str, str]:
    """A process: medians in MB, and growth."""
    first, last = one.settled()
    return one.name, f"{megabytes(first)} MB", f"{megabytes(last)} MB", f"{one.growth:+.1%}"


def file_row(one: Series) -> tuple[str, str, str, str]:
    """A file: first and last size, and its rate."""
    began, ended = one.samples[0], one.samples[-1]
    rate = (ended[1] - began[1]) / max(1.0, ended[0] - began[0]) * 60
    return one.name, f"{megabytes(began[1])} MB", f"{megabytes(ended[1])} MB", f"{rate / 1000:+.0f} kB"


def memory_lines(memory: Mapping[str, Series], articles: float) -> Iterator[Line]:
    """No process grows, although articles keep coming."""
    for one in memory.values():
        grew = f"{one.name} grew by {one.growth:+.1%}, {megabytes(one.gain)} MB, after the warm-up"
        yield Line(one.growth < GROWTH, f"{grew} (limit {GROWTH:.0%})")
    yield Line(articles > 0, f"{articles:.0f} articles reached relate between the windows that are compared")


def file_lines(files: Mapping[str, Series]) -> Iterator[Line]:
    """Journals are short, the rest grows no faster than what is stored, and old things go."""
    long = [one.name for one in files.values() if one.name.endswith("-wal") and max(one.values) > WAL_BYTES]
    yield Line(not long, f"journals over {megabytes(WAL_BYTES)} MB: {examples(long)}")
    ever_faster = [one.name for one in files.values() if not one.name.endswith("-wal") and is_ever_faster(one)]
    yield Line(not ever_faster, f"files that grow ever faster: {examples(ever_faster)}")
    vacuum = SERVER_ENVIRONMENT.get("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "")
    yield Line("flow_runs" in vacuum and "events" in vacuum, f"Prefect's database forgets old: {vacuum or 'nothing'}")
    for_ever = [topic.name for topic in TOPICS if topic.retention_ms < 0 and topic.cleanup != "compact"]
    yield Line(not for_ever, f"topics kept for ever and not compacted: {examples(for_ever)}")


def is_ever_faster(one: Series) -> bool:
    """Whether it grew much more in the second half of the time than in the first."""
    first, second = one.halves()
    return second > max(STEADY * first, NOISE)


def run_lines(states: Mapping[str, int], after: Mapping[str, int]) -> Iterator[Line]:
    """Runs come to an end, and none waits long."""
    late = states.get("Late", 0)
    yield Line(late <= LATE, f"{late} runs late (at most {LATE}); all by state: {dict(states)}")
    failed = {name: count for name, count in states.items() if name in {"Failed", "Crashed", "TimedOut"}}
    yield Line(not failed, f"runs that failed: {examples(failed.items())}")
    left = {name: count for name, count in after.items() if name in UNFINISHED}
    yield Line(not left, f"runs left unfinished after the drain: {examples(left.items())}")
    completed = states.get("Completed", 0)
    yield Line(completed > 0, f"{completed} runs completed")


if __name__ == "__main__":
    sys.exit(main())
