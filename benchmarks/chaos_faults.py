"""Does what a plan says, and measures how long the pipeline takes to be at work again."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from servers.processes import wait_until

from benchmarks.chaos_plan import Act, Fault
from benchmarks.chaos_programs import Program, Supervisor, kill, worker_of
from benchmarks.chaos_progress import Observer, Standings, has_moved, is_at_work_or_idle
from benchmarks.chaos_servers import fill, give_space

LONGEST_RECOVERY = 150.0
LONGEST_START = 120.0


@dataclass(frozen=True, slots=True)
class Suffered:
    """A fault that was done, and what came of it."""

    fault: Fault
    at: float
    """Seconds since the run began."""
    pid: int | None
    recovery: float | None
    """Seconds from its end until everything that it interrupted was at work again; None: not in time."""
    was_idle: bool = False
    """Nothing came meanwhile that the interrupted could have worked on."""


@dataclass(slots=True)
class Tormentor:
    """Does faults to the programs of a supervisor."""

    supervisor: Supervisor
    observer: Observer
    disk: Path
    idle_seconds: float
    """What has nothing to do for so long after a fault counts as recovered."""
    _began: float = field(default_factory=time.monotonic)
    _never: threading.Event = field(default_factory=threading.Event)

    def suffer(self, fault: Fault) -> Suffered:
        """Wait, do it, undo it, wait for the recovery."""
        self._never.wait(fault.calm)
        at = time.monotonic() - self._began
        pid = self._acts()[fault.kind.act](fault)
        return Suffered(fault, at, pid, *self._recovery(fault))

    def _acts(self) -> dict[Act, Callable[[Fault], int | None]]:
        return {
            "kill -9": lambda fault: self._send(fault, signal.SIGKILL),
            "kill -9 a worker": self._kill_worker,
            "stop": self._stop,
            "shut down at once": lambda fault: self._send(fault, signal.SIGQUIT),
            "fill": self._fill,
        }

    def _send(self, fault: Fault, number: signal.Signals) -> int | None:
        process = self._running(fault.kind.target).process
        if process is None:
            return None
        process.send_signal(number)
        process.wait(LONGEST_START)
        return process.pid

    def _kill_worker(self, _: Fault) -> int | None:
        poller = self._running("poller")
        workers: list[int] = []

        def found() -> bool:
            if poller.pid is not None and (worker := worker_of(poller.pid)) is not None:
                workers.append(worker)
            return bool(workers)

        wait_until(found, "a worker process", LONGEST_START)
        kill(workers[0])
        return workers[0]

    def _stop(self, fault: Fault) -> int | None:
        program = self._running(fault.kind.target)
        program.send(signal.SIGSTOP)
        self._never.wait(fault.seconds)
        program.send(signal.SIGCONT)
        return program.pid

    def _fill(self, fault: Fault) -> None:
        fill(self.disk)
        self._never.wait(fault.seconds)
        give_space(self.disk)

    def _running(self, name: str) -> Program:
        program = self.supervisor.programs[name]
        wait_until(lambda: program.pid is not None, name, LONGEST_START)
        return program

    def _recovery(self, fault: Fault) -> tuple[float | None, bool]:
        began = time.monotonic()
        before: Standings | None = None
        idle_since: float | None = None
        while (now := time.monotonic() - began) < LONGEST_RECOVERY:
            standings = self.observer.look() if self._is_up(fault) else None
            if standings is not None:
                before = before or standings
                if has_moved(before, standings, fault.kind.interrupts):
                    return now, False
                is_settled = is_at_work_or_idle(before, standings, fault.kind.interrupts)
                idle_since = (idle_since or now) if is_settled else None
            if idle_since is not None and now - idle_since > self.idle_seconds:
                return idle_since, True
            self._never.wait(0.1)
        return None, False

    def _is_up(self, fault: Fault) -> bool:
        return fault.kind.target == "disk" or self.supervisor.programs[fault.kind.target].pid is not None
