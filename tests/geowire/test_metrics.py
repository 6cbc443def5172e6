"""What a stage shows of itself: counts, delays, health; and that no fault of this stops a stage."""

from __future__ import annotations

import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from geowire.bus import Bus, Delivery, MemberOptions, Record, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Misconfigured, Rejected, Transient
from geowire.events import Event, encode, ingest_failure_event, story_event
from geowire.health import BusAnswer, Health, liveness, readiness
from geowire.health_sources import Source
from geowire.messages import IngestFailure, Story
from geowire.metrics import OTHER, REASONS_LIMIT, Readings, StageMetrics, bounded
from geowire.metrics_dead_letters import DeadLetterTally
from geowire.metrics_delays import delays
from geowire.metrics_server import MetricsServer
from geowire.monitor import Monitor, Pulse
from geowire.topics import DEADLETTERS, STORIES, Topic
from geowire.turn import Exchange, Turn

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IN, OUT = (Topic(f"{name}.test", "id", "For a test.", "a test", (), partitions=2) for name in ("in", "out"))


class Echo:
    """Repeats words, refuses one of them, and fails once in passing."""

    name = "echo"
    topic = IN.name

    def __init__(self) -> None:
        self._has_failed = False

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Repeat."""
        if not self._has_failed:
            self._has_failed = True
            raise Transient("not now")
        if any(event.data.reason == "never" for event in batch):  # type: ignore[attr-defined]
            raise Rejected("never-taken")
        return [replace(event, topic=OUT.name) for event in batch]


def word(text: str) -> Record:
    """A message that says one word."""
    failure = IngestFailure(stage="fetch", url=f"https://a.example/{text}", reason=text, failed_at=NOON)
    return encode(replace(ingest_failure_event(failure), topic=IN.name, key=text))


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    """An embedded bus with three words on it, one of which is refused."""
    opened = open_bus(f"sqlite:///{tmp_path / 'bus.db'}", member=MemberOptions())
    opened.ensure_topics([IN, OUT, DEADLETTERS])
    opened.publish([word("one"), word("never"), word("two")])
    return opened


def run_echo(bus: Bus, monitor: Monitor) -> None:
    """The loop until it is idle."""
    ConsumerLoop(bus, Echo(), options=LoopOptions(retry_wait=0.01, until_idle=True), monitor=monitor).run()


def readings(monitor: Monitor, lags: dict[int, int] | None = None) -> Readings:
    """What a stage is asked for at a scrape."""
    return Readings(monitor.counts, lambda: lags or {}, lambda: True, lambda: monitor.pulse.silent_seconds)


def test_a_loop_counts_what_it_did(bus: Bus) -> None:
    """Read, published, dead letters by reason, retries, batches; the lag is that of whoever looks."""
    registry, monitor = CollectorRegistry(), Monitor()
    monitor.listen(StageMetrics(registry, "echo", readings(monitor, {0: 4, 1: 0})).observe)

    run_echo(bus, monitor)
    bus.close()

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"stage": "echo"} | labels)

    assert value("geowire_stage_messages_taken_total") == 3
    assert value("geowire_stage_messages_published_total") == 2
    assert value("geowire_stage_dead_letters_total", reason="never-taken") == 1
    assert value("geowire_stage_retries_total") == 1
    assert value("geowire_stage_batch_seconds_count") == 1
    assert value("geowire_stage_lag_messages", partition="0") == 4
    assert value("geowire_stage_ready") == 1


def test_a_listener_that_breaks_stops_no_stage(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; everything is read, published and told to the next listener."""
    turns: list[Turn] = []

    def break_down(_: Turn) -> None:
        raise RuntimeError("no metrics today")

    monitor = Monitor([break_down, turns.append])
    run_echo(bus, monitor)
    bus.close()

    assert monitor.counts.taken == 3
    assert [event.key for turn in turns for event in turn.taken] == ["one", "two"]
    assert "no metrics today" in caplog.text


def test_reasons_are_bounded() -> None:
    """The most frequent of each stage have a series of their own; nothing is lost from the sum."""
    counts = {("tag", f"r{number}"): number + 1 for number in range(REASONS_LIMIT + 20)} | {("flag", "x"): 1}

    kept = bounded(counts)

    assert len(kept) == REASONS_LIMIT + 2
    assert sum(kept.values()) == sum(counts.values())
    assert kept["tag", OTHER] == sum(range(1, 21))


def a_story(article_id: str = "a1") -> Event:
    """A story to which an article of noon was added; it was fetched ten minutes later."""
    added = {
        "article_id": article_id, "version": 1, "url": "https://a.example/1", "title": "T",
        "publisher": {"id": "a.example", "name": "A"}, "published_at": NOON, "why": {"rule": "started", "model": "m"},
    }  # fmt: skip
    story = Story.model_validate(
        {
            "id": "s1",
            "version": 1,
            "headline": "T",
            "extract": "",
            "article_count": 1,
            "publisher_count": 1,
            "first_seen": NOON,
            "last_seen": NOON,
            "pace": "new",
            "added": [added],
        }
    )
    return story_event(story, NOON.replace(minute=10))


def test_delays_run_from_publication_and_from_fetch() -> None:
    """To the end of the batch, never below zero."""
    later = NOON.replace(minute=30).timestamp()
    turn = Turn((), (Exchange((), (a_story(),)),), 0.1, later)

    found = {delay.since: delay for delay in delays(turn)}

    assert (found["published"].seconds, found["fetched"].seconds) == (1_800, 1_200)
    assert found["fetched"].topic == STORIES.name
    assert {delay.seconds for delay in delays(replace(turn, finished_at=0.0))} == {0.0}


