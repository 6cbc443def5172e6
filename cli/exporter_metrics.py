"""What the exporter shows, from what was read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from geowire.health_bus import StageLook
from geowire.metrics import OTHER, REASONS_LIMIT, reason_counter
from ingest.overview import Overview

OUTCOME = re.compile(r"[a-z]+(:[a-z0-9][a-z0-9-]{0,59})?")


@dataclass(frozen=True, slots=True)
class BusView:
    """What the bus tells."""

    stages: Mapping[str, StageLook]
    dead_letters: Mapping[tuple[str, str], int]


def up(sources: Mapping[str, bool]) -> Metric:
    """Which sources answered."""
    family = GaugeMetricFamily("geowire_source_up", "1 if the source answered this scrape.", labels=["source"])
    for name, is_up in sources.items():
        family.add_metric([name], is_up)
    return family


def state_metrics(overview: Overview, now: float) -> Iterator[Metric]:
    """From the state of ingest; `now` is Unix time."""
    feeds = GaugeMetricFamily("geowire_feeds", "Feeds of the catalogue, by health.", labels=["state"])
    for state in ("new", "healthy", "failing", "silent", "gone"):
        feeds.add_metric([state], overview.states.get(state, 0))
    yield feeds
    entries = CounterMetricFamily(
        "geowire_entries", "Feed entries by outcome, since the beginning.", labels=["outcome"]
    )
    for outcome, count in bounded_outcomes(overview.outcomes).items():
        entries.add_metric([outcome], count)
    yield entries
    yield GaugeMetricFamily("geowire_entries_pending", "Entries that the next poll tries again.", overview.pending)
    yield GaugeMetricFamily("geowire_feeds_due", "Feeds whose time to be asked has come.", overview.due)
    yield GaugeMetricFamily("geowire_outbox_records", "Records that wait for the bus.", overview.waiting)
    yield GaugeMetricFamily(
        "geowire_outbox_oldest_age_seconds",
        "Age of the record that has waited longest; 0 if none waits.",
        0.0 if overview.outbox_since is None else max(0.0, now - overview.outbox_since.timestamp()),
    )
    if overview.last_poll is not None:
        yield GaugeMetricFamily(
            "geowire_last_poll_age_seconds",
            "Since the poll of a feed last ended.",
            max(0.0, now - overview.last_poll.timestamp()),
        )


def bounded_outcomes(outcomes: Mapping[str, int]) -> dict[str, int]:
    """The most frequent outcomes; the others, and what is none of ours, are taken together."""
    kept: dict[str, int] = {}
    for outcome, count in sorted(outcomes.items(), key=lambda row: (-row[1], row[0])):
        name = outcome if OUTCOME.fullmatch(outcome) and len(kept) < REASONS_LIMIT else OTHER
        kept[name] = kept.get(name, 0) + count
    return kept


def bus_metrics(view: BusView) -> Iterator[Metric]:
    """From the bus."""
    labels = ["stage", "partition"]
    lag = GaugeMetricFamily("geowire_group_lag_messages", "Messages that a stage has still to read.", labels=labels)
    committed = GaugeMetricFamily("geowire_group_committed_offset", "The next message of a stage.", labels=labels)
    members = GaugeMetricFamily("geowire_group_members", "Processes that run a stage.", labels=["stage"])
    for stage, look in view.stages.items():
        members.add_metric([stage], look.members)
        for partition, extent in sorted(look.extents.items()):
            lag.add_metric([stage, str(partition)], extent.lag)
            committed.add_metric([stage, str(partition)], extent.committed)
    yield from (lag, committed, members)
    what = "Dead letters that stood on the topic since the exporter began to read it, by stage and reason."
    yield reason_counter("geowire_dead_letters", what, view.dead_letters)
