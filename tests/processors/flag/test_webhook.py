"""Flags to a webhook: signed, tried again, and given up after a while."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.bus import Bus, open_bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Rejected, Transient
from geowire.events import Event, encode, flagged_event, header_texts
from geowire.messages import Flagged, Reason
from geowire.monitor import Counts
from geowire.retries import retry, waiting_letters
from geowire.topics import DEADLETTERS, FLAGGED
from processors.flag.webhook import BATCH_SECONDS, Busy, WebhookStage

SECRET = b"sixteen letters!"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def flag(value: str) -> Event:
    """A flag with a reason; all of them are of one story, and so in order."""
    reason = Reason(kind="words", value=value)
    return flagged_event(Flagged(watch="w", story_id="s", headline="Türkiye", reason=reason, flagged_at=NOON))


@dataclass
class Receiver:
    """Takes what it is sent, but for some reasons only after a few failures."""

    failures: dict[str, int] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    asked: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    now: float = 1_000.0
    seconds: float = 0.0
    pause: float = 0.0

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One request."""
        self.asked += 1
        self.now += self.seconds
        self.body, self.headers = body, headers
        value = json.loads(body)["data"]["reason"]["value"]
        if self.failures.get(value, 0) > 0:
            self.failures[value] -= 1
            raise Busy("receiver.example answered 503", self.pause)
        self.taken.append(value)

    def stage(self, attempts: int = 3) -> WebhookStage:
        """A stage that sends to it."""
        return WebhookStage(self.post, SECRET, attempts, clock=lambda: self.now)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """A bus with three flags."""
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as opened:
        opened.ensure_topics([FLAGGED, DEADLETTERS])
        opened.publish([encode(flag(value)) for value in "abc"])
        yield opened


def run(bus: Bus, stage: WebhookStage) -> Counts:
    """The loop on a stage, until everything is sent or given up."""
    return ConsumerLoop(bus, stage, options=LoopOptions(10, 0.001, until_idle=True)).run()


def test_a_flag_is_a_signed_cloud_event() -> None:
    """The receiver can tell from the bytes alone who sent them and when."""
    receiver = Receiver()

    receiver.stage().process([flag("a")])

    expected = hmac.new(SECRET, b"1000." + receiver.body, hashlib.sha256).hexdigest()
    assert receiver.headers["Geowire-Timestamp"] == "1000"
    assert receiver.headers["Geowire-Signature"] == f"sha256={expected}"
    event = json.loads(receiver.body)
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", flag("a").id, "geowire.flag.raised")
    assert (event["time"], event["subject"]) == ("2026-03-02T12:00:00Z", "s")
    assert event["data"]["headline"] == "Türkiye"


def test_a_passing_failure_is_tried_again(bus: Bus) -> None:
    """What was taken before it is not sent twice, what comes after waits its turn."""
    receiver = Receiver(failures={"b": 2})

    counts = run(bus, receiver.stage())

    assert receiver.taken == ["a", "b", "c"]
    assert (counts.retries, counts.dead) == (2, 0)


def test_what_is_never_taken_is_a_dead_letter(bus: Bus) -> None:
    """After so many attempts the flags behind it are sent, even if another fails for a while."""
    receiver = Receiver(failures={"b": 99, "c": 1})

    run(bus, receiver.stage())

    assert receiver.taken == ["a", "c"]
    assert receiver.asked == 1 + 3 + 2
    with bus.read(DEADLETTERS.name) as reader:
        (letter,) = reader.poll(10, 0.1)
    assert letter.record.value == encode(flag("b")).value
    assert header_texts(letter.record.headers)["dlq.reason"] == "webhook-failed"


def test_a_slow_receiver_does_not_keep_the_loop() -> None:
    """A batch that takes too long is broken off and goes on where it stopped."""
    receiver = Receiver(seconds=BATCH_SECONDS * 0.6)
    stage = receiver.stage()
    batch = [flag(value) for value in "abc"]

    with pytest.raises(Transient, match="slow"):
        stage.process(batch)
    assert receiver.taken == ["a", "b"]

    assert stage.process(batch) == []
    assert receiver.taken == ["a", "b", "c"]


def test_a_flag_that_was_given_up_can_be_sent_again_later() -> None:
    """Once another batch has passed nothing is held against it."""
    receiver = Receiver(failures={"a": 3})
    stage = receiver.stage(attempts=1)
    with pytest.raises(Exception, match="webhook-failed"):
        stage.process([flag("a")])
    receiver.failures.clear()

    stage.process([flag("b")])
    stage.process([flag("a")])

    assert receiver.taken == ["b", "a"]


def test_a_dead_letter_that_is_retried_has_all_its_attempts(bus: Bus) -> None:
    """In the same process, with nothing in between."""
    receiver = Receiver(failures={"c": 4})
    stage = receiver.stage()
    run(bus, stage)
    assert receiver.taken == ["a", "b"]

    (retried,) = retry(bus, list(waiting_letters(bus)))
    counts = run(bus, stage)

    assert retried.refusal is None
    assert receiver.taken == ["a", "b", "c"]
    assert (counts.retries, counts.dead) == (1, 0)


def test_a_dead_letter_that_comes_again_by_itself_is_sent() -> None:
    """Even if it is the very batch that was given up last: it has all its attempts anew."""
    receiver = Receiver(failures={"a": 3})
    stage = receiver.stage(attempts=2)
    with pytest.raises(Transient):
        stage.process([flag("a")])
    for _ in range(2):
        with pytest.raises(Rejected if receiver.failures["a"] == 2 else Transient):
            stage.process([flag("a")])

    stage.process([flag("a")])

    assert (receiver.taken, receiver.asked) == (["a"], 4)


def test_a_receiver_that_asks_for_time_gets_it() -> None:
    """Until then nothing is sent and no attempt is spent."""
    receiver = Receiver(failures={"a": 1}, pause=120.0)
    stage = receiver.stage(attempts=2)
    for _ in range(5):
        with pytest.raises(Transient, match=r"503|wait 120 s more"):
            stage.process([flag("a")])
    assert receiver.asked == 1

    receiver.now += 120.0
    stage.process([flag("a")])

    assert (receiver.taken, receiver.asked) == (["a"], 2)


def test_no_receiver_can_ask_for_more_than_an_hour() -> None:
    """A Retry-After of years does not end the deliveries."""
    receiver = Receiver(failures={"a": 1}, pause=1e9)
    stage = receiver.stage()
    with pytest.raises(Busy):
        stage.process([flag("a")])

    receiver.now += 3_600.0
    stage.process([flag("a")])

    assert receiver.taken == ["a"]
