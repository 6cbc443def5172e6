"""`geowire exporter`: metrics of what has no process of its own, read from ingest's state and the bus."""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cli.console import note
from cli.exporter_metrics import BusView, bus_metrics, state_metrics, up
from flows.stages import READS, stages_read
from geowire.bus import Bus, open_bus
from geowire.errors import Misconfigured
from geowire.health import Health
from geowire.health_bus import look_at_stages
from geowire.health_probe import one_line
from geowire.health_sources import Source
from geowire.logs import hide
from geowire.metrics_dead_letters import DeadLetterTally
from geowire.metrics_server import MetricsServer
from geowire.settings import Settings, load_settings
from geowire.topics import TOPICS
from ingest.overview import Overview, read_overview
from processors.flag.webhook import WebhookStage

log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWER_SECONDS = 8.0
"""Prometheus gives up after ten seconds."""
READ_SECONDS = 2.0
"""For dead letters, at each scrape."""
FRESH_SECONDS = 2.0
"""Scrapes that come closer together share one reading."""


def exporter() -> None:
    """Serve metrics of feeds, entries, outbox, lag and dead letters at GEOWIRE_METRICS; Ctrl-C or SIGTERM ends it.

    Example: [bold]GEOWIRE_METRICS=9464 geowire exporter[/bold], then look at http://127.0.0.1:9464/metrics
    """
    settings = load_settings()
    listener = settings.metrics_listener
    if listener is None:
        raise Misconfigured("GEOWIRE_METRICS: say where to listen: write a port such as 9464, or 0.0.0.0:9464")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    registry, readings = CollectorRegistry(), ExporterReadings(settings)
    registry.register(readings)
    with (
        contextlib.closing(readings),
        MetricsServer(listener, registry, live=lambda: Health(True, "alive"), ready=readings.health),
    ):
        note(f"geowire: metrics at http://{listener[0]}:{listener[1]}/metrics; Ctrl-C ends it")
        stop.wait()


class BusSource:
    """Keeps the bus open between readings. For one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bus: Bus | None = None
        self._has_topics = False
        self._tally = DeadLetterTally((*READS, WebhookStage.name))

    def read(self) -> BusView:
        """Ask the bus. Raises `Transient` if it does not answer."""
        if self._bus is None:
            self._bus = open_bus(self._settings.bus_url, kafka=self._settings.kafka)
        if not self._has_topics:
            self._bus.ensure_topics(TOPICS)
            self._has_topics = True
        stages = look_at_stages(self._bus, stages_read(self._settings), time.time())
        self._tally.read_on(self._bus, READ_SECONDS)
        return BusView(stages, dict(self._tally.counts))

    def close(self) -> None:
        """Let go of connections."""
        self._tally.close()
        if self._bus is not None:
            self._bus.close()


class ExporterReadings(Collector):
    """Reads both sources at the same time; one that does not answer hides nothing of the other."""

    def __init__(self, settings: Settings) -> None:
        self._data = settings.data
        self._secrets = settings.secrets
        self._bus_source = BusSource(settings)
        self._state: Source[Overview] = Source("state", lambda: read_overview(settings))
        self._bus: Source[BusView] = Source("bus", self._bus_source.read)
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._metrics: list[Metric] = []
        self._faults: dict[str, str] = {}

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                self._metrics = self._read()
                self._read_at = time.monotonic()
            return iter(self._metrics)

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when the collector is registered."""
        return iter(())

    def health(self) -> Health:
        """Ready if both sources answer."""
        list(self.collect())
        faults = "; ".join(f"{name}: {fault}" for name, fault in self._faults.items())
        return Health(not faults, faults or "ready")

    def close(self) -> None:
        """Let go of connections."""
        self._bus_source.close()

    def _read(self) -> list[Metric]:
        deadline, now = time.monotonic() + ANSWER_SECONDS, time.time()
        self._state.begin()
        self._bus.begin()
        self._faults = {}
        found = self._of(self._state, deadline, lambda overview: state_metrics(overview, now))
        found += self._of(self._bus, deadline, bus_metrics)
        return [up({name: name not in self._faults for name in ("state", "bus")}), self._disk(), *found]

    def _of(self, source: Source[T], deadline: float, metrics: Callable[[T], Iterator[Metric]]) -> list[Metric]:
        try:
            return list(metrics(source.end(max(0.0, deadline - time.monotonic()))))
        except Exception as error:  # noqa: BLE001  # the other source is shown all the same
            self._faults[source.name] = hide(one_line(error), self._secrets)  # anybody may ask /readyz
            log.warning("%s not read: %s", source.name, self._faults[source.name])
            return []

    def _disk(self) -> Metric:
        usage = shutil.disk_usage(existing(self._data))
        what = "Part of the data folder's disk that is free."
        return GaugeMetricFamily("geowire_data_disk_free_ratio", what, usage.free / usage.total)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
