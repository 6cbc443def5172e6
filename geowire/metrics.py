"""What a stage measures of itself, for Prometheus. Everything hangs on a registry that is handed in.

Labels are bounded: stages, topics, partitions, watches of the file, and reasons up to `REASONS_LIMIT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from geowire.messages import Flagged
from geowire.metrics_delays import Delay, delays
from geowire.monitor import Counts
from geowire.turn import Turn

REASONS_LIMIT = 50
"""Reasons of one stage that get a series of their own; the others are counted together."""
OTHER = "other"
BATCH_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
DELAY_BUCKETS = (1, 3, 10, 30, 60, 180, 600, 1_800, 3_600, 10_800, 43_200, 172_800, 604_800)


@dataclass(frozen=True, slots=True)
class Readings:
    """What is read at the moment of a scrape; each must answer at once and may be called by any thread."""

    counts: Counts
    lags: Callable[[], Mapping[int, int]]
    is_ready: Callable[[], bool]
    silent_seconds: Callable[[], float]
    state_bytes: Callable[[], int] | None = None
    live_stories: Callable[[], int] | None = None


class StageMetrics:
    """The metrics of one stage; `observe` listens to its loop."""

    def __init__(self, registry: CollectorRegistry, stage: str, readings: Readings) -> None:
        self._stage = stage
        self._batches = Histogram(
            "geowire_stage_batch_seconds",
            "From taking a batch to its commit.",
            ["stage"],
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self._delays = {
            "published": _delay_histogram("geowire_since_publication_seconds", "published by its publisher", registry),
            "fetched": _delay_histogram("geowire_since_fetch_seconds", "fetched by geowire", registry),
        }
        self._flags = Counter(
            "geowire_flags",
            "Flags by watch, raised and retracted.",
            ["watch", "change"],
            registry=registry,
        )
        self._batches.labels(stage)
        registry.register(StageReadings(stage, readings))
        ProcessCollector(registry=registry)

    def observe(self, turn: Turn) -> None:
        """Measure a batch that is committed."""
        self._batches.labels(self._stage).observe(turn.seconds)
        for delay in delays(turn):
            self._note(delay)
        for answer in turn.answers:
            if isinstance(answer.data, Flagged):
                change = "raised" if answer.data.retracts is None else "retracted"
                self._flags.labels(answer.data.watch, change).inc()

    def _note(self, delay: Delay) -> None:
        self._delays[delay.since].labels(delay.topic).observe(delay.seconds)


def _delay_histogram(name: str, since: str, registry: CollectorRegistry) -> Histogram:
    what = f"From when an article was {since} to when what follows from it stood on a topic."
    return Histogram(name, what, ["topic"], buckets=DELAY_BUCKETS, registry=registry)


class StageReadings(Collector):
    """What a stage's loop counts anyway, read when it is asked for."""

    def __init__(self, stage: str, readings: Readings) -> None:
        self._stage = stage
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        counts, readings = self._readings.counts, self._readings
        yield self._counter("geowire_stage_messages_taken", "Messages read and committed.", counts.taken)
        yield self._counter("geowire_stage_messages_published", "Messages published.", counts.published)
        yield self._counter("geowire_stage_retries", "Passing faults that were waited out.", counts.retries)
        yield reason_counter(
            "geowire_stage_dead_letters",
            "Messages that can never be processed, by reason.",
            {(self._stage, reason): count for reason, count in dict(counts.reasons).items()},
        )
        yield self._gauge(
            "geowire_stage_ready", "1 if /readyz says so: in its group, and the bus answers.", readings.is_ready()
        )
        yield self._gauge("geowire_stage_silent_seconds", "Since the loop last came round.", readings.silent_seconds())
        lags = GaugeMetricFamily(
            "geowire_stage_lag_messages",
            "Messages still to read, by partition, as this process sees it.",
            labels=["stage", "partition"],
        )
        for partition, lag in sorted(readings.lags().items()):
            lags.add_metric([self._stage, str(partition)], lag)
        yield lags
        if readings.state_bytes is not None:
            yield self._gauge("geowire_stage_state_bytes", "Size of the stage's state file.", readings.state_bytes())
        if readings.live_stories is not None:
            yield GaugeMetricFamily("geowire_live_stories", "Stories that may still grow.", readings.live_stories())

    def _counter(self, name: str, what: str, value: float) -> CounterMetricFamily:
        family = CounterMetricFamily(name, what, labels=["stage"])
        family.add_metric([self._stage], value)
        return family

    def _gauge(self, name: str, what: str, value: float) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, what, labels=["stage"])
        family.add_metric([self._stage], value)
        return family


def reason_counter(name: str, what: str, counts: Mapping[tuple[str, str], int]) -> CounterMetricFamily:
    """A counter by stage and reason, with a bounded number of reasons for each stage."""
    family = CounterMetricFamily(name, what, labels=["stage", "reason"])
    for (stage, reason), count in sorted(bounded(counts).items()):
        family.add_metric([stage, reason], count)
    return family


def bounded(counts: Mapping[tuple[str, str], int], limit: int = REASONS_LIMIT) -> dict[tuple[str, str], int]:
    """The counts with the rarest reasons of each stage taken together as `other`."""
    kept: dict[tuple[str, str], int] = {}
    taken: dict[str, int] = {}
    for (stage, reason), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        taken[stage] = taken.get(stage, 0) + 1
        key = (stage, reason if taken[stage] <= limit else OTHER)
        kept[key] = kept.get(key, 0) + count
    return kept
