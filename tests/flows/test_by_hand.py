"""The flows that a person starts: a replay and a retry, each with an artifact that says what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from servers.prefect_server import PrefectServer

from cli.main import run_app
from flows.replaying import replay_once
from flows.retry import send_back
from geowire.bus import Bus, Record, Unwritable, open_bus
from geowire.deadletters import undeliverable
from geowire.events import encode, ingest_failure_event, withdrawal_event
from geowire.messages import ArticleWithdrawn, IngestFailure
from geowire.replay import Plan
from geowire.retries import Choice
from geowire.topics import ARTICLES, TAGGED, TOPICS

RUN_BOTH = """
import asyncio, json
from flows.replay import replay_stage
from flows.retry import retry_dead_letters
replayed = asyncio.run(replay_stage(stage="tag", label="again", since="2020-01-01T00:00:00"))
retried = asyncio.run(retry_dead_letters(stage="any", limit=10))
print(json.dumps([replayed, retried]))
"""
WHEN: dict[str, Any] = {"withdrawn_at": "2026-01-01T12:00:00Z"}


def fill(bus: Bus) -> None:
    """Two withdrawals that can be tagged, one record that cannot be read, one letter of ingest."""
    bus.ensure_topics(TOPICS)
    gone = [ArticleWithdrawn(id=name, version=2, url="https://a.example/", reason="gone", **WHEN) for name in "ab"]
    bus.publish([encode(withdrawal_event(withdrawn)) for withdrawn in gone])
    failure = IngestFailure(stage="fetch", url="https://a.example/", reason="timeout", failed_at=WHEN["withdrawn_at"])
    bus.publish([Record(ARTICLES.name, b"k", b"?"), encode(ingest_failure_event(failure))])


@pytest.fixture
def bus_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The embedded bus of the settings, filled, with what tag rejects among the dead letters."""
    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'bus.db'}"
    with open_bus(url) as bus:
        fill(bus)
    assert run_app(["process", "tag", "--until-idle"]) == 0
    return url


@pytest.mark.prefect
@pytest.mark.usefixtures("bus_url")
def test_both_flows_run_and_leave_what_came_of_them(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """On a real server, as a worker runs them."""
    environment = prefect_server.environment | {"GEOWIRE_DATA": str(tmp_path)}

    ran = subprocess.run(
        [sys.executable, "-c", RUN_BOTH], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    replayed, retried = json.loads(ran.stdout.splitlines()[-1])
    assert (replayed["read"], replayed["published"], replayed["dead_letters"]) == (3, 2, 1)
    assert retried == {"given_back": 1, "wait_on": 1}
    report = str(prefect_server.ask("/artifacts/replay-report/latest")["data"])
    assert f"{TAGGED.name}.again" in report
    letters = str(prefect_server.ask("/artifacts/retry-report/latest")["data"])
    assert "given back" in letters
    assert "no message yet" in letters


@pytest.mark.usefixtures("bus_url")
def test_a_replay_that_is_to_stop_finishes_the_batch_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when its run is cancelled; the next run with the label goes on."""
    monkeypatch.setenv("GEOWIRE_BATCH", "1")
    stop = threading.Event()
    stop.set()

    first = replay_once("tag", Plan("again"), 100, stop)
    second = replay_once("tag", Plan("again"), 100, threading.Event())

    assert (first.read, second.read, second.still_to_read) == (1, 2, 0)


def test_a_retry_counts_by_what_came_of_it(bus_url: str) -> None:
    """By stage, reason and end, no more than asked for."""
    with open_bus(bus_url) as bus:
        large = Record(ARTICLES.name, b"one", b"x" * 2_000_000)
        bus.publish([undeliverable(Unwritable(large, "too-large", "2000000 bytes"))])

    ends = send_back(Choice(), 100)

    assert ends["tag", "unknown-type", "given back"] == 1
    assert {(stage, reason) for stage, reason, _ in ends} == {
        ("tag", "unknown-type"),
        ("ingest", "timeout"),
        ("publish", "too-large"),
    }
    assert send_back(Choice("tag"), 100).total() == 0
