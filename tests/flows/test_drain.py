"""What `geowire run` leaves on its Prefect server when it ends."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from servers.prefect_server import PrefectServer

from flows.server import end_unfinished_runs


@pytest.mark.prefect
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


def test_a_server_that_is_stuck_is_asked_until_it_answers() -> None:
    """Its database may be locked for a minute; then the runs are ended all the same."""
    answers: list[tuple[int, object]] = [(503, {}), (503, {}), (200, [{"id": "a"}]), (503, {}), (200, [{"id": "a"}])]
    answers += [(200, {}), (200, [])]
    asked: list[str] = []

    class Stuck(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path.rpartition("/")[2])
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers.pop(0)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Stuck) as server:
        threading.Thread(target=server.serve_forever).start()
        ended = end_unfinished_runs("127.0.0.1", server.server_port)
        server.shutdown()

    assert ended == 1
    assert asked == ["filter", "filter", "filter", "set_state", "filter", "set_state", "filter"]
