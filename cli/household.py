"""The processes of one machine: started in order, started again when they fail, ended in reverse."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cli.console import note
from flows.server import is_ready
from geowire.errors import Transient

SERVER = "prefect-server"
DRAIN_SECONDS = 60.0
READY_SECONDS = 180.0
RESTART_SECONDS = 2.0
LOOK_SECONDS = 0.5
LOG_BYTES = 10_000_000


@dataclass(slots=True)
class Household:
    """The processes of one machine: started in order, started again when they fail, ended in reverse."""

    environment: Mapping[str, str]
    logs: Path
    _commands: dict[str, Sequence[str]] = field(default_factory=dict)
    _additions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self, name: str, command: Sequence[str], additions: Mapping[str, str] | None = None) -> None:
        """Start a process, its output in a log file; nothing once the household is ending."""
        if self._stop.is_set():
            return
        own = self._additions.setdefault(name, additions or {})
        self._commands[name] = command
        with self._log_of(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603  # our own commands
                command, env={**self.environment, **own}, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """Begin to end."""
        self._stop.set()

    def wait_until_ready(self, host: str, port: int) -> None:
        """Wait for the server. Raises `Transient` if it does not come up."""
        waited = 0.0
        while not self._stop.is_set() and not is_ready(host, port):
            self._stop.wait(LOOK_SECONDS)
            waited += LOOK_SECONDS
            if waited > READY_SECONDS or self._processes[SERVER].poll() is not None:
                raise Transient(f"the Prefect server did not start; see {self.logs / 'prefect-server.log'}")

    def watch(self) -> None:
        """Until stopped, start again whatever ends, and keep the logs short."""
        while not self._stop.wait(LOOK_SECONDS):
            for name, process in list(self._processes.items()):
                cap_log(self._log_of(name))
                if process.poll() is not None:
                    note(f"geowire: {name} ended with {process.returncode}; started again, see {self._log_of(name)}")
                    self._stop.wait(RESTART_SECONDS)
                    self.start(name, self._commands[name])

    def drain(self, settle: Callable[[], object]) -> None:
        """End the processes in reverse, each given time for what it has in hand; settle while the server lives."""
        self._stop.set()
        for name, process in reversed(self._processes.items()):
            if name == SERVER:
                settle()
            note(f"geowire: ending {name}")
            end(process)

    def _log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def end(process: subprocess.Popen[bytes], seconds: float = DRAIN_SECONDS) -> None:
    """Ask a process to end; what is left of its session after so long, or after it, is killed."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def cap_log(log: Path, most: int = LOG_BYTES) -> None:
    """Begin a long log anew, the old one beside it as `.1`: whoever writes at the end of it writes on."""
    if log.exists() and log.stat().st_size > most:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
