"""Programs that may be killed at any time, and the supervisor that starts them again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geowire.liveness import identity_of, is_gone

LOOK_SECONDS = 0.3
END_SECONDS = 60.0


@dataclass(slots=True)
class Program:
    """A command with its log file; a group of its own, so that Ctrl-C reaches only the supervisor."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    folder: str | Path = "/"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, its output added to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.pid is not None:
            self.process.send_signal(number)

    def end(self) -> None:
        """End it in good order, by force if it takes too long."""
        if self.process is None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Supervisor:
    """Starts again whatever ends, and remembers how it ended and what else it had started."""

    programs: Mapping[str, Program]
    ends: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each program ended with each code; negative: the signal."""
    offspring: set[tuple[str, int, str]] = field(default_factory=set)
    """Every process that a program has started: the program, the process, its start time."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start what does not run yet, and look after everything from now on."""
        for program in self.programs.values():
            if program.process is None:
                program.start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for program in self.programs.values():
                self._look_at(program)

    def _look_at(self, program: Program) -> None:
        if program.pid is not None:
            self.offspring |= {(program.name, pid, identity_of(pid)) for pid in descendants(program.pid)}
        elif program.process is not None:
            self.ends[program.name, program.process.returncode] += 1
            program.start()

    def stop(self, *names: str) -> None:
        """Start nothing again from now on, and end the programs that are named, in that order."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for name in names:
            self.programs[name].end()

    def left_behind(self) -> list[int]:
        """Processes that a program has started and that live although it has ended."""
        ended = {name for name, program in self.programs.items() if program.pid is None}
        return [pid for name, pid, identity in self.offspring if name in ended and not is_gone(identity)]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in path.read_text().split()]
        except OSError:
            continue
    return found


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def worker_of(poller: int) -> int | None:
    """A worker process of a poller: its fork server's child."""
    workers = [worker for server in children(poller) for worker in children(server)]
    return workers[0] if workers else None


def kill(pid: int) -> None:
    """End a process without a word."""
    os.kill(pid, signal.SIGKILL)
