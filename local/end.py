"""Ending what was started: by the ids that were written down, those started last first."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from local.record import MARKER, Running, forget_record, read_record

DRAIN_SECONDS = 30.0
"""A stage finishes its batch; what takes longer is killed, which loses nothing but time."""
LOOK_SECONDS = 0.1
PARTS = ("logs", "tmp")


def end_all(processes: Sequence[Running], say: Callable[[str], None]) -> None:
    """End the processes and what is left of their groups, level by level."""
    by_level = sorted(processes, key=lambda one: -one.level)
    for _, level in groupby(by_level, key=lambda one: one.level):
        ending = list(level)
        for process in ending:
            if process.is_alive:
                _send(process, process.stop_signal)
        if not gone_in_time(ending, DRAIN_SECONDS):
            late = [process.name for process in ending if process.is_alive]
            say(f"{', '.join(late)} did not end in {DRAIN_SECONDS:.0f} s; killed")
        for process in ending:
            _kill_group(process)
        gone_in_time(ending, DRAIN_SECONDS)


def gone_in_time(processes: Sequence[Running], seconds: float) -> bool:
    """Wait until none of them is alive."""
    ticks, deadline = threading.Event(), time.monotonic() + seconds
    while any(_is_there(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        ticks.wait(LOOK_SECONDS)
    return True


def clear(folder: Path, *, keep_data: bool) -> None:
    """Remove what the system has written; the folder itself if nothing is left in it."""
    if not (folder / MARKER).exists():
        return
    forget_record(folder)
    (folder / "env").unlink(missing_ok=True)
    for part in PARTS if keep_data else (*PARTS, "data"):
        shutil.rmtree(folder / part, ignore_errors=True)
    if not keep_data:
        (folder / MARKER).unlink()
        with contextlib.suppress(OSError):  # somebody put a file of his own there
            folder.rmdir()


def end_system(folder: Path, say: Callable[[str], None]) -> bool:
    """End what the record names; whether there was anything alive."""
    processes = read_record(folder)
    alive = [process.name for process in processes if process.is_alive]
    end_all(processes, say)
    forget_record(folder)
    return bool(alive)


def _is_there(process: Running) -> bool:
    with contextlib.suppress(ChildProcessError):  # whoever started it also has to take note of its end
        os.waitpid(process.pid, os.WNOHANG)
    return process.is_alive


def _send(process: Running, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _kill_group(process: Running) -> None:
    """What a process leaves behind in its group, such as a flow run, goes with it."""
    if process.owns_its_group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
