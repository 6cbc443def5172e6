"""Real servers for the tests that need them: skipped with a word where there is none, a failure under `CI=true`."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.kafka_broker import kafka_broker
from servers.postgres import postgres_server
from sqlalchemy import create_engine, text

from geowire.bus import Bus, MemberOptions, open_bus
from geowire.settings import Settings
from local.postgres import find_binaries

ROOT = Path(__file__).parent.parent
LIBS = ROOT / ".kafka" / "libs"


HEAVY = ("kafka", "prefect", "browser")
"""Marks of the tests that take long."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with heavy tests first, in whatever order they are: else one worker is left alone with the last of them."""
    heavy = {item.path for item in items if any(item.get_closest_marker(mark) for mark in HEAVY)}
    items.sort(key=lambda item: item.path not in heavy)


def unavailable(what: str) -> None:
    """On a laptop a missing server skips its tests; in CI it fails them."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test sees the defaults, whatever the shell or a `.env` file says."""
    leave_settings(monkeypatch, tmp_path)


def leave_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Forget what the shell says of settings, and work in a folder without a `.env`."""
    for name in [name for name in os.environ if name.startswith("GEOWIRE_") and name != "GEOWIRE_TEST_KAFKA"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


@pytest.fixture(scope="session")
def kafka_libs() -> Path:
    """The jars of which tests start brokers of their own."""
    if not (shutil.which("java") and any(LIBS.glob("kafka_*.jar"))):
        unavailable("no Kafka: install Java 17 and Maven and run `make test`, or set GEOWIRE_TEST_KAFKA=host:port")
    return LIBS


@pytest.fixture(scope="session")
def kafka_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real Kafka: the one that GEOWIRE_TEST_KAFKA names, else one of our own."""
    if given := os.environ.get("GEOWIRE_TEST_KAFKA"):
        yield given.removeprefix("kafka://")
        return
    with kafka_broker(request.getfixturevalue("kafka_libs"), tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server."""
    binaries = find_binaries()
    if binaries is None:
        unavailable("no PostgreSQL: install its server package")
    assert binaries is not None
    with postgres_server(binaries, tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server_url: str) -> str:
    """An empty database of its own for each test; it goes with the server."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(
        postgres_server_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return postgres_server_url.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where the pipeline left what it made of the sample news web, on the embedded bus. For reading only."""
    from servers.sample_run import run_sample  # what needs no pipeline must not wait for its import

    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as monkeypatch:
        leave_settings(monkeypatch, folder)
        return run_sample(folder)


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def bus_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of each kind of bus in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bus.db'}"
    return f"kafka://{request.getfixturevalue('kafka_server')}"


@pytest.fixture
def member_options() -> MemberOptions:
    """Members that are given up soon, so that no test waits long."""
    return MemberOptions(session_timeout=2.0, max_poll_interval=30.0)


@pytest.fixture
def bus(bus_url: str, member_options: MemberOptions) -> Iterator[Bus]:
    """Each kind of bus in turn, open."""
    with open_bus(bus_url, member=member_options) as opened:
        yield opened
