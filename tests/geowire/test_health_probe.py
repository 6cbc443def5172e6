"""The probe: what it says of a bus that fails, hangs or answers again; it never makes anybody wait."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from servers.processes import wait_until

from geowire.bus import Bus, Extent, TopicPartition, open_bus
from geowire.errors import Transient
from geowire.health_probe import BusProbe
from geowire.topics import ARTICLES, TOPICS


class Flaky:
    """Opens a bus once it was asked often enough."""

    def __init__(self, path: Path, failures: int) -> None:
        self._url = f"sqlite:///{path}"
        self._failures = failures

    def __call__(self) -> Bus:
        """The bus. Raises `Transient` as often as it was told to."""
        self._failures -= 1
        if self._failures >= 0:
            raise Transient("Kafka: no broker\nat h:9092")
        return open_bus(self._url)


def test_a_fault_is_told_until_the_bus_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one line; then the lag is known."""
    monkeypatch.setattr("geowire.health_probe.PROBE_SECONDS", 0.05)
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as bus:
        bus.ensure_topics(TOPICS)
    probe = BusProbe(Flaky(tmp_path / "bus.db", 3), "geowire.tag", ARTICLES.name)
    assert probe.answer is None

    seen = []
    probe.start()
    wait_until(lambda: bool(probe.answer and (seen.append(probe.answer.fault) or seen[-1] is None)), "an answer", 20)  # type: ignore[func-returns-value]
    lags = probe.lags
    probe.stop()

    assert seen[0] == "Kafka: no broker at h:9092"
    assert lags == dict.fromkeys(range(ARTICLES.partitions), 0)


def test_whatever_breaks_is_a_fault(tmp_path: Path) -> None:
    """An error that is none of geowire's is named with its class; old lags are not told any more."""
    probe = BusProbe(lambda: Broken(tmp_path), "geowire.tag", ARTICLES.name)  # type: ignore[arg-type,return-value]
    probe.start()
    wait_until(lambda: probe.answer is not None, "an answer", 20)
    answer = probe.answer
    probe.stop()

    assert answer is not None
    assert answer.fault == "ValueError: odd bytes"
    assert probe.lags == {}


class Broken:
    """A bus whose file is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def extents(self, _group: str, _topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """Break."""
        raise ValueError("odd bytes")

    def close(self) -> None:
        """Nothing."""
