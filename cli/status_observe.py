"""Looks at everything that the status tells of, at the same time, and waits for nothing longer than it may."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile
from typing import TypeVar

from cli.exporter import existing
from cli.stages import ready_bus
from cli.status_faults import BusFacts, Disk, Observed, Trouble
from flows.stages import stages_read
from geowire.bus import Bus, parse_servers
from geowire.errors import Misconfigured, Transient
from geowire.health_bus import StageLook, look_at_stages
from geowire.health_probe import one_line
from geowire.health_sources import Source
from geowire.logs import hide
from geowire.metrics_dead_letters import slug
from geowire.retries import waiting_letters
from geowire.settings import Settings
from geowire.topics import TOPICS
from ingest.overview import Overview, read_overview
from ingest.schema_check import WrongSchema

ANSWER_SECONDS = 11.0
CONNECT_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 2.0
DEAD_LETTER_SECONDS = 2.0

T = TypeVar("T")


def observe(settings: Settings) -> Observed:
    """Ask bus, state and disk; what does not answer is a `Trouble`. Raises `Misconfigured` for a wrong setting."""
    bus: Source[BusFacts] = Source("bus", lambda: read_bus(settings))
    state: Source[Overview] = Source("state", lambda: read_overview(settings))
    deadline = time.monotonic() + ANSWER_SECONDS
    bus.begin()
    state.begin()
    state_address = hide(settings.state_url.get_secret_value(), settings.secrets)
    state_answer = _answer(state, deadline, "no-database", state_address)
    bus_answer = _answer(bus, deadline, "no-broker", settings.bus_url)
    return Observed(datetime.now(UTC), bus_answer, state_answer, read_disk(settings))


def _answer(source: Source[T], deadline: float, kind: str, address: str) -> T | Trouble:
    try:
        return source.end(max(0.0, deadline - time.monotonic()))
    except WrongSchema as error:
        return Trouble("wrong-schema", one_line(error))
    except Misconfigured as error:
        if error.__cause__ is None or isinstance(error.__cause__, ValueError):
            raise  # the setting itself is wrong
        return Trouble(kind, one_line(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, a person wants a line and not a traceback
        return Trouble(kind, f"{address} cannot be used: {one_line(error)}")


def read_bus(settings: Settings) -> BusFacts:
    """Ask the bus; a stage that seems stuck is looked at twice. Raises `Transient` if the bus does not answer."""
    reads = stages_read(settings)

    def look(bus: Bus) -> dict[str, StageLook]:
        return look_at_stages(bus, reads, time.time())

    check_reachable(settings.bus_url)
    with ready_bus(settings) as bus:
        topics = {topic.name: written(bus, topic.name) for topic in TOPICS}
        stages = look(bus)
        idle = idle_stages(stages, lambda: look(bus), LOOK_AGAIN_SECONDS)
        return BusFacts(topics, stages, idle, waiting_dead_letters(bus, DEAD_LETTER_SECONDS))


def waiting_dead_letters(bus: Bus, seconds: float) -> Counter[tuple[str, str]]:
    """The dead letters that nobody has retried, by stage and reason, as far as they can be read in so many seconds."""
    deadline = time.monotonic() + seconds
    letters = takewhile(lambda _: time.monotonic() < deadline, waiting_letters(bus))
    return Counter((letter.stage, slug(letter.reason)) for letter in letters)


def check_reachable(bus_url: str) -> None:
    """Raise `Transient` at once if no broker takes a connection: the greeting would ask again for seconds."""
    scheme, _, servers = bus_url.partition("://")
    if scheme != "kafka" or not servers:
        return
    brokers = parse_servers(servers.rstrip("/"))
    refusals = [refusal for broker in brokers if (refusal := refused(broker))]
    if len(refusals) == len(brokers):
        raise Transient("; ".join(refusals))


def refused(server: str) -> str | None:
    """Why `host:port` takes no connection; None if it does."""
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS):
            return None
    except OSError as error:
        return f"{server} takes no connection: {error.strerror or error}"


def idle_stages(
    stages: dict[str, StageLook], look: Callable[[], dict[str, StageLook]], wait_seconds: float
) -> frozenset[str]:
    """The late stages that finish nothing for a moment: one that is only behind does."""
    late = {name: seen for name, seen in stages.items() if seen.is_late and seen.members}
    if not late:
        return frozenset()
    threading.Event().wait(wait_seconds)
    again = look()
    return frozenset(name for name, seen in late.items() if again[name].committed == seen.committed)


def written(bus: Bus, topic: str) -> int:
    """Messages ever written to a topic."""
    return sum(extent.end for extent in bus.extents("geowire.status", [topic]).values())


def read_disk(settings: Settings) -> Disk:
    """The disk of the data folder."""
    folder = existing(settings.data)
    usage = shutil.disk_usage(folder)
    return Disk(str(folder), usage.free, usage.total)
