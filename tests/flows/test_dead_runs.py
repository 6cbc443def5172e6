"""A run whose process was killed with -9 is found out, and the next one gets its slot.

The server waits here for ten seconds instead of the ninety of a real one; `make kill-run` measures with those.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from servers.prefect_server import PrefectServer
from servers.processes import wait_until

from flows.automations import ZOMBIE_AFTER
from flows.server import HEARTBEAT_SECONDS

pytestmark = pytest.mark.prefect

TESTS = Path(__file__).parents[1]
PATIENCE = float(os.environ.get("GEOWIRE_TEST_DEAD_AFTER", "10"))
DEPLOY = f"import asyncio; from servers.hanging_flow import deploy; asyncio.run(deploy({PATIENCE}))"


def created(server: PrefectServer, *, forever: bool) -> dict[str, Any]:
    """A run of the deployment, scheduled for now."""
    deployment = server.ask("/deployments/name/hang/by-hand")
    query = {"parameters": {"forever": forever}}
    return dict(server.ask(f"/deployments/{deployment['id']}/create_flow_run", query))


def state_of(server: PrefectServer, run: dict[str, Any]) -> str:
    """The type of the run's state."""
    return str(server.ask(f"/flow_runs/{run['id']}")["state_type"])


def executed(run: dict[str, Any], environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """The one process of the run, as a worker starts it."""
    command = [sys.executable, "-m", "prefect.engine"]
    with (folder / "engine.log").open("wb") as log:
        return subprocess.Popen(
            command, env=environment | {"PREFECT__FLOW_RUN_ID": run["id"]}, cwd=folder, stdout=log, stderr=log
        )


def taken(server: PrefectServer) -> str:
    """What becomes of one more run when a worker takes it: pending, or cancelled because another has the slot."""
    run = created(server, forever=False)
    take(server, run)
    return state_of(server, run)


def take(server: PrefectServer, run: dict[str, Any]) -> None:
    """Propose what a worker proposes before it starts a run's process."""
    server.ask(f"/flow_runs/{run['id']}/set_state", {"state": {"type": "PENDING"}})


def heartbeats(server: PrefectServer, run: dict[str, Any]) -> int:
    """How often the server heard of the run's process."""
    query = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run['id']}"]},
        }
    }
    return int(server.ask("/events/filter", query)["total"])


def test_a_run_killed_with_9_frees_its_slot(pool_server: PrefectServer, tmp_path: Path) -> None:
    """Without a word from its process the run becomes Crashed soon after the server's patience is over."""
    environment = pool_server.environment | {"PYTHONPATH": str(TESTS)}
    subprocess.run(
        [sys.executable, "-c", DEPLOY],
        env=environment,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    run = created(pool_server, forever=True)
    take(pool_server, run)
    process = executed(run, environment, tmp_path)
    try:
        wait_until(lambda: heartbeats(pool_server, run) > 0, "the first heartbeat")
        assert state_of(pool_server, run) == "RUNNING"
    finally:
        process.kill()
        process.wait()
    killed = time.monotonic()

    blocked = taken(pool_server)
    wait_until(lambda: state_of(pool_server, run) == "CRASHED", "the dead run to be found out", PATIENCE + 30)
    took = time.monotonic() - killed
    after = taken(pool_server)

    print(f"found out {took:.0f} s after kill -9; the server waits for {PATIENCE:.0f} s")
    assert (blocked, after) == ("CANCELLED", "PENDING")
    assert took < PATIENCE + 25


def test_the_patience_of_a_real_server_is_three_heartbeats() -> None:
    """One may be late and one may be lost; with the server's own look-out that is under two minutes."""
    assert ZOMBIE_AFTER.total_seconds() == 3 * HEARTBEAT_SECONDS
    assert ZOMBIE_AFTER.total_seconds() + 25 < 120
