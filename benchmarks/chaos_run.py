"""One chaos run from the first process to the verdict."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from servers.processes import wait_until
from sqlalchemy import Connection, func, select

from benchmarks.chaos_faults import Suffered, Tormentor
from benchmarks.chaos_plan import STAGES, Fault, Kind
from benchmarks.chaos_programs import Program, Supervisor
from benchmarks.chaos_progress import Observer, is_idle
from benchmarks.chaos_servers import kafka_program, postgres_program, small_disk
from benchmarks.chaos_table import fault_row
from benchmarks.chaos_verdict import WATCHES, Books, Findings, Line, verdict
from geowire.bus import Bus, Delivery, open_bus
from geowire.topics import FEEDS, TOPICS
from ingest.database import Database
from ingest.state_tables import ARTICLE, ENTRY, OUTBOX, OUTCOME
from local.postgres import find_binaries

ROOT = Path(__file__).parent.parent
LIBS = ROOT / ".kafka" / "libs"
LONGEST_QUIET = 780.0
"""Longer than a host is left alone whose robots.txt could not be had."""
LOOK_SECONDS = 1.0
TOLD_EVERY = 50
ORPHAN_SECONDS = 30.0
QUIET_LOOKS = 5
"""Looks in a row that find nothing to do."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Feeds:
    """A news web: its program, its catalogue, and the addresses of its articles once it runs."""

    program: Program
    catalogue: str
    addresses: Callable[[], frozenset[str]]
    articles: int = 0
    """How many there are, where the addresses are not known."""
    feed_only: int = 0
    """How many have no page of their own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the programs are set up."""

    environment: Mapping[str, str]
    embedded: bool = False
    idle_seconds: float = 10.0
    """What has nothing to do for so long after a fault counts as recovered."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens."""

    bus_url: str
    state_url: str
    disk: Path
    can_fill: bool
    """Whether the disk is small enough to be filled."""
    supervisor: Supervisor

    def can_suffer(self, kind: Kind) -> bool:
        """Whether a kind of fault can be done here."""
        return kind.target != "disk" or self.can_fill


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a run."""

    suffered: Sequence[Suffered]
    lines: Sequence[Line]
    ends: Mapping[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return all(line.holds for line in self.lines) and all(one.recovery is not None for one in self.suffered)


def run(folder: Path, feeds: Feeds, setting: Setting, faults: Callable[[Place], Sequence[Fault]], say: Say) -> Told:
    """Start everything, do the faults, wait until nothing moves, end everything, read it raw."""
    with place_for(folder, feeds, setting) as place, closing(Observer(place.bus_url)) as observer:
        tormentor = Tormentor(place.supervisor, observer, place.disk, setting.idle_seconds)
        suffered = []
        planned = faults(place)
        await_flow(observer)
        for number, fault in enumerate(planned, 1):
            suffered.append(tormentor.suffer(fault))
            say(f"{number:3}/{len(planned)}  " + "  ".join(fault_row(suffered[-1])))
        addresses = feeds.addresses()
        expected = len(addresses) or feeds.articles
        say("quiet: waiting until nothing moves")
        await_quiet(place, observer, expected, say)
        place.supervisor.stop("poller", *STAGES)
        with suppress(TimeoutError):  # they see that their poller is gone once they are loaded; the verdict tells
            wait_until(lambda: not place.supervisor.left_behind(), "what was started to end", ORPHAN_SECONDS)
        found = Findings(
            read_topics(place.bus_url), expected, addresses, read_books(place.state_url),
            feeds.feed_only, tracebacks(folder), place.supervisor.left_behind(),
        )  # fmt: skip
    ends = {f"{name} {code}": count for (name, code), count in sorted(place.supervisor.ends.items())}
    return Told(suffered, list(verdict(found)), ends)


@contextmanager
def place_for(folder: Path, feeds: Feeds, setting: Setting) -> Iterator[Place]:
    """Everything runs, looked after by a supervisor; at the end nothing does."""
    with ExitStack() as stack:
        disk = folder / "disk"
        can_fill = stack.enter_context(small_disk(disk))
        bus_url, state_url, programs = servers(folder, disk, embedded=setting.embedded)
        environment = {**surroundings(disk, feeds, bus_url, state_url), **setting.environment}
        programs |= {"feeds": feeds.program} | pipeline(folder, environment)
        supervisor = Supervisor(programs)
        stack.callback(supervisor.stop, *reversed(programs))
        supervisor.start()
        yield Place(bus_url, state_url, disk, can_fill, supervisor)


def servers(folder: Path, disk: Path, *, embedded: bool) -> tuple[str, str, dict[str, Program]]:
    """Bus, state, and the programs that they need."""
    if embedded:
        return f"sqlite:///{disk / 'bus.db'}", f"sqlite:///{disk / 'ingest.db'}", {}
    binaries = find_binaries()
    if binaries is None or not any(LIBS.glob("kafka_*.jar")):
        raise SystemExit("chaos: install PostgreSQL's server and run `make .kafka/libs/.copied`, or write EMBEDDED=1")
    postgres, state_url = postgres_program(binaries, folder / "postgres")
    broker, bus_url = kafka_program(LIBS, folder / "kafka")
    return bus_url, state_url, {"postgres": postgres, "broker": broker}


def surroundings(disk: Path, feeds: Feeds, bus_url: str, state_url: str) -> dict[str, str]:
    """The environment of geowire's programs."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "GEOWIRE_BUS": bus_url,
        "GEOWIRE_STATE": state_url,
        "GEOWIRE_DATA": str(disk),
        "GEOWIRE_FEEDS": feeds.catalogue,
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MEMBER": "chaos",
        "GEOWIRE_BATCH": "20",
        "GEOWIRE_WATCHES": str(WATCHES),
    }


