"""What `geowire run` leaves on its Prefect server when it ends."""

from __future__ import annotations

import pytest
from servers.prefect_server import PrefectServer

from flows.server import end_unfinished_runs

pytestmark = pytest.mark.prefect


def test_no_run_stands_as_running_when_nobody_runs_it(pool_server: PrefectServer) -> None:
    """What was under way or about to begin is cancelled and says why; what is done stays as it is."""
    flow = pool_server.ask("/flows/", {"name": "drained"})
    runs = {
        kind: pool_server.ask("/flow_runs/", {"flow_id": flow["id"], "state": {"type": kind}})["id"]
        for kind in ("RUNNING", "PENDING", "COMPLETED")
    }

    ended = end_unfinished_runs("127.0.0.1", pool_server.port)

    after = {kind: pool_server.ask(f"/flow_runs/{run}")["state"] for kind, run in runs.items()}
    assert ended >= 2
    assert {kind: state["type"] for kind, state in after.items()} == {
        "RUNNING": "CANCELLED", "PENDING": "CANCELLED", "COMPLETED": "COMPLETED",
    }  # fmt: skip
    assert "geowire run was ended" in after["RUNNING"]["message"]


def test_a_server_that_is_gone_is_no_fault() -> None:
    """Then there is nobody to tell."""
    assert end_unfinished_runs("127.0.0.1", 9) == 0
