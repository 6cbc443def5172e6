"""The exporter: what it reads at a scrape, and what it says of a source that does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cli.exporter import ExporterReadings, existing
from cli.exporter_metrics import bounded_outcomes, state_metrics
from cli.main import run_app
from cli.run import consumers
from geowire.metrics import OTHER, REASONS_LIMIT
from geowire.settings import load_settings
from ingest.overview import Overview

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_broken_state_hides_nothing_of_the_bus(tmp_path: Path) -> None:
    """The bus is told, the state's metrics are missing, and readiness says why."""
    (tmp_path / "ingest.db").write_text("this is no database", "utf-8")
    readings = ExporterReadings(load_settings(data=tmp_path))
    registry = CollectorRegistry()
    registry.register(readings)

    assert registry.get_sample_value("geowire_source_up", {"source": "state"}) == 0
    assert registry.get_sample_value("geowire_source_up", {"source": "bus"}) == 1
    assert registry.get_sample_value("geowire_group_lag_messages", {"stage": "tag", "partition": "0"}) == 0
    assert registry.get_sample_value("geowire_feeds", {"state": "healthy"}) is None
    health = readings.health()
    readings.close()
    assert not health.is_good
    assert health.reason.startswith("state: GEOWIRE_STATE: ")


def test_ages_are_told_in_seconds() -> None:
    """Of the last poll and of the oldest record in the outbox; no poll, no age."""
    overview = Overview(
        states={"healthy": 2},
        outcomes={"published": 5, "rejected:too-old": 1},
        failing=(),
        pending=3,
        waiting=4,
        outbox_since=NOON - timedelta(seconds=90),
        due=1,
        last_poll=NOON - timedelta(minutes=2),
    )

    found = {sample.name: sample.value for m in state_metrics(overview, NOON.timestamp()) for sample in m.samples}

    assert found["geowire_outbox_oldest_age_seconds"] == 90
    assert found["geowire_last_poll_age_seconds"] == 120
    assert (found["geowire_outbox_records"], found["geowire_feeds_due"], found["geowire_entries_pending"]) == (4, 1, 3)
    never = {m.name for m in state_metrics(Overview({}, {}, (), 0, 0), NOON.timestamp())}
    assert "geowire_last_poll_age_seconds" not in never


def test_outcomes_are_bounded() -> None:
    """The most frequent have a series of their own; what is none of ours has not; the sum stays."""
    outcomes = {f"failed:http-{number}": 100 + number for number in range(REASONS_LIMIT + 5)} | {'x"{}': 1_000}

    found = bounded_outcomes(outcomes)

    assert len(found) <= REASONS_LIMIT + 1
    assert sum(found.values()) == sum(outcomes.values())
    assert 'x"{}' not in found
    assert found[OTHER] >= 1_000


def test_an_exporter_without_a_place_to_listen_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the setting and what to write."""
    assert run_app(["exporter"]) == 2
    assert "GEOWIRE_METRICS: say where to listen: write a port such as 9464" in capsys.readouterr().err


def test_run_gives_each_process_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted up from the option or the setting; without either there is neither metrics nor an exporter."""
    assert [(name, listener) for name, _, listener in consumers(load_settings())] == [
        ("tag", ""),
        ("relate", ""),
        ("flag", ""),
    ]
    monkeypatch.setenv("GEOWIRE_METRICS", "[::1]:9500")
    monkeypatch.setenv("GEOWIRE_WEBHOOK", "https://hooks.example/x")
    settings = load_settings()

    assert [listener for _, _, listener in consumers(settings)] == [f"[::1]:{port}" for port in range(9500, 9505)]
    assert [name for name, _, _ in consumers(settings)] == ["tag", "relate", "flag", "exporter", "webhook"]
    assert next(consumers(settings, 9700)) == ("tag", ["process", "tag"], "127.0.0.1:9700")


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    """The data folder is made by whoever needs it first."""
    assert existing(tmp_path / "a" / "b") == tmp_path.resolve()
