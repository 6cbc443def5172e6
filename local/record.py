"""What runs, written down: a process is known by its id and the time of its start, so that no other is taken for it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from geowire.liveness import identity_of, is_gone

MARKER = ".geowire-local"
"""A folder without it is not ours, and nothing in it is touched."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started; it leads a process group of its own."""

    name: str
    identity: str
    level: int
    """When it was started; the highest level is ended first."""
    stop_signal: int

    @property
    def pid(self) -> int:
        """Its number."""
        return int(self.identity.split("/")[1])

    @property
    def is_alive(self) -> bool:
        """Whether that very process runs; one that got the same number later does not count."""
        return not is_gone(self.identity)

    @property
    def owns_its_group(self) -> bool:
        """Whether what is in its group can only be its own: a number is not given away while a group has it."""
        return self.is_alive or is_gone(identity_of(self.pid))


def read_record(folder: Path) -> tuple[Running, ...]:
    """What was started; nothing if nothing was."""
    try:
        rows = json.loads((folder / "system.json").read_text(encoding="utf-8"))
        return tuple(Running(**row) for row in rows)
    except FileNotFoundError:
        return ()


def write_record(folder: Path, processes: Sequence[Running]) -> None:
    """Write it down, all or nothing."""
    beside = folder / "system.json.new"
    beside.write_text(json.dumps([asdict(process) for process in processes], indent=1), encoding="utf-8")
    beside.replace(folder / "system.json")


def forget_record(folder: Path) -> None:
    """Nothing runs any more."""
    (folder / "system.json").unlink(missing_ok=True)


def claim_folder(folder: Path) -> bool:
    """Make the folder, or take it if it is ours; False if it is somebody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MARKER).exists() and any(folder.iterdir()):
        return False
    (folder / MARKER).touch()
    for part in ("logs", "data", "tmp"):
        (folder / part).mkdir(exist_ok=True)
    os.chmod(folder / "logs", 0o700)  # noqa: PTH101  # what a server logs is for its owner
    return True
