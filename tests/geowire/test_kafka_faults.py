"""The guard around faults that were found in kafka-python, each provoked on a real broker."""

from __future__ import annotations

import random
import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import errors as kafka_errors
from kafka.structs import ConsumerGroupMetadata, MemberState

from cli.main import run_app
from geowire.bus import Delivery, MemberOptions, Record, Subscription, Unwritable
from geowire.errors import Misconfigured, Transient
from geowire.kafka_bus import KafkaBus
from geowire.kafka_cluster import KafkaCluster
from geowire.kafka_greeting import _distrust
from geowire.kafka_group import KafkaSubscription
from geowire.kafka_writer import chunks
from geowire.topics import Topic

pytestmark = pytest.mark.kafka


@pytest.fixture
def bus(kafka_server: str) -> Iterator[KafkaBus]:
    """A bus on the real broker."""
    with KafkaBus(KafkaCluster([kafka_server]), MemberOptions(session_timeout=2.0)) as opened:
        yield opened


def new_topic(bus: KafkaBus, max_message_bytes: int = 1_048_588) -> str:
    """A topic of one partition."""
    name = f"test.{uuid.uuid4().hex}"
    bus.ensure_topics([Topic(name, "id", "s", "w", (), partitions=1, max_message_bytes=max_message_bytes)])
    return name


def first_batch(subscription: Subscription) -> list[Delivery]:
    """What comes first, if anything does."""
    return next((batch for _ in range(40) if (batch := subscription.poll(10, 0.5))), [])


def values(bus: KafkaBus, topic: str) -> list[bytes | None]:
    """What stands in the topic."""
    found = []
    with bus.read(topic) as reader:
        while not reader.at_end():
            found += [delivery.record.value for delivery in reader.poll(100, 1.0)]
    return found


def test_a_record_that_the_broker_refuses_is_named_and_stops_nothing(bus: KafkaBus) -> None:
    """The producer that it broke is thrown away; the innocent ones of its batch and the next batch arrive."""
    topic = new_topic(bus, max_message_bytes=2_000)
    bus._limits[topic] = 10**9  # as if the topic's limit had been lowered since it was read
    noise = random.Random(1).randbytes(10_000)  # what cannot be compressed
    good = [Record(topic, b"k", b"good-%d" % n) for n in range(3)]

    with pytest.raises(Unwritable) as caught:
        bus.publish([good[0], Record(topic, b"k", noise), good[1]])
    bus.publish(good[1:])

    assert caught.value.record.value == noise
    assert caught.value.reason == "refused"
    assert {b"good-0", b"good-1", b"good-2"} == set(values(bus, topic))


def test_a_limit_that_was_raised_is_seen(bus: KafkaBus) -> None:
    """It is read anew before a record is called too large, and only then."""
    topic = new_topic(bus, max_message_bytes=20_000)
    bus._limits[topic] = 2_000  # as it was before somebody raised it

    bus.publish([Record(topic, b"k", b"x" * 10_000)])
    with pytest.raises(Unwritable, match="which takes 20000"):
        bus.publish([Record(topic, b"k", b"x" * 20_000)])

    assert values(bus, topic) == [b"x" * 10_000]


