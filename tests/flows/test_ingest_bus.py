"""The bus that a poll's flow opens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flows.ingest_bus import bus_for_ingest
from geowire.errors import Transient
from geowire.settings import Settings
from geowire.sqlite_bus import SqliteBus
from geowire.topics import TOPICS, Topic


def test_the_topics_are_made_ready_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them; one that differs is said."""
    asked: list[tuple[Topic, ...]] = []

    def ensure(_: SqliteBus, topics: tuple[Topic, ...]) -> list[str]:
        asked.append(topics)
        return ["topic geowire.articles.v1: 3 partitions, not 12"]

    async def run() -> None:
        async with bus_for_ingest(Settings(data=tmp_path)):
            pass

    monkeypatch.setattr(SqliteBus, "ensure_topics", ensure)

    asyncio.run(run())

    assert asked == [TOPICS]
    assert "3 partitions, not 12" in caplog.text


def test_a_bus_that_is_away_hinders_no_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is for it waits in the outbox, and that is said."""

    async def run() -> bool:
        async with bus_for_ingest(Settings(data=tmp_path)):
            return True

    def absent(*_: object) -> list[str]:
        raise Transient("no answer from Kafka")

    monkeypatch.setattr(SqliteBus, "ensure_topics", absent)

    assert asyncio.run(run())
    assert "no answer from Kafka" in caplog.text
