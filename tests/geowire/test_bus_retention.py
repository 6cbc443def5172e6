"""What an embedded bus that nobody writes to holds too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from geowire.bus import Record, TopicPartition, open_bus
from geowire.bus_retention import expire_records
from geowire.topics import ARTICLES, FEEDS, TOPICS


def test_only_what_is_beyond_its_topics_retention_goes(tmp_path: Path) -> None:
    """Articles after 14 days; the last poll of each feed never, for that topic is compacted."""
    url = f"sqlite:///{tmp_path / 'bus.db'}"
    with open_bus(url) as bus:
        bus.ensure_topics(TOPICS)
        bus.publish([Record(topic.name, b"k%d" % i, b"{}", ()) for topic in (ARTICLES, FEEDS) for i in range(9)])
    now = datetime.now(UTC)

    assert expire_records(url, TOPICS, now + timedelta(days=13)) == 0
    assert expire_records(url, TOPICS, now + timedelta(days=15)) == 9
    with open_bus(url) as bus, bus.read(FEEDS.name) as feeds:
        assert len(feeds.poll(100, 0)) == 9


def test_what_compaction_took_out_of_the_middle_is_still_lag(tmp_path: Path) -> None:
    """As on Kafka: lag counts offsets, and only what nothing older is left of is done with."""
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as bus:
        bus.ensure_topics([replace(FEEDS, partitions=1)])
        bus.publish([Record(FEEDS.name, key, b"{}") for key in (b"a", b"b", b"b", b"b", b"c")])

        assert bus.extents("g", [FEEDS.name]) == {TopicPartition(FEEDS.name, 0): (0, 5)}


def test_a_broker_keeps_its_own_house(tmp_path: Path) -> None:
    """Nothing is done to Kafka, nor to a file that is not there, which stays so."""
    assert expire_records("kafka://127.0.0.1:9", TOPICS, datetime.now(UTC)) == 0
    assert expire_records(f"sqlite:///{tmp_path / 'none.db'}", TOPICS, datetime.now(UTC)) == 0
    assert not list(tmp_path.iterdir())
