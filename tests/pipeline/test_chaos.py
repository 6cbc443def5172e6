"""Chaos in short: a few faults from a random seed hit the whole pipeline, and nothing is lost; `make chaos` is long."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import SystemRandom

import pytest
from conftest import unavailable

from benchmarks.chaos_plan import EMBEDDED_KINDS, KINDS, Fault, plan
from benchmarks.chaos_progress import Standing, has_moved, is_at_work_or_idle
from benchmarks.chaos_run import LIBS, Feeds, Place, Setting, run
from benchmarks.chaos_servers import sample_web_program
from benchmarks.chaos_table import fault_row
from benchmarks.chaos_verdict import Books, Findings, undisturbed_flags, verdict
from cli.sample_web import load_sample_web
from geowire.bus import Delivery
from geowire.events import Event, article_event, encode, tagged_event
from geowire.messages import Article, Tagged
from geowire.topics import ARTICLES, DEADLETTERS, STORIES, TAGGED, TOPICS
from local.postgres import find_binaries
from processors.relate import RelateStage

MESSAGES = Path(__file__).parent.parent / "data" / "messages" / "v1"
LONGEST = 2.0
"""Seconds that a fault lasts at most here."""
ENVIRONMENT = {
    "GEOWIRE_MAX_AGE": "36500d",
    "GEOWIRE_STORY_WINDOW": "3650d",
    "GEOWIRE_FETCH_ATTEMPTS": "20",
    "GEOWIRE_OBEY_ROBOTS": "false",  # a robots.txt that a fault has hidden is asked for again after ten minutes
    "GEOWIRE_RETRY_WAIT": "100ms",
    "GEOWIRE_PRIVATE_HOST_SPACING": "500ms",
    "GEOWIRE_POLL_INTERVAL": "2s",
    "GEOWIRE_POLL_INTERVAL_MIN": "2s",
    "GEOWIRE_POLL_INTERVAL_MAX": "4s",
}


@pytest.mark.kafka
@pytest.mark.postgres
def test_faults_at_random_lose_nothing() -> None:
    """Six faults, then everything read raw: each article tagged and in one story, duplicates the same bytes."""
    if find_binaries() is None or not any(LIBS.glob("kafka_*.jar")):
        unavailable("no PostgreSQL or no Kafka: install PostgreSQL's server, Java 17 and Maven, and run `make test`")
    # not pytest's folder: another run of pytest closes it to the user that PostgreSQL's server runs as
    with tempfile.TemporaryDirectory(prefix="geowire-chaos-", ignore_cleanup_errors=True) as folder:
        suffer(Path(folder), faults=6, embedded=False)


def test_faults_at_random_lose_nothing_on_one_machine(tmp_path: Path) -> None:
    """The same with the embedded bus and state."""
    suffer(tmp_path, faults=3, embedded=True)


def suffer(folder: Path, *, faults: int, embedded: bool) -> None:
    """A whole run over the sample news web, with a seed that is printed."""
    seed = int(os.environ.get("GEOWIRE_TEST_SEED", SystemRandom().randrange(10**6)))
    print(f"GEOWIRE_TEST_SEED={seed}")
    program, address = sample_web_program(folder)
    feeds = Feeds(program, f"{address}/feeds.yaml", frozenset, len(load_sample_web().articles), feed_only=1)

    def planned(place: Place) -> Sequence[Fault]:
        kinds = [kind for kind in (EMBEDDED_KINDS if embedded else KINDS) if place.can_suffer(kind)]
        return plan(seed, faults, kinds, LONGEST)

    told = run(folder, feeds, Setting(ENVIRONMENT, embedded=embedded, idle_seconds=2.0), planned, print)

    assert len(told.suffered) == faults
    assert all(one.recovery is not None for one in told.suffered), [fault_row(one) for one in told.suffered]
    assert not [str(line) for line in told.lines if not line.holds]


def test_a_plan_follows_from_its_seed_alone() -> None:
    """The same seed gives the same faults, another seed others; every kind comes as often as any other."""
    first = plan(7, 22, KINDS)

    assert first == plan(7, 22, KINDS)
    assert first != plan(8, 22, KINDS)
    assert all(sum(fault.kind == kind for fault in first) == 2 for kind in KINDS)
    assert all(fault.seconds <= 1.0 for fault in plan(7, 22, KINDS, longest=1.0))


def test_work_goes_on_when_positions_move_or_nothing_is_left() -> None:
    """A stage that stands still with messages to read has not recovered."""
    before = {"tag": Standing(5, 3), "relate": Standing(2, 0)}

    assert not has_moved(before, {"tag": Standing(6, 2), "relate": Standing(2, 0)}, ["tag", "relate"])
    assert is_at_work_or_idle(before, {"tag": Standing(6, 2), "relate": Standing(2, 0)}, ["tag", "relate"])
    assert not is_at_work_or_idle(before, {"tag": Standing(5, 3), "relate": Standing(2, 0)}, ["tag", "relate"])


def as_read(events: Sequence[Event]) -> list[Delivery]:
    """Events as they come off a topic with one partition."""
    return [Delivery(encode(event), 0, offset, 0) for offset, event in enumerate(events)]


@pytest.fixture
def quiet_topics() -> dict[str, list[Delivery]]:
    """What a quiet run over one article leaves on the topics."""
    sample = json.loads((MESSAGES / "article.tagged.json").read_text("utf-8"))
    tagged = Tagged.model_validate(sample["value"]).model_copy(update={"version": 1, "body_status": "full"})
    article = Article(**{name: getattr(tagged, name) for name in Article.model_fields})
    relate = RelateStage()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        relate.create_tables(connection)
        relate.load(connection)
        stories = relate.process([tagged_event(tagged)], connection)
    made = [article_event(article), tagged_event(tagged), *stories, *undisturbed_flags(stories)]
    return {topic.name: as_read([event for event in made if event.topic == topic.name]) for topic in TOPICS}


def missed(topics: dict[str, list[Delivery]]) -> str:
    """The lines of the verdict that do not hold."""
    books = Books({"done": 1}, {"published": 1}, articles=1, outbox=0)
    return "; ".join(line.text for line in verdict(Findings(topics, 1, frozenset(), books)) if not line.holds)


def test_the_verdict_has_nothing_against_a_quiet_run(quiet_topics: dict[str, list[Delivery]]) -> None:
    """Nothing is missing; what is there twice in the same bytes is no harm."""
    twice = {name: deliveries * 2 for name, deliveries in quiet_topics.items()}

    assert not missed(quiet_topics)
    assert not missed(twice)


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (ARTICLES.name, "0 articles of 1"),
        (TAGGED.name, "0 versions tagged"),
        (STORIES.name, "0 versions in 0 stories"),
    ],
)
def test_the_verdict_misses_what_is_lost(quiet_topics: dict[str, list[Delivery]], topic: str, said: str) -> None:
    """Whatever is not on its topic makes a line that does not hold."""
    assert said in missed(quiet_topics | {topic: []})


def test_the_verdict_sees_one_id_in_two_forms(quiet_topics: dict[str, list[Delivery]]) -> None:
    """A duplicate with other bytes, and a dead letter, are found."""
    found = quiet_topics[TAGGED.name][0]
    other = replace(found, record=replace(found.record, value=(found.record.value or b"") + b" "))

    assert "not the same bytes" in missed(quiet_topics | {TAGGED.name: [found, other]})
    assert "1 dead letters" in missed(quiet_topics | {DEADLETTERS.name: [found]})
