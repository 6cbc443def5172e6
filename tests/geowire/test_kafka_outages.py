"""Brokers that are absent, killed, frozen or full while a stage works: nothing is lost, each key keeps its order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.kafka_broker import Broker, three_brokers
from servers.processes import wait_until
from servers.relay import ECHOES, WORDS, Account, Relay
from servers.small_disk import no_room, small_disk

from cli.stages import wait_for_topics
from geowire.kafka_bus import KafkaBus
from geowire.kafka_options import KafkaOptions

pytestmark = pytest.mark.kafka
QUICK = KafkaOptions(timeout=1.0)
"""A batch is sent again after four seconds."""


def assert_nothing_lost(accounts: tuple[Account, Account]) -> None:
    """At least once, in order per key, duplicates the same to the byte."""
    for found in accounts:
        assert (found.lost, found.unequal, found.disordered) == (0, 0, 0), found


def seconds(action: Callable[[], None]) -> float:
    """How long it takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def client_threads() -> set[threading.Thread]:
    """Threads of kafka-python that are alive."""
    return {thread for thread in threading.enumerate() if "kafka" in thread.name.lower()}


def start(broker: Broker, relay: Relay) -> float:
    """Start the broker; how many seconds after it listens messages flow."""
    broker.start()
    broker.wait_until_ready()
    return seconds(relay.wait_for_progress)


def start_waited_for(broker: Broker, relay: Relay, capsys: pytest.CaptureFixture[str]) -> float:
    """The same while a command waits for the broker: it says so once, and goes on."""
    with relay.open() as bus:
        waiting = threading.Thread(target=wait_for_topics, args=(bus,))
        waiting.start()
        said: list[str] = []
        wait_until(lambda: "waiting until it is there" in heard(capsys, said), "the command's line")
        back = start(broker, relay)
        waiting.join()
    assert heard(capsys, said).count("waiting until it is there") == 1
    return back


def heard(capsys: pytest.CaptureFixture[str], before: list[str]) -> str:
    """All that was written to standard error so far."""
    before.append(capsys.readouterr().err)
    return "".join(before)


def test_a_broker_that_is_absent_killed_and_frozen(
    kafka_libs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publisher, stage and command wait for it, and outlive its `kill -9` and a freeze beyond all their timeouts."""
    others = client_threads()
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 1.0)
    monkeypatch.setattr("geowire.patience.LONGEST_BUS_WAIT", 0.5)
    broker = Broker(kafka_libs, tmp_path)
    broker.format()
    try:
        with Relay(f"kafka://{broker.server}", QUICK) as relay:
            wait_until(lambda: bool(relay.faults), "a word about the absent broker")
            assert f"no answer from Kafka at {broker.server}: Connection refused" in relay.faults[-1]
            absent = start_waited_for(broker, relay, capsys)

            broker.kill()
            killed = start(broker, relay)

            broker.send(signal.SIGSTOP)
            told = len(relay.faults)
            wait_until(lambda: len(relay.faults) > told, "the publisher to notice")
            broker.send(signal.SIGCONT)
            frozen = seconds(relay.wait_for_progress)

            accounts = relay.finish()
        assert_nothing_lost(accounts)
        wait_until(lambda: client_threads() <= others, "the threads of clients that were given up to end")
        print(f"back after: absent {absent:.1f} s, killed {killed:.1f} s, frozen {frozen:.1f} s; {accounts}")
    finally:
        broker.kill()


def test_a_broker_whose_disk_is_full(kafka_libs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends itself; started again with room on its disk it has all that was acknowledged, and work goes on."""
    monkeypatch.setattr("geowire.kafka_cluster.GREETING_SECONDS", 1.0)
    monkeypatch.setattr("geowire.patience.LONGEST_BUS_WAIT", 0.5)
    with small_disk(tmp_path / "disk", 64) as disk:
        broker = Broker(kafka_libs, tmp_path, extra={"log.dirs": disk / "log", "log.index.size.max.bytes": 65_536})
        with broker.running(), Relay(f"kafka://{broker.server}", QUICK) as relay:
            relay.wait_for_progress()
            with no_room(disk):
                wait_until(
                    lambda: broker.process is not None and broker.process.poll() is not None, "the broker to end"
                )
            back = start(broker, relay)
            accounts = relay.finish()
    assert_nothing_lost(accounts)
    print(f"back after {back:.1f} s: {relay.acknowledged} acknowledged, {accounts}")


def test_a_cluster_loses_a_leader(kafka_libs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three copies, two of them acknowledged: `kill -9` of the leader while messages flow loses none."""
    monkeypatch.setattr("geowire.patience.LONGEST_BUS_WAIT", 0.5)
    brokers = three_brokers(kafka_libs, tmp_path)
    options = KafkaOptions(timeout=2.0, replication=3)
    try:
        for broker in brokers:
            broker.start()
        for broker in brokers:
            broker.wait_until_ready()
        with Relay("kafka://" + ",".join(broker.server for broker in brokers), options) as relay:
            relay.wait_for_progress()
            leader = leader_of(relay, ECHOES.name)

            brokers[leader - 1].kill()
            back = seconds(relay.wait_for_progress)
            changed = leader_of(relay, ECHOES.name)

            accounts = relay.finish()
            with relay.open() as bus:
                assert bus.ensure_topics([WORDS, ECHOES]) == []  # copies and their settings are as asked for
        assert changed != leader
        assert_nothing_lost(accounts)
        print(f"back after {back:.1f} s without node {leader}: {relay.acknowledged} acknowledged, {accounts}")
    finally:
        for broker in brokers:
            broker.kill()


def leader_of(relay: Relay, topic: str) -> int:
    """The node that leads the topic's first partition."""
    with relay.open() as bus:
        assert isinstance(bus, KafkaBus)
        with bus._admin.asking("cannot describe the topic") as client:
            (described,) = client.describe_topics([topic])
    return int(described["partitions"][0]["leader_id"])
