"""When a process is ready, asked of the process itself."""

from __future__ import annotations

import contextlib
import json
import socket
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.plan import LOOPBACK, SAMPLE_WEB, Ports
from local.postgres import takes_connections

READING = b"Ctrl-C ends it"
"""A stage's word that it reads its topic."""
FIRST_POLL = "poll-feeds/every-5-minutes"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens on the port."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def is_ready(name: str, log: Path, ports: Ports) -> bool:
    """Whether the named process does what it is there for."""
    listening = {"kafka": ports.kafka + 1, SAMPLE_WEB: ports.web}
    if name in listening:
        return accepts(listening[name])
    if name == "postgres":
        return takes_connections(ports.postgres)
    if name == "prefect-server":
        return ask_prefect(ports, "/ready") is not None
    if name == "worker":
        workers = ask_prefect(ports, "/work_pools/geowire/workers/filter", {})
        return any(worker["status"] == "ONLINE" for worker in workers or [])
    return READING in log.read_bytes()


def ask_prefect(ports: Ports, path: str, query: Mapping[str, Any] | None = None) -> Any:
    """What the Prefect server answers; a query is posted. None if it gives no answer."""
    body = None if query is None else json.dumps(query).encode()
    address, headers = f"http://{LOOPBACK}:{ports.prefect}/api{path}", {"content-type": "application/json"}
    request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310  # our own server
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read() or "null") or {}
    return None


def ask_for_a_poll(ports: Ports) -> bool:
    """Ask for a poll at once: the schedule's first may be minutes away. Whether it will come."""
    deployment = ask_prefect(ports, f"/deployments/name/{FIRST_POLL}")
    return bool(deployment and ask_prefect(ports, f"/deployments/{deployment['id']}/create_flow_run", {}))
