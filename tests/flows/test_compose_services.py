"""The stages of the compose file, their commands run as processes. The others run in `tests/local`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from servers.processes import free_port, running, wait_until

from geowire.bus import open_bus
from geowire.topics import TOPICS
from local.compose import Service, read_services

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def service(name: str) -> Service:
    """A service as the compose file has it."""
    return read_services((ROOT / "docker-compose.yml").read_text("utf-8"), {"POSTGRES_PASSWORD": "x"})[name]


def health_check(name: str) -> list[str]:
    """The command by which the service is found ready."""
    said = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"][name]
    kind, *command = said["healthcheck"]["test"]
    assert kind == "CMD"
    return [str(word) for word in command]


def environment_of(name: str, folder: Path, **addresses: str) -> dict[str, str]:
    """The service's environment, with addresses of this machine in the place of the containers'."""
    local = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    return {**service(name).environment} | local | {"GEOWIRE_DATA": str(folder / "data")} | addresses


@pytest.mark.parametrize("name", ["tag", "relate", "flag", "exporter"])
def test_a_service_is_ready_and_runs_until_it_is_told_to_end(name: str, tmp_path: Path) -> None:
    """Its own health check finds it ready; SIGTERM, which `docker compose stop` sends, ends it with 0."""
    bus_url = f"sqlite:///{tmp_path / 'bus.db'}"
    with open_bus(bus_url) as bus:
        bus.ensure_topics(TOPICS)
    port = free_port()
    environment = environment_of(
        name, tmp_path, GEOWIRE_BUS=bus_url, GEOWIRE_STATE="", GEOWIRE_METRICS=f"127.0.0.1:{port}"
    )
    log = tmp_path / "stage.log"
    check = [sys.executable, *(word.replace(":9464/", f":{port}/") for word in health_check(name)[1:])]
    with running(service(name).command, log, env=environment, cwd=tmp_path) as process:
        wait_until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None, "the service to start")
        wait_until(lambda: subprocess.run(check, capture_output=True, check=False).returncode == 0, "it to be ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


def test_the_servers_command_is_the_one_that_is_tested() -> None:
    """The container starts the server as the tests do, but for its host and port."""
    assert service("prefect-server").command[:3] == ("prefect", "server", "start")
