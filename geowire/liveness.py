"""Whether the process that held something still exists, so that what a dead one held is free at once.

It can tell only for processes of this machine; for others a lease has to run out.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """`host/pid/start`: no later process has the same, even with the pid used again."""
    return identity_of(os.getpid())


def identity_of(pid: int) -> str:
    """The same for another process of this machine."""
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def is_gone(identity: str) -> bool:
    """True if it was a process of this host and exists no more; False if it lives or cannot be known."""
    return _lives(identity) is False


def is_alive(identity: str) -> bool:
    """True if it is a process of this host and lives; False if it is gone or cannot be known."""
    return _lives(identity) is True


def _lives(identity: str) -> bool | None:
    try:
        host, pid, started = identity.split("/")
        number = int(pid)
    except ValueError:
        return None
    if host != socket.gethostname():
        return None
    return _exists(number) and started == _started(number)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str:
    """Start time in clock ticks since boot (field 22 of /proc/PID/stat), or `-` where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    state, *rest = stat.rpartition(")")[2].split()
    return "-" if state == "Z" else rest[18]
