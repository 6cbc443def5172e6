"""The stages of the compose file, their commands run as processes. The others run in `tests/local`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from servers.processes import running, wait_until

from geowire.bus import open_bus
from geowire.topics import TOPICS
from local.compose import Service, read_services

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def service(name: str) -> Service:
    """A service as the compose file has it."""
    return read_services((ROOT / "docker-compose.yml").read_text("utf-8"), {"POSTGRES_PASSWORD": "x"})[name]


def environment_of(name: str, folder: Path, **addresses: str) -> dict[str, str]:
    """The service's environment, with addresses of this machine in the place of the containers'."""
    local = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    return {**service(name).environment} | local | {"GEOWIRE_DATA": str(folder / "data")} | addresses


@pytest.mark.parametrize("name", ["tag", "relate", "flag"])
def test_a_stage_runs_until_it_is_told_to_end(name: str, tmp_path: Path) -> None:
    """The container's command keeps running; SIGTERM, which `docker compose stop` sends, ends it with 0."""
    bus_url = f"sqlite:///{tmp_path / 'bus.db'}"
    with open_bus(bus_url) as bus:
        bus.ensure_topics(TOPICS)
    environment = environment_of(name, tmp_path, GEOWIRE_BUS=bus_url, GEOWIRE_STATE="")
    log = tmp_path / "stage.log"
    with running(service(name).command, log, env=environment, cwd=tmp_path) as process:
        wait_until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None, "the stage to start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


def test_the_servers_command_is_the_one_that_is_tested() -> None:
    """The container starts the server as the tests do, but for its host and port."""
    assert service("prefect-server").command[:3] == ("prefect", "server", "start")
