"""Starting the processes level by level, each level when the one before is ready."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geowire.errors import Transient
from geowire.liveness import identity_of
from local import kafka, postgres
from local.compose import Service
from local.plan import Place, Planned, plan_ours, starting_levels
from local.ready import is_ready
from local.record import Running, write_record

READY_SECONDS = 240.0
LOOK_SECONDS = 0.1
ATTEMPTS = 3
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class System:
    """What is to be started, and with which servers of this machine."""

    services: Mapping[str, Service]
    place: Place
    kafka_libs: Path
    postgres_binaries: Path | None
    """None: the state is in SQLite."""


@dataclass(slots=True)
class Launch:
    """One start. What was started so far is in the record at any time."""

    system: System
    say: Callable[[str], None]
    started: list[Running] = field(default_factory=list)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self) -> None:
        """Start everything. Raises `Transient` naming the process that did not come up, and its log."""
        planned = plan(self.system)
        for level, names in enumerate(starting_levels(self.system.services, planned)):
            self.say(f"starting {', '.join(names)}")
            for name in names:
                self._prepare(name)
                self._start(planned[name], level)
            for name in names:
                self._wait(planned[name], level)
                self._finish(name)

    def _prepare(self, name: str) -> None:
        system = self.system
        if name == "kafka":
            kafka.format_storage(system.services[name], system.services, system.place, system.kafka_libs)
        if name == "postgres" and system.postgres_binaries:
            postgres.make_cluster(system.services[name], system.place, system.postgres_binaries)

    def _start(self, process: Planned, level: int) -> None:
        for folder in ("tmp", "data"):
            (self.system.place.folder / folder / process.name).mkdir(exist_ok=True)
        with self._log(process.name).open("ab") as log:
            begun = subprocess.Popen(  # noqa: S603  # our own commands
                process.command, env=dict(process.environment), cwd=self.system.place.root,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._processes[process.name] = begun
        stop = postgres.STOP if process.name == "postgres" else signal.SIGTERM
        others = [one for one in self.started if one.name != process.name]
        self.started = [*others, Running(process.name, identity_of(begun.pid), level, int(stop))]
        write_record(self.system.place.folder, [one for one in self.started if one.is_alive])

    def _wait(self, process: Planned, level: int) -> None:
        """Wait until it has come up; what ends at its start is started again, as Docker does it by `restart`."""
        for attempt in range(1, ATTEMPTS + 1):
            if self._comes_up(process):
                return
            status, log = self._processes[process.name].returncode, self._log(process.name)
            if attempt == ATTEMPTS:
                raise Transient(f"{process.name} ended {ATTEMPTS} times at its start, last with {status}; see {log}")
            self.say(f"{process.name} ended at its start with {status}; started again, see {log}")
            threading.Event().wait(PAUSE_SECONDS)
            self._start(process, level)

    def _comes_up(self, process: Planned) -> bool:
        """Whether it gets ready, or done if it is to end. Raises `Transient` if it takes too long."""
        ticks, deadline = threading.Event(), time.monotonic() + READY_SECONDS
        log = self._log(process.name)
        while (ended := self._processes[process.name].poll()) is None:
            if not process.is_one_shot and is_ready(process.name, log, self.system.place.ports):
                return True
            if time.monotonic() > deadline:
                raise Transient(f"{process.name} is not ready after {READY_SECONDS:.0f} s; see {log}")
            ticks.wait(LOOK_SECONDS)
        return process.is_one_shot and ended == 0

    def _finish(self, name: str) -> None:
        if name == "postgres":
            postgres.make_databases(self.system.services[name], self.system.place)

    def _log(self, name: str) -> Path:
        return self.system.place.folder / "logs" / f"{name}.log"


def plan(system: System) -> dict[str, Planned]:
    """Every process. Without PostgreSQL whoever would use it keeps its state in a file of its own."""
    services, place = system.services, system.place
    planned = plan_ours(services, place)
    planned["kafka"] = kafka.plan_kafka(services["kafka"], place, system.kafka_libs)
    if system.postgres_binaries:
        planned["postgres"] = postgres.plan_postgres(services["postgres"], place, system.postgres_binaries)
        return planned
    return {name: without_postgres(process) for name, process in planned.items()}


def without_postgres(process: Planned) -> Planned:
    """The process without settings that name PostgreSQL: geowire and Prefect then use SQLite in their data folder."""
    kept = {name: value for name, value in process.environment.items() if not value.startswith("postgresql")}
    return Planned(process.name, process.command, kept, process.is_one_shot)


def left_out(services: Mapping[str, Service], planned: Sequence[str]) -> list[str]:
    """Services that no process stands for here."""
    return sorted(services.keys() - set(planned))
