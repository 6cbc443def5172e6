"""`geowire prefect setup` on a real server: what it makes, that twice is the same as once, that an alert arrives."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.events.actions import DoNothing
from servers.prefect_server import PrefectServer
from servers.processes import wait_until

from cli.main import run_app
from flows.automations import automations
from flows.deployments import DEPLOYMENTS
from flows.events import DEADLETTERS_GREW
from flows.server import SERVER_ENVIRONMENT
from flows.setup import QUEUES

pytestmark = pytest.mark.prefect

FOURTEEN_DAYS = "P14D"
HONEST = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": 200,
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": 100,
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": ["events", "flow_runs"],
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": FOURTEEN_DAYS,
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": {"prefect.flow-run.heartbeat": "P1D"},
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": FOURTEEN_DAYS,
    "PREFECT_SERVER_ANALYTICS_ENABLED": False,
    "PREFECT_SERVER_UI_V2_ENABLED": False,
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": False,
}
"""What the server itself must say of its settings; its defaults are other ones, but for none."""


@dataclass
class Sink:
    """Where alerts go in a test."""

    url: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An HTTP server on loopback that keeps what it is sent."""
    found = Sink()

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/alerts"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def set_up(server: PrefectServer, folder: Path, **settings: str) -> str:
    """Run the command; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "prefect", "setup"],
        env=server.environment | settings, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ours(server: PrefectServer) -> list[dict[str, Any]]:
    """The automations of this project."""
    return [row for row in server.ask("/automations/filter", {}) if row["name"].startswith("geowire: ")]


def test_twice_is_the_same_as_once_and_an_alert_arrives(pool_server: PrefectServer, sink: Sink, tmp_path: Path) -> None:
    """Pool, queues, deployments and automations are there once; what a person paused stays paused."""
    set_up(pool_server, tmp_path)
    paused = min(row["id"] for row in ours(pool_server) if "a feed fails" in row["name"])
    pool_server.ask(f"/automations/{paused}", {"enabled": False}, "PATCH")

    said = set_up(pool_server, tmp_path, GEOWIRE_ALERT_WEBHOOK=sink.url)

    assert "work pool geowire" in said
    assert "alerts go to the webhook" in said
    schedules = {row["name"]: len(row["schedules"]) for row in pool_server.ask("/deployments/filter", {})}
    assert {row.name: schedules[row.name] for row in DEPLOYMENTS} == {
        row.name: int(row.interval is not None) for row in DEPLOYMENTS
    }
    assert Counter(row["name"] for row in ours(pool_server)) == Counter(a.name for a in automations(DoNothing()))
    assert [row["enabled"] for row in ours(pool_server) if row["id"] == paused] == [False]
    queues = pool_server.ask("/work_pools/geowire/queues/filter", {})
    assert {(q["name"], q["priority"], q["concurrency_limit"]) for q in queues} == {
        (queue.name, queue.priority, queue.limit) for queue in QUEUES
    }
    event = {
        "event": DEADLETTERS_GREW,
        "resource": {"prefect.resource.id": "geowire.deadletters"},
        "payload": {"summary": "3 new dead letters"},
        "occurred": "2026-11-20T12:00:00Z",
        "id": "6f2c1d4e-0000-4000-8000-000000000001",
    }
    pool_server.ask("/events", [event])
    wait_until(lambda: bool(sink.received), "the alert")
    assert sink.received[0]["subject"] == "geowire: dead letters grow"
    assert "3 new dead letters" in sink.received[0]["text"]


def test_the_server_has_the_settings_that_keep_it_honest(pool_server: PrefectServer) -> None:
    """Nothing lost in bursts, nothing kept for ever, nobody outside called: asked of the running server itself."""
    settings = dict(flat(pool_server.ask("/admin/settings"), "PREFECT"))

    assert {name: in_order(settings[name]) for name in HONEST} == HONEST
    assert {name for name in SERVER_ENVIRONMENT if name.startswith("PREFECT_")} == HONEST.keys()


def in_order(value: Any) -> Any:
    """The same; a set comes in any order."""
    return sorted(value) if isinstance(value, list) else value


def flat(settings: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Settings by the name of their variable."""
    for key, value in settings.items():
        name = f"{prefix}_{key.upper()}"
        yield name, value
        if isinstance(value, dict):
            yield from flat(value, name)


def test_a_server_that_is_not_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What was asked, and which variable names it."""
    environment = {"PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "prefect", "setup"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the Prefect server at http://127.0.0.1:9/api does not answer" in done.stderr
    assert run_app(["prefect", "setup"]) == 2
    assert "PREFECT_API_URL is not set; write" in capsys.readouterr().err
