"""The Prefect server of one machine: its command and the environment that keeps it honest.

Prefect's defaults lose task runs in bursts, keep every flow run for ever, call addresses outside and let any web page
that is open in a browser on this machine order runs; these do not.
No import of prefect: the command that starts everything must not wait for it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

SERVER_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "2",  # with an arena for each thread glibc keeps what the server has long given back
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "1209600",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P14D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": '{"prefect.flow-run.heartbeat": 86400}',
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "DO_NOT_TRACK": "1",
}
UNFINISHED = {"flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}}
LEFT = {"type": "CANCELLED", "message": "geowire run was ended while this was under way; the next poll goes on"}
LOCKED_SECONDS = 75.0
"""Writers of its SQLite file wait a minute for each other, and then give up: sooner or later the server answers."""
ASK_AGAIN_SECONDS = 0.5
HEARTBEAT_SECONDS = 30
"""How often a run says that it is alive; Prefect takes no shorter time."""
CLIENT_ENVIRONMENT = {
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "geowire,ingest",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "10000",
    "DO_NOT_TRACK": "1",
}


def server_command(host: str, port: int) -> list[str]:
    """Start the server and its UI."""
    return [sys.executable, "-m", "flows.prefect_server", "--host", host, "--port", str(port)]


def environment(home: Path, host: str, port: int) -> dict[str, str]:
    """What server and clients need to find each other, with all data in one folder."""
    own = {"PREFECT_HOME": str(home), "PREFECT_API_URL": f"http://{host}:{port}/api", "NO_COLOR": "1"}
    own |= {"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}"}
    return SERVER_ENVIRONMENT | CLIENT_ENVIRONMENT | own


def is_ready(host: str, port: int) -> bool:
    """Whether the server answers."""
    with contextlib.suppress(OSError):
        address = f"http://{host}:{port}/api/health"
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # our own server
            return bool(answer.status == 200)
    return False


def end_unfinished_runs(host: str, port: int, seconds: float = LOCKED_SECONDS) -> int:
    """Mark the runs cancelled that nobody is left to finish, so that none stands as running for ever; how many.

    A server that does not answer is asked again for so long, one that is gone is not.
    """
    deadline, ended, never = time.monotonic() + seconds, set[str](), threading.Event()
    while time.monotonic() < deadline:
        try:
            unfinished = _ask(f"http://{host}:{port}/api/flow_runs/filter", UNFINISHED)
            for run in unfinished:
                _ask(f"http://{host}:{port}/api/flow_runs/{run['id']}/set_state", {"state": LEFT, "force": True})
                ended.add(run["id"])
            if not unfinished:
                break
        except (OSError, ValueError) as error:
            if isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                break
        never.wait(ASK_AGAIN_SECONDS)
    return len(ended)


def _ask(address: str, query: dict[str, Any]) -> Any:
    question = urllib.request.Request(  # noqa: S310  # our own server
        address, json.dumps(query).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(question, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())
