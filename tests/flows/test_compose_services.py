"""Every service of ours in the compose file, its command run as a process against a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers.prefect_server import PrefectServer
from servers.processes import SITES, accepts, free_port, running, wait_until

from geowire.bus import open_bus
from geowire.topics import ARTICLES, TOPICS

pytestmark = pytest.mark.prefect

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def service(name: str) -> dict[str, Any]:
    """A service as the compose file has it."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"][name])


def command_of(name: str) -> list[str]:
    """What the container runs: its entrypoint, or the image's, and its command."""
    found = service(name)
    return [*(found.get("entrypoint") or ["geowire"]), *(found.get("command") or [])]


def environment_of(name: str, folder: Path, **addresses: str) -> dict[str, str]:
    """The service's environment, with addresses of this machine in the place of the containers'."""
    said = {key: str(value) for key, value in service(name).get("environment", {}).items()}
    local = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "PREFECT_HOME": str(folder / "prefect")}
    return said | local | {"GEOWIRE_DATA": str(folder / "data")} | addresses


def test_deploy_and_worker_run_a_poll(pool_server: PrefectServer, tmp_path: Path) -> None:
    """The one-shot service makes pool and deployments; the worker runs what is asked of it."""
    port = free_port(SITES)
    bus_url = f"sqlite:///{tmp_path / 'bus.db'}"
    addresses = {
        "PREFECT_API_URL": f"{pool_server.ui}/api",
        "GEOWIRE_BUS": bus_url,
        "GEOWIRE_STATE": "",
        "GEOWIRE_FEEDS": f"http://127.0.0.1:{port}/feeds.yaml",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "36500d",
        "GEOWIRE_USER_AGENT": "geowire tests",
        "GEOWIRE_ALERT_WEBHOOK": "",
    }
    deploy = environment_of("deploy", tmp_path, **addresses)
    for _ in range(2):  # a container that starts again does it again
        done = subprocess.run(
            command_of("deploy"), env=deploy, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    poll = pool_server.ask("/deployments/name/poll-feeds/every-5-minutes")
    assert poll["work_pool_name"] == "geowire"
    assert poll["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"

    web = [sys.executable, "-m", "cli.sample_web", "--port", str(port)]
    worker = environment_of("worker", tmp_path, **addresses) | {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    with (
        running(web, tmp_path / "web.log", cwd=tmp_path),
        running(command_of("worker"), tmp_path / "worker.log", env=worker, cwd=tmp_path),
    ):
        wait_until(lambda: accepts(port), "the sample news web")
        run = pool_server.ask(f"/deployments/{poll['id']}/create_flow_run", {"parameters": {"all_feeds": True}})
        wait_until(lambda: state_of(pool_server, run["id"]) in {"COMPLETED", "FAILED", "CRASHED"}, "the run", 300)
        assert state_of(pool_server, run["id"]) == "COMPLETED", (tmp_path / "worker.log").read_text()
    with open_bus(bus_url) as bus:
        assert sum(extent.end for extent in bus.extents("tests", [ARTICLES.name]).values()) > 0


def state_of(server: PrefectServer, run_id: str) -> str:
    """The state of a flow run."""
    return str(server.ask(f"/flow_runs/{run_id}")["state_type"])


@pytest.mark.parametrize("name", ["tag", "relate", "flag"])
def test_a_stage_runs_until_it_is_told_to_end(name: str, tmp_path: Path) -> None:
    """The container's command keeps running; SIGTERM, which `docker compose stop` sends, ends it with 0."""
    bus_url = f"sqlite:///{tmp_path / 'bus.db'}"
    with open_bus(bus_url) as bus:
        bus.ensure_topics(TOPICS)
    environment = environment_of(name, tmp_path, GEOWIRE_BUS=bus_url, GEOWIRE_STATE="")
    log = tmp_path / "stage.log"
    with running(command_of(name), log, env=environment, cwd=tmp_path) as process:
        wait_until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None, "the stage to start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


def test_the_servers_command_is_the_one_that_is_tested() -> None:
    """The container starts the server as the tests do, but for its host and port."""
    assert command_of("prefect-server")[:3] == ["prefect", "server", "start"]
