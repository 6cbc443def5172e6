"""How much of the log a run sends to the server."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from flows.deployments import DEPLOYMENTS, Deployment
from flows.run_log import RunLogCap


class Kept(logging.Handler):
    """A handler that keeps the lines it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, with its traceback."""
        self.lines.append(self.format(record))


def test_a_run_sends_so_many_lines_and_says_that_there_were_more() -> None:
    """The last one tells where the rest is; another run has lines of its own; other handlers get everything."""
    capped, console, log = Kept(), Kept(), logging.getLogger("geowire.test-of-the-cap")
    cap = RunLogCap(capped, most=3)
    capped.addFilter(cap)
    log.addHandler(capped)
    log.addHandler(console)

    for number in range(5):
        log.warning("line %d", number)
    cap.begin()
    log.warning("another run")

    assert capped.lines[:2] == ["line 0", "line 1"]
    assert capped.lines[2].startswith("line 2 (a run sends 3 lines at most")
    assert capped.lines[3:] == ["another run"]
    assert console.lines == [*[f"line {number}" for number in range(5)], "another run"]


def test_no_line_of_a_run_holds_a_secret() -> None:
    """Whatever put it there."""
    server, log = Kept(), logging.getLogger("geowire.test-of-secrets")
    server.addFilter(RunLogCap(server, secrets=["hunter2-hunter2"]))
    log.addHandler(server)

    log.warning("cannot reach %s", "postgresql://u:hunter2-hunter2@h/d")

    (line,) = server.lines
    assert "hunter2" not in line
    assert line.startswith("cannot reach postgresql://u:")


def test_no_traceback_of_a_run_holds_a_secret() -> None:
    """Nor the stack that a line is written with; both still say what happened."""
    server, log = Kept(), logging.getLogger("geowire.test-of-tracebacks")
    server.addFilter(RunLogCap(server, most=2, secrets=["hunter2-hunter2"]))
    log.addHandler(server)

    def fail() -> None:
        raise ValueError("postgresql://u:hunter2-hunter2@h/d")

    for _ in range(2):
        try:
            fail()
        except ValueError:
            log.exception("it broke", stack_info=True)

    assert len(server.lines) == 2
    assert all("ValueError: postgresql://u:***@h/d" in line for line in server.lines)
    assert all("Stack (most recent call last)" in line for line in server.lines)


@pytest.mark.parametrize("row", DEPLOYMENTS, ids=lambda row: row.name)
def test_every_flow_caps_its_log_first(row: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before it does anything that could say a secret."""

    class Capped(Exception):
        pass

    def cap(_: object) -> None:
        raise Capped

    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path))
    monkeypatch.setattr(f"{row.flow.fn.__module__}.cap_run_log", cap)
    arguments = {"stage": "tag", "label": "again"} if row.name == "replay-by-hand" else {}

    with pytest.raises(Capped):
        asyncio.run(row.flow.fn(**arguments))

    assert not list(tmp_path.iterdir())
