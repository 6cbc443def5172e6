"""Each example reads a real stream from a real broker and ends with what stands, however often a message came."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, unavailable
from examples.stream import WIDE, Stream, publish_stream
from servers.processes import wait_until

from geowire.bus import Bus, open_bus

pytestmark = pytest.mark.kafka
FOLDER = ROOT / "examples"
CLEAN_ENDS = {0, 128 + signal.SIGTERM}
"""Java's own exit status after SIGTERM is the second, whatever a program does."""


@dataclass(frozen=True)
class Run:
    """One run of an example: where it reads, as whom, and where it keeps what it knows."""

    server: str
    topics: tuple[str, ...]
    group: str
    state: Path
    until_end: bool

    @property
    def options(self) -> list[str]:
        """The options that the scripts have in common."""
        end = ["--until-end"] if self.until_end else []
        return ["--bootstrap", self.server, "--state", str(self.state), *end]

    @property
    def group_options(self) -> list[str]:
        """The same, for those that are members of a group."""
        return [*self.options, "--topics", ",".join(self.topics), "--group", self.group]


def python(run: Run) -> list[str]:
    """The command of the example in Python."""
    return [sys.executable, str(FOLDER / "python/consume.py"), *run.group_options]


def node(run: Run) -> list[str]:
    """The command of the example in JavaScript."""
    if not (shutil.which("node") and (FOLDER / "node/node_modules").is_dir()):
        unavailable("no Node or none of its packages: install nodejs and npm and run `make examples`")
    return ["node", str(FOLDER / "node/consume.mjs"), *run.group_options]


def java(run: Run) -> list[str]:
    """The command of the example in Java."""
    jar = FOLDER / "java/target/consume.jar"
    if not (shutil.which("java") and jar.exists()):
        unavailable("no JDK or no consume.jar: install Java 17 and Maven and run `make examples`")
    end = ["--until-end"] if run.until_end else []
    return ["java", "-jar", str(jar), run.server, ",".join(run.topics), run.group, str(run.state), *end]


def kcat(run: Run) -> list[str]:
    """The command of the example for the shell; it reads flags alone."""
    if shutil.which("kcat") is None:
        unavailable("no kcat: install it")
    return [str(FOLDER / "kcat/consume.sh"), *run.options, "--topic", run.topics[-1]]


def rows(state: Path) -> int:
    """Effects that a SQLite file knows of."""
    with sqlite3.connect(state) as database:
        (count,) = database.execute("SELECT count(*) FROM seen").fetchone()
    database.close()
    return int(count)


def lines(state: Path) -> int:
    """Effects that a journal knows of."""
    return sum(line.startswith("{") for line in state.read_text("utf-8").splitlines())


def marked_lines(state: Path) -> int:
    """Effects in the journal of the shell script, which has a line for every message."""
    return sum(not line.endswith("\t-") for line in state.read_text("utf-8").splitlines())


Command = Callable[[Run], list[str]]
MEMBERS = [
    pytest.param(python, rows, id="python"),
    pytest.param(node, lines, id="node"),
    pytest.param(java, lines, id="java"),
]


@pytest.fixture(scope="module")
def open_broker(kafka_server: str) -> Iterator[Bus]:
    """A bus on the broker."""
    with open_bus(f"kafka://{kafka_server}") as bus:
        yield bus


@pytest.fixture(scope="module")
def stream(open_broker: Bus) -> Stream:
    """The stream, published once for all examples."""
    return publish_stream(open_broker, uuid.uuid4().hex[:8])


@pytest.fixture
def run(kafka_server: str, stream: Stream, tmp_path: Path) -> Run:
    """A first run, with nothing known."""
    group = f"example.{uuid.uuid4().hex[:8]}"
    return Run(kafka_server, (stream.tagged, stream.flagged), group, tmp_path / "state", until_end=True)


def again(run: Run) -> Run:
    """A run of a group that has committed nothing, with what the first one knew: a crash before every commit."""
    return Run(run.server, run.topics, run.group + ".again", run.state, until_end=False)


def printed(command: list[str]) -> tuple[list[str], str]:
    """What an example that ends by itself prints, and its complaints."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines(), result.stderr


def printed_at_end(command: list[str], is_through: Callable[[], bool]) -> list[str]:
    """What an example prints when it is asked to end once it is through."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: is_through() or process.poll() is not None, "the example to read everything")
            process.terminate()
            out, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode in CLEAN_ENDS, complaints
    return out.splitlines()


def is_read(bus: Bus, run: Run) -> bool:
    """Whether the group has committed everything."""
    return not any(extent.lag for extent in bus.extents(run.group, run.topics).values())


@pytest.mark.parametrize(("command", "effects"), MEMBERS)
def test_an_example_ends_with_what_stands(
    command: Command, effects: Callable[[Path], int], run: Run, stream: Stream, open_broker: Bus
) -> None:
    """Corrected, withdrawn, tagged anew, retracted, repeated, late, unknown, foreign: each has its effect or none."""
    found, complaints = printed(command(run))

    assert found == [*stream.articles, *stream.flags]
    assert complaints.count("skipped") == 2
    assert effects(run.state) == stream.distinct
    assert is_read(open_broker, run)


@pytest.mark.parametrize(("command", "effects"), MEMBERS)
def test_an_example_knows_after_a_crash_what_it_has_done(
    command: Command, effects: Callable[[Path], int], run: Run, stream: Stream, open_broker: Bus
) -> None:
    """All comes again to a process that knows nothing but its file: nothing is done twice, and SIGTERM ends it."""
    printed(command(run))
    tear(run.state)

    found = printed_at_end(command(again(run)), lambda: is_read(open_broker, again(run)))

    assert found == [*stream.articles, *stream.flags]
    assert effects(run.state) == stream.distinct


def test_the_shell_ends_with_the_flags_that_stand(run: Run, stream: Stream) -> None:
    """The same flags as the others have."""
    found, complaints = printed(kcat(run))

    assert found == list(stream.flags)
    assert complaints.count("skipped") == 1
    assert marked_lines(run.state) == stream.distinct_flags


def test_the_shell_knows_after_a_crash_what_it_has_done(run: Run, stream: Stream) -> None:
    """With its offsets lost it reads everything again and does nothing twice."""
    printed(kcat(run))
    known = run.state.read_text("utf-8")
    run.state.write_text(re.sub(r"(?m)^(\d+)\t\d+", r"\1\t0", known), "utf-8")
    tear(run.state)

    found = printed_at_end(kcat(again(run)), lambda: run.state.read_text("utf-8").count("\n") == 2 * known.count("\n"))

    assert found == list(stream.flags)
    assert marked_lines(run.state) == stream.distinct_flags


def tear(state: Path) -> None:
    """Half a line at the end of a journal, as a crash in the middle of a write leaves it; SQLite mends its own."""
    if not state.read_bytes().startswith(b"SQLite"):
        with state.open("a", encoding="utf-8") as journal:
            journal.write('{"ce_id": "torn')


def test_the_stream_has_the_trap_of_utf_16(stream: Stream) -> None:
    """Offsets taken for UTF-16 units would cut other words, so an example that does so fails here."""
    start = WIDE.index("United")
    units = WIDE.encode("utf-16-le")

    assert any("United States|Ukraine" in line for line in stream.articles)
    assert units[2 * start : 2 * start + 26].decode("utf-16-le") != "United States"
