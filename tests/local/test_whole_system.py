"""`make up-local` and `make down-local`, as a person types them: an article goes the whole way, and nothing is left."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import LIBS, ROOT, unavailable
from servers.processes import SITES, free_port, wait_until

from local.plan import Ports
from local.ready import ask_prefect, is_free
from local.record import Running, read_record

pytestmark = [pytest.mark.prefect, pytest.mark.kafka, pytest.mark.postgres]

KINDS = ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "work_pools", "variables", "events")
"""What Prefect knows of."""

NAMES = ("KAFKA", "POSTGRES", "PREFECT", "WEB", "METRICS")
PORTS = 5 + SITES + 16


@dataclass(frozen=True)
class Local:
    """The two commands on a folder and ports of their own."""

    folder: Path
    ports: Ports

    def make(self, target: str, *more: str, seconds: float = 280) -> subprocess.CompletedProcess[str]:
        """A target to its end."""
        ports = [f"{name}_PORT={getattr(self.ports, name.lower())}" for name in NAMES]
        python = [f"BIN={Path(sys.executable).parent}", "-o", ".venv/.installed", "-o", ".kafka/libs/.copied"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            ["make", "-s", target, f"LOCAL={self.folder}", *ports, *python, *more],
            cwd=ROOT, env=kept | {"PREFECT_WORKER_QUERY_SECONDS": "1"}, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip

    @property
    def settings(self) -> dict[str, str]:
        """What the file for a shell sets."""
        words = shlex.split((self.folder / "env").read_text())
        return dict(word.split("=", 1) for word in words if "=" in word)

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """What stands on a topic, as `geowire tail` reads it with those settings."""
        command = [sys.executable, "-m", "cli.main", "tail", topic, "--json"]
        done = subprocess.run(
            command, env=os.environ | self.settings, capture_output=True, text=True, timeout=120, check=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def processes_left(self) -> list[str]:
        """Every process of this machine that was given the folder, by its arguments or its settings."""
        return [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if self._is_of_it(path)]

    def _is_of_it(self, environ: Path) -> bool:
        try:
            told = environ.read_bytes() + (environ.parent / "cmdline").read_bytes()
        except OSError:
            return False
        return str(self.folder).encode() in told and environ.parent.name != str(os.getpid())


@pytest.fixture
def local() -> Iterator[Local]:
    """A folder that PostgreSQL's own user may enter, and free ports; whatever happens, nothing runs on."""
    if not (shutil.which("java") and any(LIBS.glob("kafka_*.jar"))):
        unavailable("no Kafka: install Java 17 and Maven and run `make test`")
    parent = Path(tempfile.mkdtemp(prefix="geowire-local-"))
    parent.chmod(0o755)
    first = free_port(PORTS)
    system = Local(parent / "system", Ports(first, first + 3, first + 4, first + 5, first + 5 + SITES))
    yield system
    system.make("down-local")
    shutil.rmtree(parent)


def test_up_brings_an_article_all_the_way_and_down_leaves_nothing(local: Local) -> None:
    """Started, it is said to be up; the sample web's articles are flagged; ended, no process, port or file is left."""
    begun = local.make("up-local")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    processes = read_record(local.folder)
    assert {one.name for one in processes} >= {"kafka", "postgres", "prefect-server", "worker", "tag", "relate", "flag"}
    assert "sample news web" in begun.stdout
    assert f"http://127.0.0.1:{local.ports.prefect}" in begun.stdout
    assert_up_twice_changes_nothing(local, processes)
    assert_deployed(local.ports)
    assert_other_sites_may_order_nothing(local.ports)

    wait_until(lambda: bool(local.messages("flagged")), "a flag", 120)
    assert local.messages("flagged")[0]["article_id"] in {one["id"] for one in local.messages("tagged")}
    assert local.settings["GEOWIRE_STATE"].startswith("postgresql://")
    run_a_poll_that_cannot_reach_its_state(local)
    assert_password_is_told_nowhere(local)

    ended = local.make("down-local")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not [one.name for one in processes if one.is_alive]
    assert not local.processes_left()
    assert all(is_free(port) for port in range(local.ports.kafka, local.ports.kafka + PORTS))
    assert not local.folder.exists()


def assert_up_twice_changes_nothing(local: Local, processes: tuple[Running, ...]) -> None:
    """The second start says so, and the processes are the same."""
    again = local.make("up-local")
    assert again.returncode == 0
    assert "up already" in again.stdout
    assert read_record(local.folder) == processes


def assert_deployed(ports: Ports) -> None:
    """The deployments belong to the pool of the worker."""
    poll = ask_prefect(ports, "/deployments/name/poll-feeds/every-5-minutes")
    assert poll["work_pool_name"] == "geowire"
    assert poll["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"


def assert_other_sites_may_order_nothing(ports: Ports) -> None:
    """A page of another site, open in a browser here, gets no leave to send JSON, and nothing is made without JSON."""
    address = f"http://127.0.0.1:{ports.prefect}/api/flows/"
    wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    own, foreign = f"http://localhost:{ports.prefect}", "https://evil.example"

    assert answer_to("OPTIONS", address, wish | {"Origin": own})[1].get("access-control-allow-origin") == own
    assert "access-control-allow-origin" not in answer_to("OPTIONS", address, wish | {"Origin": foreign})[1]
    assert answer_to("POST", address, {"Origin": foreign, "Content-Type": "text/plain"})[0] == 422
    assert answer_to("POST", address, {"Content-Type": "application/json"})[0] == 201


def answer_to(method: str, address: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; what is posted makes a flow."""
    body = b'{"name": "made-by-a-test"}' if method == "POST" else None
    request = urllib.request.Request(address, method=method, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}


def run_a_poll_that_cannot_reach_its_state(local: Local) -> None:
    """The flow fails with a traceback in Prefect's logs, at the level that tells most."""
    state = local.settings["GEOWIRE_STATE"].replace(f":{local.ports.postgres}/", ":no-port/")
    settings = os.environ | local.settings | {"GEOWIRE_STATE": state, "PREFECT_LOGGING_LEVEL": "DEBUG"}
    command = [sys.executable, "-m", "flows.poll"]
    done = subprocess.run(
        command, env=settings | {"PREFECT_HOME": str(local.folder / "tmp" / "prefect")}, cwd=local.folder,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "GEOWIRE_STATE" in done.stderr
    assert (local.folder / "data" / "postgres.password").read_text() not in done.stdout + done.stderr


def assert_password_is_told_nowhere(local: Local) -> None:
    """No log, no command line and nothing that Prefect knows holds the database's password."""
    password = (local.folder / "data" / "postgres.password").read_text()
    logs = {path.name: path.read_text("utf-8", "replace") for path in (local.folder / "logs").iterdir()}
    assert logs["postgres.log"]
    assert not [name for name, text in logs.items() if password in text]
    for process in read_record(local.folder):
        assert password.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    known = {kind: str(ask_prefect(local.ports, f"/{kind}/filter", {})) for kind in KINDS}
    assert "Misconfigured" in known["logs"]
    assert "poll-report" in known["artifacts"]
    assert not [kind for kind, text in known.items() if password in text or text == "None"]
    kept = [local.folder / "env", local.folder / "data" / "postgres.password"]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
