"""The `geowire` command as a person runs it: processes of its own, settings by environment, topics read raw."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geowire.bus import Delivery, open_bus
from geowire.errors import Misconfigured

STAGES = ("tag", "relate", "flag")


@dataclass(frozen=True)
class Commands:
    """Runs commands on one bus and one data folder."""

    folder: Path
    bus_url: str
    environment: dict[str, str]

    def run(self, *arguments: str, given: str = "", seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            self._command(arguments), input=given, capture_output=True, text=True, timeout=seconds, check=False,
            env=self._environment(), cwd=self.folder,
        )  # fmt: skip

    def done(self, *arguments: str, given: str = "") -> str:
        """A command that must succeed; what it printed."""
        result = self.run(*arguments, given=given)
        assert result.returncode == 0, f"{arguments}: {result.stderr}"
        return result.stdout

    def run_stages(self) -> None:
        """Each stage until it is idle."""
        for name in STAGES:
            self.done("process", name, "--until-idle")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on while the test does."""
        log = (self.folder / f"{'-'.join(arguments)}.log").open("ab")
        with log:
            return subprocess.Popen(
                self._command(arguments), env=self._environment(), cwd=self.folder, stdout=log, stderr=log
            )

    def raw(self, topic: str) -> list[Delivery]:
        """Everything on a topic, nothing left out; nothing if there is no such topic yet."""
        found: list[Delivery] = []
        try:
            with open_bus(self.bus_url) as bus, bus.read(topic) as reader:
                while not reader.at_end():
                    found += reader.poll(500, 1.0)
        except Misconfigured:
            return []
        return found

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "cli.main", *arguments]

    def _environment(self) -> dict[str, str]:
        own = {"GEOWIRE_BUS": self.bus_url, "GEOWIRE_DATA": str(self.folder / "data")}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return inherited | own | self.environment


@dataclass(frozen=True)
class Finished:
    """A poll and all stages, done."""

    commands: Commands
    report: dict[str, Any]
    """What the poll said."""
