"""kill -9 at random points while stories are made: what was published stands, and one partition ends as a quiet run."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from servers.processes import wait_until

from geowire.bus import Delivery, Record, open_bus
from geowire.events import Event, decode, encode, header_texts, tagged_event
from geowire.messages import Story, Tagged
from geowire.topics import DEADLETTERS, STORIES, TAGGED
from processors.relate import RelateStage

ARTICLES = 2_000
KILLS = int(os.environ.get("GEOWIRE_TEST_KILLS", "6"))
"""Twenty with `make kill-relate`."""
STORIES_TOLD = 300
BATCH = 20
MEMBER = Path(__file__).parent.parent / "servers" / "relate_process.py"
SYLLABLES = (
    "ba",
    "dor",
    "fen",
    "gil",
    "hul",
    "kor",
    "lim",
    "mas",
    "nev",
    "por",
    "rin",
    "sol",
    "tam",
    "ves",
    "wic",
    "yar",
)
START = datetime(2026, 3, 2, tzinfo=UTC)


def word(random: Random) -> str:
    """A word that nobody has used."""
    return "".join(random.choice(SYLLABLES) for _ in range(4))


def told_articles() -> Iterator[Tagged]:
    """Two thousand articles on three hundred events, some of them copies, in a fixed order."""
    random = Random(9)
    events = [[word(random) for _ in range(60)] for _ in range(STORIES_TOLD)]
    common = [word(random) for _ in range(400)]
    text = ""
    for number in range(ARTICLES):
        event = events[random.randrange(STORIES_TOLD)]
        if number % 11:
            text = " ".join(random.sample(event, 30) + random.sample(common, 10))
        moment = START + timedelta(minutes=4 * number)
        yield Tagged(
            id=f"article-{number}", version=1, url=f"https://a.example/{number}", title=" ".join(text.split()[:8]),
            text=text, published_at=moment, fetched_at=moment, body_status="full", model="tag-1",
            publisher={"id": f"publisher-{number % 40}"}, feed={"id": "feed", "url": "https://a.example/feed"},
            content_hash=hashlib.sha256(text.encode()).hexdigest(),
        )  # fmt: skip


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """The stream."""
    return [tagged_event(article) for article in told_articles()]


def raw(bus_url: str, topic: str) -> list[Delivery]:
    """Everything on a topic."""
    found: list[Delivery] = []
    with open_bus(bus_url) as bus, bus.read(topic) as reader:
        while not reader.at_end():
            found += reader.poll(500, 1.0)
    return found


def quiet_run(events: list[Event]) -> list[Record]:
    """What one undisturbed stage answers, as it would stand on the topic."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        stage = RelateStage()
        stage.create_tables(connection)
        stage.load(connection)
        return [encode(event) for event in stage.process(events, connection)]


def kill_at(bus_url: str, folder: Path, target: int) -> bool:
    """Start a stage and kill it once the state has taken in so many articles; whether it was still at work."""
    with (folder / "relate.log").open("ab") as log:
        process = subprocess.Popen(command(bus_url, folder), stdout=log, stderr=log)
    wait_until(lambda: taken_in(folder) >= target or process.poll() is not None, f"{target} articles", 60)
    was_at_work = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_at_work


def command(bus_url: str, folder: Path, member: str = "one", state: str = "relate.db") -> list[str]:
    """The stage in a process of its own."""
    return [sys.executable, str(MEMBER), bus_url, str(folder / state), str(BATCH), member]


def taken_in(folder: Path, state: str = "relate.db") -> int:
    """How many articles the state file has taken in; 0 while there is none."""
    try:
        with closing(sqlite3.connect(f"file:{folder / state}?mode=ro", uri=True, timeout=30)) as connection:
            row = connection.execute("SELECT sum(next) FROM stage_offset").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(row[0] or 0)


