"""The sample news web and a bus without a message on it, for whole runs of the pipeline."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import LIBS, unavailable
from servers.commands import Commands, Finished
from servers.kafka_broker import kafka_broker
from servers.processes import SITES, accepts, free_port, running, wait_until

from geowire.bus import open_bus
from geowire.errors import Misconfigured
from geowire.topics import ARTICLES


@pytest.fixture(scope="session")
def sample_web_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The first port of a running sample news web."""
    folder, port = tmp_path_factory.mktemp("web"), free_port(SITES)
    command = [sys.executable, "-m", "cli.sample_web", "--port", str(port)]
    with running(command, folder / "web.log", cwd=folder):
        wait_until(lambda: accepts(port), "the sample news web")
        yield port


KINDS = ("sqlite", pytest.param("kafka", marks=pytest.mark.kafka))


@pytest.fixture(params=KINDS)
def empty_bus_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Each kind of bus in turn, with no topic of geowire's on it."""
    with empty_bus(request.param, tmp_path_factory.mktemp("bus")) as url:
        yield url


@contextmanager
def empty_bus(kind: str, folder: Path) -> Iterator[str]:
    """A bus of its own, but for a broker that somebody named."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bus.db'}"
    elif shutil.which("java") and any(LIBS.glob("kafka_*.jar")):
        with kafka_broker(LIBS, folder) as server:
            yield f"kafka://{server}"
    elif given := os.environ.get("GEOWIRE_TEST_KAFKA"):
        yield unused(f"kafka://{given.removeprefix('kafka://')}")
    else:
        unavailable("no Kafka: install Java 17 and Maven and run `make test`, or set GEOWIRE_TEST_KAFKA=host:port")


def unused(url: str) -> str:
    """A broker that somebody named, if geowire has never written to it."""
    try:
        with open_bus(url) as bus:
            extents = bus.extents("geowire.tests", [ARTICLES.name])
    except Misconfigured:
        return url
    if any(extent.end for extent in extents.values()):
        pytest.skip(f"{url} has geowire's messages on it; these tests want a broker without any")
    return url


@pytest.fixture
def commands(tmp_path: Path, empty_bus_url: str, sample_web_port: int) -> Commands:
    """The command, set up for the sample news web."""
    return sample_commands(tmp_path, empty_bus_url, sample_web_port)


@pytest.fixture(scope="module", params=KINDS)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sample_web_port: int
) -> Iterator[Finished]:
    """The whole way, gone once by the commands that a person types; for tests that add no message."""
    folder = tmp_path_factory.mktemp("finished")
    with empty_bus(request.param, folder) as url:
        commands = sample_commands(folder, url, sample_web_port)
        report = json.loads(commands.done("poll", "--all", "--json"))
        commands.run_stages()
        yield Finished(commands, report)


def sample_commands(folder: Path, bus_url: str, web_port: int) -> Commands:
    """The command with the settings that the sample news web needs."""
    environment = {
        "GEOWIRE_FEEDS": f"http://127.0.0.1:{web_port}/feeds.yaml",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "36500d",
        "GEOWIRE_RETRY_WAIT": "100ms",
    }
    return Commands(folder, bus_url, environment)