def pipeline(folder: Path, environment: Mapping[str, str]) -> dict[str, Program]:
    """The poller, which ends after each poll, and the stages."""
    commands = {"poller": ["poll"]} | {name: ["process", name] for name in STAGES}
    return {
        name: Program(name, [sys.executable, "-m", "cli.main", *arguments], folder / f"{name}.log", environment, folder)
        for name, arguments in commands.items()
    }


def await_flow(observer: Observer) -> None:
    """Wait until articles flow through every stage."""
    deadline = time.monotonic() + LONGEST_QUIET
    while time.monotonic() < deadline:
        now = observer.look()
        if now is not None and all(standing.position for standing in now.values()):
            return
        threading.Event().wait(0.2)
    raise SystemExit("chaos: nothing flows; see the logs")


def await_quiet(place: Place, observer: Observer, expected: int, say: Say) -> None:
    """Wait until every article is published and every stage has read everything, for some looks in a row."""
    deadline, looks, told = time.monotonic() + LONGEST_QUIET, 0, -TOLD_EVERY
    while looks < QUIET_LOOKS and time.monotonic() < deadline:
        books, now = read_books(place.state_url), observer.look()
        if books.articles >= min(expected, told + TOLD_EVERY) > told:
            say(f"  {books.articles} of {expected} articles")
            told = books.articles
        is_done = books.articles >= expected and not books.outbox and set(books.entries) == {"done"}
        looks = looks + 1 if is_done and now is not None and is_idle(now) else 0
        threading.Event().wait(LOOK_SECONDS)


def read_topics(bus_url: str) -> dict[str, list[Delivery]]:
    """Everything on every topic, nothing left out."""
    with open_bus(bus_url) as bus:
        return {topic.name: read_topic(bus, topic.name) for topic in TOPICS}


def read_topic(bus: Bus, topic: str) -> list[Delivery]:
    """Everything on a topic."""
    found: list[Delivery] = []
    with bus.read(topic) as reader:
        while not reader.at_end():
            found += reader.poll(500, 1.0)
    return found


def read_books(state_url: str) -> Books:
    """What ingest has written down."""
    database = Database(SecretStr(state_url))
    try:
        return database.run_here(books_in)
    finally:
        database.close()


def books_in(connection: Connection) -> Books:
    """Entries by status and by outcome, and the outbox."""
    entries = connection.execute(select(ENTRY.c.status, func.count()).group_by(ENTRY.c.status)).all()
    outcomes = connection.execute(
        select(OUTCOME.c.outcome, func.sum(OUTCOME.c.count)).group_by(OUTCOME.c.outcome)
    ).all()
    articles = connection.execute(select(func.count()).select_from(ARTICLE)).scalar_one()
    # how each poll of a feed ended is told without end, so the last of it may wait when the poller is ended
    waiting = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.topic != FEEDS.name)
    outbox = connection.execute(waiting).scalar_one()
    return Books(
        {str(status): int(count) for status, count in entries},
        {str(outcome): int(count) for outcome, count in outcomes},
        int(articles),
        int(outbox),
    )


def tracebacks(folder: Path) -> dict[str, int]:
    """Tracebacks in the logs of geowire's own programs."""
    counts = {
        name: (folder / f"{name}.log").read_text("utf-8", "replace").count("Traceback (")
        for name in ("poller", *STAGES)
    }
    return {name: count for name, count in counts.items() if count}
