"""`geowire run` with feeds that grow, watched from outside: memory by process, files by size, runs by state."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers.processes import accepts, free_port, running, wait_until

from benchmarks.chaos_programs import Program, children, descendants
from benchmarks.chaos_servers import newsworld_program
from flows.server import environment, is_ready, server_command

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
COPIES = 7
NAMES = {
    "flows.prefect_server": "prefect-server",
    "flows.serve": "flows",
    "process tag": "tag",
    "process relate": "relate",
    "process flag": "flag",
}
"""The long-lived processes by what stands in their command line."""
DRAIN_SECONDS = 200.0
PAGE = 200
UNFINISHED = frozenset({"Running", "Pending", "Submitting", "Cancelling"})
PARDON_SECONDS = 150.0
"""So long may a server that starts again take to find out that a run is dead."""


@dataclass(slots=True)
class Feeds:
    """A news web with seven editions, published one after the other."""

    folder: Path
    site: str
    published: int = 0

    @property
    def catalogue(self) -> Path:
        """The feed list that geowire reads anew at each poll."""
        return self.folder / "feeds.opml"

    def publish(self, editions: int) -> None:
        """Let so many editions be in the feed list."""
        if editions == self.published:
            return
        with urllib.request.urlopen(f"{self.site}/feeds.opml", timeout=30) as answer:  # noqa: S310  # our own
            tree = ET.fromstring(answer.read())  # noqa: S314  # our own
        body = tree.find("body")
        assert body is not None
        for row in list(body):
            if int(row.attrib["xmlUrl"].split(".")[2]) > editions:
                body.remove(row)
        waiting = self.catalogue.with_suffix(".new")
        waiting.write_bytes(ET.tostring(tree))
        waiting.replace(self.catalogue)
        self.published = editions


@contextmanager
def growing_feeds(shared: Path, folder: Path) -> Iterator[Feeds]:
    """The news web, its first edition published."""
    program, site = newsworld_program(shared, folder, COPIES, 5.0, 0.0)
    program.start()
    try:
        address, _, port = site.removeprefix("http://").partition(":")
        wait_until(lambda: accepts(int(port), address), "the news web")
        feeds = Feeds(folder, site)
        feeds.publish(1)
        yield feeds
    finally:
        program.end()


@dataclass(slots=True)
class Household:
    """A running `geowire run`."""

    folder: Path
    port: int
    program: Program
    ends: Counter[str] = field(default_factory=Counter)
    """How often a long-lived process was another one than before."""
    _pids: dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The folder of all embedded files."""
        return self.folder / "data"

    def memory(self) -> dict[str, float]:
        """Bytes of each long-lived process: proportional set size, of the server with what it started."""
        if self.program.pid is None:
            raise SystemExit(f"soak: geowire run ended; see {self.program.log}")
        found = {"geowire run": resident(self.program.pid)}
        for pid in children(self.program.pid):
            name = name_of(pid)
            if name is None:
                continue
            self.ends[name] += self._pids.setdefault(name, pid) != pid
            self._pids[name] = pid
            tree = [pid, *descendants(pid)] if name == "prefect-server" else [pid]
            found[name] = sum(map(resident, tree))
        return found

    def related(self) -> float:
        """Articles that relate has taken in."""
        try:
            with closing(sqlite3.connect(f"file:{self.data / 'relate.db'}?mode=ro", uri=True)) as state:
                (taken,) = state.execute("SELECT sum(next) FROM stage_offset").fetchone()
        except sqlite3.OperationalError:
            return 0.0
        return float(taken or 0)

    def files(self) -> dict[str, float]:
        """Bytes of each file."""
        return {str(path.relative_to(self.data)): size_of(path) for path in self.data.rglob("*") if path.is_file()}


def size_of(path: Path) -> float:
    """Bytes; 0 if it has gone."""
    try:
        return float(path.stat().st_size)
    except FileNotFoundError:
        return 0.0


def name_of(pid: int) -> str | None:
    """Which long-lived process it is."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return None
    return next((name for part, name in NAMES.items() if part in command), None)


def resident(pid: int) -> float:
    """Proportional set size in bytes; 0 for a process that has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(1024.0 * int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


@contextmanager
def household(folder: Path, feeds: Feeds, every: str) -> Iterator[Household]:
    """`geowire run` at work; at the end it is told to drain."""
    port = free_port()
    command = [sys.executable, "-m", "cli.main", "run", "--port", str(port), "--every", every]
    program = Program("geowire run", command, folder / "run.log", surroundings(folder, feeds), folder)
    program.start()
    try:
        wait_until(lambda: is_ready(HOST, port) or program.pid is None, "the Prefect server", 180)
        yield Household(folder, port, program)
    finally:
        program.send(signal.SIGTERM)
        assert program.process is not None
        try:
            program.process.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            program.end()


def surroundings(folder: Path, feeds: Feeds) -> dict[str, str]:
    """The environment: feeds are due at each poll."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "GEOWIRE_DATA": str(folder / "data"),
        "GEOWIRE_FEEDS": str(feeds.catalogue),
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "3650d",
        "GEOWIRE_POLL_INTERVAL": "10s",
        "GEOWIRE_STORIES_MAX": "100",  # reached on the way, so that relate shows whether its bound holds
        "GEOWIRE_POLL_INTERVAL_MIN": "10s",
        "GEOWIRE_POLL_INTERVAL_MAX": "30s",
    }


def ask(port: int, path: str, query: Mapping[str, Any]) -> Any:
    """POST to the Prefect API."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api{path}", json.dumps(query).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def run_states(port: int) -> dict[str, int]:
    """Flow runs by the name of their state: a late one is `Late`."""
    names: Counter[str] = Counter()
    offset = 0
    while runs := ask(port, "/flow_runs/filter", {"limit": PAGE, "offset": offset, "sort": "ID_DESC"}):
        names.update(run["state_name"] for run in runs)
        offset += PAGE
    return dict(names)


def states_after(folder: Path) -> dict[str, int]:
    """What the database says once everything has ended, after a server had time to find what is dead."""
    port, home = free_port(), folder / "data" / "prefect"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = inherited | environment(home, HOST, port) | {"PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false"}
    with running(server_command(HOST, port), folder / "after.log", env=own, cwd=folder):
        wait_until(lambda: is_ready(HOST, port), "the Prefect server", 180)
        with suppress(TimeoutError):
            wait_until(lambda: not UNFINISHED & run_states(port).keys(), "unfinished runs to end", PARDON_SECONDS)
        return run_states(port)