class Clock:
    """A monotonic clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_loop_lives_while_it_comes_round() -> None:
    """Waiting for a fault is life; five minutes of silence are not."""
    clock = Clock()
    pulse = Pulse(clock)
    clock.now = 299.0
    assert liveness(pulse).is_good
    clock.now = 301.0
    assert liveness(pulse) == Health(False, "the loop has not come round for 301 s")
    pulse.wait("no broker")
    assert liveness(pulse).is_good


def test_ready_is_joined_without_a_fault_on_a_bus_that_answers() -> None:
    """Everything else is said."""
    clock = Clock()
    pulse = Pulse(clock)
    well = BusAnswer(3.0)

    assert readiness(pulse, well).reason == "the group is not joined yet"
    pulse.turn(has_joined=True)
    assert readiness(pulse, well) == Health(True, "ready")
    assert readiness(pulse, None).reason == "the bus was not asked yet"
    assert readiness(pulse, BusAnswer(1.0, "refused")).reason == "the bus does not answer: refused"
    assert readiness(pulse, BusAnswer(61.0)).reason == "the bus has not answered for 61 s"
    pulse.wait("state file: locked")
    assert readiness(pulse, well).reason == "the loop waits: state file: locked"
    clock.now = 1_000.0
    assert not readiness(pulse, well).is_good


class Broken(Collector):
    """A metric that cannot be read."""

    def collect(self) -> list[Metric]:
        """Break."""
        raise RuntimeError("secret detail")

    def describe(self) -> list[Metric]:
        """Nothing."""
        return []


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_server_answers_whatever_breaks() -> None:
    """503 with the reason, 500 without any detail; a port that is taken is one line that names the setting."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    registry = CollectorRegistry()
    registry.register(Broken())
    ready = Health(False, "the bus does not answer: refused")

    with MetricsServer(("127.0.0.1", port), registry, live=lambda: Health(True, "alive"), ready=lambda: ready):
        assert ask(port, "/readyz") == (503, "the bus does not answer: refused\n")
        assert ask(port, "/healthz?x=1") == (200, "alive\n")
        assert ask(port, "/metrics") == (500, "RuntimeError\n")
        with pytest.raises(Misconfigured, match=rf"^GEOWIRE_METRICS: cannot listen on 127.0.0.1:{port}"):
            MetricsServer(("127.0.0.1", port), registry, live=lambda: ready, ready=lambda: ready)
        with pytest.raises(Misconfigured, match=r"^GEOWIRE_METRICS: cannot listen on a..b:9464: .*write another"):
            MetricsServer(("a..b", 9464), registry, live=lambda: ready, ready=lambda: ready)


def test_a_source_that_hangs_is_left_behind() -> None:
    """Whoever asks waits no longer than told; no second reading is begun, and the late answer is not lost."""
    import threading

    release, begun = threading.Event(), []

    def read() -> int:
        begun.append(1)
        release.wait(20)
        return 7

    source = Source("slow", read)
    source.begin()
    with pytest.raises(Transient, match="no answer in time"):
        source.end(0.01)
    source.begin()
    release.set()

    assert source.end(10) == 7
    assert len(begun) == 1


def letter(stage: bytes, reason: bytes) -> Record:
    """A dead letter with these facts."""
    return Record(DEADLETTERS.name, b"k", b"?", (("dlq.stage", stage), ("dlq.topic", b"t"), ("dlq.reason", reason)))


def test_dead_letters_are_each_counted_once(bus: Bus) -> None:
    """By stage and reason, through a lost connection too; what anybody else wrote has no name."""
    tally = DeadLetterTally(["tag", "flag"])
    bus.publish([letter(b"tag", b"malformed"), letter(b"tag", b"malformed"), letter(b"evil", b"{x=1}")])
    tally.read_on(bus, 5)
    tally.close()
    failure = IngestFailure(stage="parse", url="https://a.example/1", reason="parse-crash", failed_at=NOON)
    bus.publish([letter(b"flag", b"not-a-story"), encode(ingest_failure_event(failure))])
    tally.read_on(bus, 5)
    tally.close()

    expected = {("tag", "malformed"): 2, (OTHER, OTHER): 1, ("flag", "not-a-story"): 1, ("ingest", "parse-crash"): 1}
    assert dict(tally.counts) == expected
    bus.close()


def test_a_letter_that_nobody_can_read_is_counted_too(bus: Bus) -> None:
    """Nested however deeply: it hinders none that come after it."""
    tally = DeadLetterTally(["tag"])
    headers = encode(ingest_failure_event(IngestFailure(stage="parse", url="u", reason="r", failed_at=NOON))).headers
    bus.publish([Record(DEADLETTERS.name, b"k", b"[" * 200_000, headers), letter(b"tag", b"malformed")])

    tally.read_on(bus, 5)
    tally.close()

    assert dict(tally.counts) == {(OTHER, "not-a-letter"): 1, ("tag", "malformed"): 1}
    bus.close()


def test_a_dead_letter_is_logged_with_its_ids(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    """Stage, reason and the ids by which to find it, as fields."""
    with caplog.at_level(logging.WARNING):
        run_echo(bus, Monitor())
    bus.close()

    (record,) = [record for record in caplog.records if record.message.startswith("dead letter")]
    fields = record.__dict__
    assert (fields["stage"], fields["reason"], fields["article_id"]) == ("echo", "never-taken", "never")
    assert fields["ce_id"]


def test_a_batch_is_timed_with_what_was_read(bus: Bus) -> None:
    """A turn holds the deliveries too: their time on the bus is when articles stood on their topic."""
    turns: list[Turn] = []
    run_echo(bus, Monitor([turns.append]))
    bus.close()

    (turn,) = turns
    assert len(turn.batch) == 3
    assert all(isinstance(delivery, Delivery) and delivery.timestamp_ms > 0 for delivery in turn.batch)
    assert turn.seconds >= 0
