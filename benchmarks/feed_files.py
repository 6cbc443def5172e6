"""Compares `parse_feed` with plain feedparser on folders of feed files: `python benchmarks/feed_files.py DATA`."""

# a program, no package: its table goes to the terminal
from __future__ import annotations

import io
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import feedparser  # what it is compared with

from ingest.feed_entry import ParsedFeed
from ingest.parse_feed import parse_feed

SETS = ("feedparser", "gofeed", "rss-parser", "reader", "kafka-connect-rss")
URL = "https://example.org/feeds/world.xml"
REASONS = ("over-limit", "same-entry-twice", "unreadable-entry", "not-news")
"""Problems that mean one entry fewer each; the others are about entries that are kept."""


@dataclass
class Score:
    """What came of one folder."""

    files: int = 0
    crashes: list[str] = field(default_factory=list)
    theirs: int = 0
    ours: int = 0
    explained: int = 0
    lost: list[str] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, path: Path) -> None:
        """Parse a file in both ways and compare."""
        data = path.read_bytes()
        self.files += 1
        started = time.process_time()
        try:
            feed = parse_feed(data, {}, URL)
        except Exception as error:  # noqa: BLE001  # a crash is what this looks for
            self.crashes.append(f"{path}: {type(error).__name__} {error}")
            return
        self.slowest = max(self.slowest, (time.process_time() - started, path.name))
        self._compare(path, feed, count_theirs(data))

    def _compare(self, path: Path, feed: ParsedFeed, theirs: int) -> None:
        explained = sum(feed.problems.get(reason, 0) for reason in REASONS)
        missing = theirs - len(feed.entries) - explained
        if missing > 0:
            self.lost.append(f"{path}: {missing} of {theirs} {feed.error or ''} {dict(feed.problems)}")
        self.theirs += theirs
        self.ours += len(feed.entries)
        self.explained += explained
        self.problems.update(feed.problems)
        self.errors.update([feed.error] if feed.error else [])


def count_theirs(data: bytes) -> int:
    """How many entries plain feedparser finds."""
    try:
        return len(feedparser.parse(io.BytesIO(data)).entries)
    except Exception:  # noqa: BLE001  # where it fails, nothing can be lost
        return 0


def feed_files(folder: Path) -> Iterator[Path]:
    """The files of a folder and those below it, in order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def measure(data: Path) -> dict[str, Score]:
    """The score of each set."""
    scores = {name: Score() for name in SETS}
    for name, score in scores.items():
        for path in feed_files(data / "feeds" / name):
            score.add(path)
    return scores


def report(scores: dict[str, Score]) -> None:
    """Print the table, and whatever was lost."""
    print(f"{'set':18} files crashes theirs  ours explained lost  slowest")
    for name, score in scores.items():
        figures = f"{score.files:5} {len(score.crashes):7} {score.theirs:6} {score.ours:5} {score.explained:9}"
        print(f"{name:18} {figures} {len(score.lost):4}  {score.slowest[0]:.2f} s {score.slowest[1]}")
    for name, score in scores.items():
        print(f"\n{name}: problems {dict(score.problems.most_common())}, no feed {dict(score.errors.most_common())}")
        print(*(f"  {line}" for line in (*score.crashes, *score.lost)), sep="\n")


def main() -> int:
    """Measure the folder that the command names; 1 if a file crashes or loses an entry without a reason."""
    scores = measure(Path(sys.argv[1]))
    report(scores)
    return int(any(score.crashes or score.lost for score in scores.values()))


if __name__ == "__main__":
    sys.exit(main())