def test_publishing_to_a_topic_that_does_not_exist_is_said(bus: KafkaBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person must make it; one that geowire made is waited for."""
    monkeypatch.setattr("geowire.kafka_topics.SETTINGS_SECONDS", 0.2)
    with pytest.raises(Misconfigured, match=r"the settings of topic geowire\.nobody: it does not exist"):
        bus.publish([Record("geowire.nobody", b"k", b"v")])

    bus._topics._ensured.add("geowire.nobody")
    with pytest.raises(Transient, match=r"geowire\.nobody was made on .* and is not listed yet"):
        bus.publish([Record("geowire.nobody", b"k", b"v")])


def test_a_topic_just_made_is_waited_for(bus: KafkaBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has not heard of it yet is asked again; a topic that nobody made is a mistake at once."""
    topic = new_topic(bus)
    answers = iter([[topic], [topic], [], []])
    monkeypatch.setattr(bus._topics, "_unlisted", lambda _: next(answers))

    bus.subscribe("test.group", [topic]).close()

    assert next(answers) == []
    monkeypatch.setattr(bus._topics, "_unlisted", lambda _: ["geowire.nobody"])
    with pytest.raises(Misconfigured, match=r"geowire\.nobody does not exist"):
        bus.read("geowire.nobody")


def test_an_unknown_member_comes_back(bus: KafkaBus) -> None:
    """After a consumer broke, the subscription joins anew and reads from the last commit."""
    topic = new_topic(bus)
    bus.publish([Record(topic, b"k", b"one")])
    with bus.subscribe("g" + topic, [topic]) as subscription:
        assert isinstance(subscription, KafkaSubscription)
        taken = first_batch(subscription)
        epoch = subscription.epoch

        subscription._give_up()
        again = first_batch(subscription)

        assert [d.record.value for d in taken] == [d.record.value for d in again] == [b"one"]
        assert subscription.epoch > epoch


def test_of_two_replicas_with_one_name_one_ends(kafka_server: str) -> None:
    """The broker has given its partitions to the other: trying again would take them back, and so on for ever."""
    with KafkaBus(KafkaCluster([kafka_server]), MemberOptions(name="tag-1", session_timeout=30.0)) as bus:
        topic = new_topic(bus)
        bus.publish([Record(topic, b"k", b"one")])
        with bus.subscribe("g" + topic, [topic]) as first, bus.subscribe("g" + topic, [topic]) as second:
            (taken,) = first_batch(first)
            assert first_batch(second)

            with pytest.raises(Misconfigured, match=r"^GEOWIRE_MEMBER: another replica has this name; give each"):
                first.commit({taken.source: taken.offset + 1})


def test_a_join_that_never_ends_is_begun_anew(bus: KafkaBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that takes itself for joining longer than a session is replaced."""
    topic = new_topic(bus)
    with bus.subscribe("g" + topic, [topic]) as subscription:
        assert isinstance(subscription, KafkaSubscription)
        wedged = subscription._consumer
        joining = ConsumerGroupMetadata(group_id="g", state=MemberState.REBALANCING)
        monkeypatch.setattr(wedged, "group_metadata", lambda: joining)
        subscription._session_seconds = 0.2

        for _ in range(10):
            subscription.poll(10, 0.1)

        assert subscription._consumer is not wedged


def test_a_broker_that_is_not_there_is_a_passing_fault() -> None:
    """Nothing listens: the line names the address."""
    with KafkaBus(KafkaCluster(["127.0.0.1:1"]), MemberOptions()) as bus, pytest.MonkeyPatch.context() as patch:
        patch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 0.3)
        with pytest.raises(Transient, match=r"127\.0\.0\.1:1: Connection refused"):
            bus.ensure_topics([])


def test_a_consumer_that_broke_while_reading_is_never_asked_again(
    bus: KafkaBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kafka-python would spin for ever: after the passing fault another consumer reads from the last commit."""
    topic = new_topic(bus)
    bus.publish([Record(topic, b"k", b"one")])
    with bus.subscribe("g" + topic, [topic]) as subscription:
        assert isinstance(subscription, KafkaSubscription)
        broken = subscription._consumer

        def poll(**_: object) -> None:
            raise kafka_errors.CorruptRecordError("crc")

        monkeypatch.setattr(broken, "poll", poll)
        with pytest.raises(Transient, match="cannot read: CorruptRecordError: crc"):
            subscription.poll(10, 0.5)
        assert subscription.assignment == frozenset()

        found = first_batch(subscription)

        assert [delivery.record.value for delivery in found] == [b"one"]
        assert subscription._consumer is not broken


@pytest.mark.parametrize(("count", "size", "sizes"), [(4_500, 10, [2_000, 2_000, 500]), (70, 1_000_000, [31, 31, 8])])
def test_what_is_in_flight_is_bounded(count: int, size: int, sizes: list[int]) -> None:
    """kafka-python takes without bound; a chunk is at most 2,000 records or 32 MB, in order."""
    batch = [Record("t", b"%d" % number, b"x" * size) for number in range(count)]

    pieces = list(chunks(batch))

    assert [len(piece) for piece in pieces] == sizes
    assert [record for piece in pieces for record in piece] == batch


def test_a_silent_broker_does_not_hide_the_others(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that accepts connections and says nothing is passed over, and asked last the next time."""
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 0.4)
    monkeypatch.setattr("geowire.kafka_cluster.SHORTEST_GREETING", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster = KafkaCluster([f"127.0.0.1:{silent.getsockname()[1]}", kafka_server])

        cluster._greet_any()
        started = time.monotonic()
        cluster._greet_any()

    assert time.monotonic() - started < 0.4


def test_a_poll_begins_without_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it publishes goes to the outbox, so that an outage fails no crawl."""
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 0.2)
    monkeypatch.setenv("GEOWIRE_BUS", "kafka://127.0.0.1:1")
    (tmp_path / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")

    assert run_app(["poll", "--feeds", "feeds.yaml"]) == 0
    assert "messages wait in the outbox: no answer from Kafka at 127.0.0.1:1" in capsys.readouterr().err


def test_a_certificate_that_has_run_out_is_not_taken_for_a_strangers() -> None:
    """Another authority would not help."""
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_code, error.verify_message = 10, "certificate has expired"

    assert _distrust("broker:9093", error).startswith("GEOWIRE_BUS: the certificate of broker:9093 cannot be used")