def assignments(deliveries: list[Delivery]) -> dict[str, str]:
    """The story that each article was published in; no article in two."""
    stories: dict[str, set[str]] = defaultdict(set)
    for delivery in deliveries:
        data = decode(delivery).data
        if isinstance(data, Story):
            for added in data.added:
                stories[added.article_id].add(data.id)
    assert all(len(found) == 1 for found in stories.values()), "an article in two stories"
    return {article_id: next(iter(found)) for article_id, found in stories.items()}


def by_id(records: list[Record]) -> dict[str, tuple[bytes, bytes | None]]:
    """Each message once; one id always has the same bytes."""
    found: dict[str, tuple[bytes, bytes | None]] = {}
    for record in records:
        form = (record.key, record.value)
        assert found.setdefault(header_texts(record.headers)["ce_id"], form) == form, "one id, two forms"
    return found


def test_kills_change_no_published_assignment(empty_bus_url: str, tmp_path: Path, events: list[Event]) -> None:
    """After each kill all that was published still stands; at the end the topic holds what one quiet run would give."""
    with open_bus(empty_bus_url) as bus:
        bus.ensure_topics([replace(topic, partitions=1) for topic in (TAGGED, STORIES, DEADLETTERS)])
        bus.publish([encode(event) for event in events])
    random, published, kills = Random(KILLS), dict[str, str](), 0
    for target in sorted(random.sample(range(BATCH, ARTICLES - BATCH), KILLS)):
        kills += kill_at(empty_bus_url, tmp_path, target)
        standing = assignments(raw(empty_bus_url, STORIES.name))
        assert published.items() <= standing.items()
        published = standing

    with (tmp_path / "relate.log").open("ab") as log:
        subprocess.run(
            [*command(empty_bus_url, tmp_path), "until-idle"], check=True, timeout=120, stdout=log, stderr=log
        )

    deliveries = raw(empty_bus_url, STORIES.name)
    print(f"{kills} of {KILLS} kills in the middle; {len(deliveries)} messages")
    assert kills >= KILLS - 1
    assert published.items() <= assignments(deliveries).items()
    assert by_id([delivery.record for delivery in deliveries]) == by_id(quiet_run(events))
    assert len(assignments(deliveries)) == ARTICLES


@pytest.mark.parametrize("state", ["relate.db", "standby.db"])
def test_a_standby_takes_over(empty_bus_url: str, tmp_path: Path, events: list[Event], state: str) -> None:
    """A second member goes on when the first is killed, with its file or with one rebuilt from what was published."""
    some = events[:600]
    with open_bus(empty_bus_url) as bus:
        bus.ensure_topics([replace(topic, partitions=1) for topic in (TAGGED, STORIES, DEADLETTERS)])
        bus.publish([encode(event) for event in some])
    with (tmp_path / "active.log").open("ab") as log, (tmp_path / "standby.log").open("ab") as standby_log:
        active = subprocess.Popen(command(empty_bus_url, tmp_path), stdout=log, stderr=log)
        wait_until(lambda: taken_in(tmp_path) >= 2 * BATCH, "the active member to start", 60)
        standby_command = command(empty_bus_url, tmp_path, "two", state)
        standby = subprocess.Popen(standby_command, stdout=standby_log, stderr=standby_log)
        wait_until(lambda: taken_in(tmp_path) >= 10 * BATCH, "the active member to work", 60)
        active.send_signal(signal.SIGKILL)
        active.wait()
        before, killed = assignments(raw(empty_bus_url, STORIES.name)), time.monotonic()
        left = taken_in(tmp_path)
        wait_until(lambda: taken_in(tmp_path, state) > left or standby.poll() is not None, "the standby to work", 60)
        print(f"{state}: at work {time.monotonic() - killed:.1f} s after the kill, session timeout 2 s")
        wait_until(lambda: taken_in(tmp_path, state) == len(some) or standby.poll() is not None, "the end", 60)
        wait_until(lambda: len(assignments(raw(empty_bus_url, STORIES.name))) == len(some), "the last messages", 30)
        standby.send_signal(signal.SIGKILL)
        standby.wait()

    after = assignments(raw(empty_bus_url, STORIES.name))
    assert before
    assert len(before) < len(some)
    assert before.items() <= after.items()
