"""`geowire status` on systems that are really broken: no broker, no database, foreign tables, a stage that hangs."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import LIBS, unavailable
from servers.commands import Commands
from servers.kafka_broker import kafka_broker
from servers.postgres import postgres_server
from sqlalchemy import create_engine, text

from cli.main import run_app
from cli.status_observe import idle_stages
from geowire.bus import Extent, Record, open_bus
from geowire.health_bus import StageLook
from geowire.stage import group_of
from geowire.topics import ARTICLES, DEADLETTERS, TOPICS
from local.postgres import find_binaries

PASSWORD = "hunter2-secret"


@pytest.fixture(scope="module")
def stopped_broker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a real broker that was there and is stopped."""
    if not any(LIBS.glob("kafka_*.jar")):
        unavailable("no Kafka: install Java 17 and Maven and run `make test`")
    with kafka_broker(LIBS, tmp_path_factory.mktemp("stopped")) as server, open_bus(f"kafka://{server}") as bus:
        bus.ensure_topics(TOPICS)
    return f"kafka://{server}"


@pytest.fixture(scope="module")
def stopped_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address, with a password in it, of a real PostgreSQL that was there and is stopped."""
    binaries = find_binaries()
    if binaries is None:
        unavailable("no PostgreSQL: install its server package")
    assert binaries is not None
    with postgres_server(binaries, tmp_path_factory.mktemp("stopped-postgres")) as url:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
    return url.replace("geowire@", f"geowire:{PASSWORD}@")


@pytest.mark.kafka
@pytest.mark.postgres
def test_stopped_servers_are_named_in_time(stopped_broker: str, stopped_database: str, tmp_path: Path) -> None:
    """Both faults at once, each a line with a command, within 15 seconds; no traceback and no password; exit code 1."""
    environment = {"GEOWIRE_STATE": stopped_database, "GEOWIRE_LOG_FORMAT": "json", "GEOWIRE_LOG_LEVEL": "DEBUG"}
    commands = Commands(tmp_path, stopped_broker, environment)

    begun = time.monotonic()
    commands.done("--version")  # what the machine needs to start any command
    started = time.monotonic()
    ended = commands.run("status")
    seconds = time.monotonic() - started - (started - begun)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("fault: ")]

    assert ended.returncode == 1
    assert len(lines) == 2
    assert stopped_broker in lines[0]
    assert "docker compose up -d kafka" in lines[0]
    assert "docker compose up -d postgres" in lines[1]
    assert "Traceback" not in ended.stdout + ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr
    assert seconds < 15


def test_servers_that_take_connections_and_say_nothing_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks waits no longer than allowed; address and next step are told, the password is not."""
    monkeypatch.setattr("cli.status_observe.ANSWER_SECONDS", 0.8)
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("GEOWIRE_BUS", f"kafka://{address}")
        monkeypatch.setenv("GEOWIRE_STATE", f"postgresql://geowire:{PASSWORD}@{address}/geowire?connect_timeout=2")
        found = faults_of(capsys)
    for thread in threading.enumerate():
        if thread.name.startswith("geowire-"):
            thread.join(60)  # what was left behind ends, now that the server is gone

    assert found.keys() == {"no-broker", "no-database"}
    assert all(address in fault["what"] and "no answer in time" in fault["what"] for fault in found.values())
    assert PASSWORD not in json.dumps(found)


@pytest.mark.postgres
def test_no_log_line_holds_the_password_of_a_broken_database(stopped_database: str, tmp_path: Path) -> None:
    """A poll that fails at the database says so, in JSON at the finest level, and the password is in none of it."""
    environment = {
        "GEOWIRE_STATE": stopped_database,
        "GEOWIRE_LOG_FORMAT": "json",
        "GEOWIRE_LOG_LEVEL": "DEBUG",
        "GEOWIRE_FEEDS": str(tmp_path / "feeds.yaml"),
    }
    (tmp_path / "feeds.yaml").write_text("feeds: []\n", "utf-8")
    ended = Commands(tmp_path, f"sqlite:///{tmp_path / 'bus.db'}", environment).run("poll")

    record = json.loads(ended.stderr.splitlines()[-1])
    assert ended.returncode == 1
    assert (record["level"], record["process"]) == ("ERROR", "poll")
    assert "GEOWIRE_STATE" in record["message"]
    assert PASSWORD not in ended.stdout + ended.stderr


def faults_of(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """The faults that the command finds, by kind."""
    code = run_app(["status", "--json"])
    found = json.loads(capsys.readouterr().out)["faults"]
    assert code == (1 if found else 0)
    return {fault["kind"]: fault for fault in found}


def test_a_database_of_another_program_is_named_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which table and what is wrong with it; no table is added to it."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE feed (id INTEGER PRIMARY KEY, link TEXT)")
    other.close()
    monkeypatch.setenv("GEOWIRE_STATE", f"sqlite:///{path}")

    found = faults_of(capsys)

    assert found.keys() == {"wrong-schema"}
    assert "table feed is not geowire's" in found["wrong-schema"]["what"]
    assert "createdb" in found["wrong-schema"]["next"]
    with sqlite3.connect(path) as other:
        assert [row[0] for row in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")] == ["feed"]
    other.close()


@pytest.mark.usefixtures("old_article")
def test_a_stage_that_does_not_run_and_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A message that waits: without a member the stage is not running; with one that finishes nothing it is stuck."""
    assert faults_of(capsys).keys() == {"stage-not-running", "dead-letters"}

    with open_bus("sqlite:///" + str(Path(".geowire/bus.db").resolve())) as bus:
        member = bus.subscribe(group_of("tag"), [ARTICLES.name])
        member.poll(10, 0.1)
        monkeypatch.setattr("cli.status_observe.LOOK_AGAIN_SECONDS", 0.1)
        found = faults_of(capsys)
        member.close()

    assert found.keys() == {"stage-stuck", "dead-letters"}
    assert found["stage-stuck"]["what"].startswith("tag is stuck: 1 messages to read")
    assert "unknown not-a-letter 1" in found["dead-letters"]["what"]


@pytest.fixture
def old_article() -> Iterator[None]:
    """An article that was published an hour ago, and a dead letter that is none of geowire's."""
    from geowire.bus import MemberOptions
    from geowire.sqlite_bus import SqliteBus

    bus = SqliteBus(".geowire/bus.db", MemberOptions(), lambda: time.time() - 3_600)
    bus.ensure_topics(TOPICS)
    bus.publish([Record(ARTICLES.name, b"a", b"{}"), Record(DEADLETTERS.name, b"k", b"what", ())])
    yield
    bus.close()


def test_a_stage_that_catches_up_is_not_idle() -> None:
    """It is looked at a second time, and had finished something in between."""
    behind = StageLook({0: Extent(3, 9)}, members=1, is_late=True)
    further = StageLook({0: Extent(4, 9)}, members=1, is_late=True)

    assert idle_stages({"tag": behind}, lambda: {"tag": further}, 0) == frozenset()
    assert idle_stages({"tag": behind}, lambda: {"tag": behind}, 0) == {"tag"}


def test_a_wrong_setting_is_used_wrongly_and_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one line, as for every command."""
    monkeypatch.setenv("GEOWIRE_STATE", "mysql://u:secret@h/n")

    assert run_app(["status"]) == 2
    assert "write sqlite:///path" in capsys.readouterr().err
