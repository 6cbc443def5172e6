"""What a stage's process shows of itself, if GEOWIRE_METRICS says where; a fault of this stops no stage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry

from flows.stages import OpenStage
from geowire.bus import open_bus
from geowire.errors import Misconfigured
from geowire.health import Health, liveness, readiness
from geowire.health_probe import BusProbe
from geowire.logs_outcomes import turn_logger
from geowire.metrics import Readings, StageMetrics
from geowire.metrics_server import MetricsServer
from geowire.monitor import Monitor
from geowire.settings import Settings
from geowire.stage import group_of

log = logging.getLogger(__name__)


@contextmanager
def monitored(settings: Settings, opened: OpenStage) -> Iterator[Monitor]:
    """The monitor of a stage's loop, shown as long as this lasts."""
    monitor = Monitor([turn_logger(opened.stage.name)])
    with ExitStack() as stack:
        if settings.metrics_listener is not None:
            probe = BusProbe(
                lambda: open_bus(settings.bus_url, kafka=settings.kafka),
                group_of(opened.stage.name),
                opened.stage.topic,
            )
            try:
                stack.enter_context(show(settings.metrics_listener, opened, monitor, probe))
            except Misconfigured as error:
                log.error("%s; the stage goes on without metrics", error)  # noqa: TRY400  # one line says it
        yield monitor


@contextmanager
def show(listener: tuple[str, int], opened: OpenStage, monitor: Monitor, probe: BusProbe) -> Iterator[None]:
    """Serve what the monitor and the probe know. Raises `Misconfigured` if it cannot listen."""
    registry = CollectorRegistry()

    def ready() -> Health:
        return readiness(monitor.pulse, probe.answer)

    readings = Readings(
        counts=monitor.counts,
        lags=lambda: probe.lags,
        is_ready=lambda: ready().is_good,
        silent_seconds=lambda: monitor.pulse.silent_seconds,
        state_bytes=opened.state.size if opened.state else None,
        live_stories=opened.live_stories,
    )
    monitor.listen(StageMetrics(registry, opened.stage.name, readings).observe)
    with MetricsServer(listener, registry, live=lambda: liveness(monitor.pulse), ready=ready):
        probe.start()
        try:
            yield
        finally:
            probe.stop()
