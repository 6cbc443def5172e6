"""The promises of `geowire.bus`, held against the embedded bus and a real Kafka alike."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from pathlib import Path

import pytest
from kafka import TopicPartition as KafkaPartition

from geowire.bus import Bus, Delivery, MemberOptions, Record, Subscription, TopicPartition, Unwritable, open_bus
from geowire.errors import Misconfigured, PartitionLost
from geowire.kafka_bus import KafkaBus
from geowire.partition import partition_for
from geowire.sqlite_bus import SqliteBus
from geowire.topics import ARTICLES, Topic

MEMBER = Path(__file__).parent / "member_process.py"


def new_topic(bus: Bus, **changes: object) -> Topic:
    """A topic that no other test uses."""
    options = {"partitions": 3} | changes
    topic = Topic(f"test.{uuid.uuid4().hex}", "id", "For a test.", "a test", (), **options)  # type: ignore[arg-type]
    assert bus.ensure_topics([topic]) == []
    return topic


def numbered(topic: Topic, count: int, start: int = 0) -> list[Record]:
    """Records with the keys k0..k9 in turn and rising numbers as values."""
    return [Record(topic.name, b"k%d" % (n % 10), b"%d" % n, (("n", b"%d" % n),)) for n in range(start, start + count)]


def take(subscription: Subscription, count: int) -> list[Delivery]:
    """Poll until so many have come; fail if they do not."""
    taken: list[Delivery] = []
    for _ in range(60):
        taken += subscription.poll(count - len(taken), 0.5)
        if len(taken) >= count:
            return taken
    raise AssertionError(f"{len(taken)} of {count} records came")


def finish(subscription: Subscription, deliveries: list[Delivery]) -> None:
    """Commit everything in the list."""
    subscription.commit({delivery.source: delivery.offset + 1 for delivery in deliveries})


def values(deliveries: list[Delivery]) -> list[int]:
    """The numbers, sorted."""
    return sorted(int(delivery.record.value or b"") for delivery in deliveries)


def test_records_come_back_as_they_were(bus: Bus) -> None:
    """Key, value, headers and tombstones survive, on the partition that Kafka's clients would choose."""
    topic = new_topic(bus)
    sent = [Record(topic.name, b"a", b"\x00\xff", (("h", b"1"), ("h", b"2"))), Record(topic.name, b"b", None)]

    bus.publish(sent)

    with bus.read(topic.name) as reader:
        found = [delivery for _ in range(20) if not reader.at_end() for delivery in reader.poll(10, 0.5)]
    assert sorted((d.record for d in found), key=lambda record: record.key) == sent
    assert {d.record.key: d.partition for d in found} == {key: partition_for(key, 3) for key in (b"a", b"b")}


def test_a_new_group_starts_at_the_beginning_and_keeps_order(bus: Bus) -> None:
    """Each partition comes in the order it was written, with dense offsets."""
    topic = new_topic(bus)
    bus.publish(numbered(topic, 200))

    with bus.subscribe("g" + topic.name, [topic.name]) as subscription:
        taken = take(subscription, 200)

    by_partition = defaultdict(list)
    for delivery in taken:
        by_partition[delivery.partition].append(delivery)
    assert values(taken) == list(range(200))
    for deliveries in by_partition.values():
        assert [d.offset for d in deliveries] == list(range(len(deliveries)))
        assert [d.record.value for d in deliveries] == [b"%d" % n for n in values(deliveries)]


def test_what_is_not_committed_comes_again(bus: Bus) -> None:
    """A commit names what was finished, not what was polled."""
    topic = new_topic(bus, partitions=1)
    group = "g" + topic.name
    bus.publish(numbered(topic, 10))
    with bus.subscribe(group, [topic.name]) as subscription:
        take(subscription, 10)
        subscription.commit({TopicPartition(topic.name, 0): 4})

    with bus.subscribe(group, [topic.name]) as subscription:
        again = take(subscription, 6)

    assert [d.offset for d in again] == [4, 5, 6, 7, 8, 9]


def test_rewind_reads_again_from_the_commit(bus: Bus) -> None:
    """After a rewind the same member gets again what it did not finish."""
    topic = new_topic(bus, partitions=1)
    bus.publish(numbered(topic, 5))
    with bus.subscribe("g" + topic.name, [topic.name]) as subscription:
        first = take(subscription, 5)
        finish(subscription, first[:2])

        subscription.rewind()

        assert [d.offset for d in take(subscription, 3)] == [2, 3, 4]


def test_keep_alive_receives_nothing_and_loses_nothing(bus: Bus) -> None:
    """While a member waits out a fault it stays in the group and skips no record."""
    topic = new_topic(bus, partitions=1)
    with bus.subscribe("g" + topic.name, [topic.name]) as subscription:
        bus.publish(numbered(topic, 3))
        first = take(subscription, 3)
        bus.publish(numbered(topic, 3, start=3))

        subscription.keep_alive(0.3)

        assert values(first + take(subscription, 3)) == list(range(6))


def test_two_members_share_the_partitions(bus: Bus) -> None:
    """Every partition has one owner, and every record comes to someone."""
    topic = new_topic(bus, partitions=4)
    group = "g" + topic.name
    with bus.subscribe(group, [topic.name]) as one, bus.subscribe(group, [topic.name]) as two:
        share_until(one, two, lambda: len(one.assignment) == len(two.assignment) == 2)

        bus.publish(numbered(topic, 40))
        taken = poll_both(one, two, 40)

        assert not one.assignment & two.assignment
        assert values(taken) == list(range(40))


def test_two_members_share_each_of_two_topics(bus: Bus) -> None:
    """Neither has the busy topic alone while the other waits on one that is seldom written."""
    topics = [new_topic(bus, partitions=3).name, new_topic(bus, partitions=3).name]
    with bus.subscribe("g" + topics[0], topics) as one:
        share_until(one, one, lambda: len(one.assignment) == 6)
        with bus.subscribe("g" + topics[0], topics) as two:
            share_until(one, two, lambda: len(one.assignment) + len(two.assignment) == 6 and two.assignment)

            assert {place.topic for place in one.assignment} == set(topics)
            assert {place.topic for place in two.assignment} == set(topics)


def test_an_exclusive_group_has_one_active_member(bus: Bus) -> None:
    """One member has everything, the standby nothing; when the first leaves, the standby has everything."""
    topic = new_topic(bus, partitions=3)
    group = "g" + topic.name
    with (
        bus.subscribe(group, [topic.name], exclusive=True) as one,
        bus.subscribe(group, [topic.name], exclusive=True) as two,
    ):
        active, standby = first_holder(one, two)
        share_until(active, standby, lambda: len(active.assignment) == 3 and not standby.assignment)
        epoch = standby.epoch

        active.close()
        bus.publish(numbered(topic, 6))

        assert values(take(standby, 6)) == list(range(6))
        assert len(standby.assignment) == 3
        assert standby.epoch > epoch


def first_holder(one: Subscription, two: Subscription) -> tuple[Subscription, Subscription]:
    """The member that holds all partitions, then the other."""
    share_until(one, two, lambda: 3 in {len(one.assignment), len(two.assignment)})
    return (one, two) if len(one.assignment) == 3 else (two, one)


def share_until(one: Subscription, two: Subscription, settled: object) -> None:
    """Both members poll, as live members do, until the group has settled."""
    assert callable(settled)
    done = threading.Event()

    def live(member: Subscription) -> None:
        while not done.is_set():
            member.keep_alive(0.1)

    threads = [threading.Thread(target=live, args=(member,)) for member in {id(one): one, id(two): two}.values()]
    for thread in threads:
        thread.start()
    try:
        for _ in range(400):
            if settled():
                return
            done.wait(0.05)
        raise AssertionError(f"the group did not settle: {one.assignment} {two.assignment}")
    finally:
        done.set()
        for thread in threads:
            thread.join()


def poll_both(one: Subscription, two: Subscription, count: int) -> list[Delivery]:
    """What both members get, until so many have come."""
    taken: list[Delivery] = []
    for _ in range(60):
        taken += one.poll(count, 0.2) + two.poll(count, 0.2)
        if len(taken) >= count:
            break
    return taken


def test_a_member_that_lost_its_partition_cannot_commit_it(bus_url: str) -> None:
    """One that did not poll for too long is out: its commit is refused, and the next owner sees what it had."""
    with open_bus(bus_url, member=MemberOptions(session_timeout=2.0, max_poll_interval=1.0)) as bus:
        topic = new_topic(bus, partitions=1)
        group = "g" + topic.name
        bus.publish(numbered(topic, 3))
        with bus.subscribe(group, [topic.name], exclusive=True) as slow:
            taken = take(slow, 3)
            with bus.subscribe(group, [topic.name], exclusive=True) as next_owner:
                assert values(take(next_owner, 3)) == [0, 1, 2]

                with pytest.raises(PartitionLost):
                    finish(slow, taken)


@pytest.mark.parametrize("exclusive", [False, True])
def test_kill_9_of_a_member_loses_nothing(bus: Bus, bus_url: str, *, exclusive: bool) -> None:
    """A member killed between poll and commit: the next one gets everything from the last commit on."""
    topic = new_topic(bus, partitions=2)
    group = "g" + topic.name
    bus.publish(numbered(topic, 100))
    command = [sys.executable, str(MEMBER), bus_url, group, topic.name, str(int(exclusive))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        committed = {int(number) for number in process.stdout.readline().split()}
        process.send_signal(signal.SIGKILL)
    assert len(committed) == 20

    with bus.subscribe(group, [topic.name], exclusive=exclusive) as successor:
        again = take(successor, 80)

    assert set(values(again)) == set(range(100)) - committed


def test_a_named_member_takes_its_partitions_back_at_once(bus_url: str) -> None:
    """A replica with a stable name need not wait until its former self is given up."""
    options = MemberOptions(name="replica-1", session_timeout=30.0)
    with open_bus(bus_url, member=options) as bus:
        topic = new_topic(bus, partitions=2)
        bus.publish(numbered(topic, 10))
        before = bus.subscribe("g" + topic.name, [topic.name])
        take(before, 10)

        with open_bus(bus_url, member=options) as again, again.subscribe("g" + topic.name, [topic.name]) as after:
            assert len(take(after, 10)) == 10


def test_extents_tell_committed_and_end(bus: Bus) -> None:
    """Lag is what was written less what was finished, 0 committed for a group that never read."""
    topic = new_topic(bus, partitions=1)
    bus.publish(numbered(topic, 7))
    group = "g" + topic.name
    with bus.subscribe(group, [topic.name]) as subscription:
        finish(subscription, take(subscription, 7)[:5])

    place = TopicPartition(topic.name, 0)
    assert bus.extents(group, [topic.name]) == {place: (5, 7)}
    assert bus.extents("another" + topic.name, [topic.name])[place].lag == 7


def test_a_group_stands_in_one_log(bus: Bus) -> None:
    """What it has committed, what is written, and a name of the topic's log that stays and that no other topic has."""
    topic, other = new_topic(bus, partitions=1), new_topic(bus, partitions=1)
    bus.publish(numbered(topic, 7))
    group = "g" + topic.name
    with bus.subscribe(group, [topic.name]) as subscription:
        finish(subscription, take(subscription, 7)[:5])

    place, elsewhere = TopicPartition(topic.name, 0), TopicPartition(other.name, 0)
    standing = bus.standing(group, [topic.name, other.name])
    assert standing[place][:2] == (5, 7)
    assert standing[elsewhere][:2] == (0, 0)
    assert len({standing[place].log, standing[elsewhere].log, ""}) == 3
    assert bus.standing("another" + group, [topic.name])[place] == (0, 7, standing[place].log)


def test_a_log_file_that_is_made_anew_is_another_log(tmp_path: Path) -> None:
    """The same topic in the same place; opened again it is the same."""
    logs = []
    for _ in range(2):
        for _ in range(2):
            with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as bus:
                bus.ensure_topics([ARTICLES])
                logs += [{standing.log for standing in bus.standing("g", [ARTICLES.name]).values()}]
        for file in tmp_path.glob("bus.db*"):
            file.unlink()

    assert logs[0] == logs[1]
    assert logs[2] == logs[3]
    assert logs[0].isdisjoint(logs[2])


def test_what_has_expired_is_no_lag(bus: Bus) -> None:
    """Nobody will read it: a group that never came, or not as far, stands at the oldest record that is kept."""
    topic = new_topic(bus, partitions=1)
    place, group = TopicPartition(topic.name, 0), "g" + topic.name
    bus.publish(numbered(topic, 7))
    with bus.subscribe(group, [topic.name]) as subscription:
        finish(subscription, take(subscription, 7)[:5])

    expire_before(bus, place, 3)
    assert bus.extents("another" + topic.name, [topic.name]) == {place: (3, 7)}
    assert bus.extents(group, [topic.name]) == {place: (5, 7)}

    expire_before(bus, place, 7)
    assert bus.extents("another" + topic.name, [topic.name]) == {place: (7, 7)}
    assert bus.extents(group, [topic.name]) == {place: (7, 7)}
    assert bus.standing(group, [topic.name])[place][:2] == (5, 7), "what was committed is not more for that"
    assert bus.late_partitions(group, [topic.name], time.time() + 60) == set()

    bus.publish(numbered(topic, 1))
    assert bus.extents("another" + topic.name, [topic.name]) == {place: (7, 8)}


def expire_before(bus: Bus, place: TopicPartition, offset: int) -> None:
    """Take out what stands before an offset, as retention does."""
    if isinstance(bus, SqliteBus):
        table = bus._topic(place.topic).table(place.partition)
        bus._connection.execute(f"DELETE FROM {table} WHERE o < ?", (offset,))
    else:
        assert isinstance(bus, KafkaBus)
        with bus._admin.asking("cannot take records out") as client:
            client.delete_records({KafkaPartition(*place): offset})


def test_a_group_tells_who_is_in_it(bus: Bus) -> None:
    """A standby without a partition has joined too; who left is gone."""
    topic, group = new_topic(bus), f"g-{uuid.uuid4().hex}"
    assert bus.members(group) == 0

    with bus.subscribe(group, [topic.name], exclusive=True) as first:
        await_joined(first)
        with bus.subscribe(group, [topic.name], exclusive=True) as standby:
            await_joined(standby, first)
            assert not standby.assignment
            assert bus.members(group) == 2
    assert bus.members(group) == 0


def await_joined(*subscriptions: Subscription) -> None:
    """Poll all of them until the first has joined."""
    for _ in range(120):
        for subscription in subscriptions:
            subscription.poll(1, 0.25)
        if subscriptions[0].has_joined and (len(subscriptions) == 1 or subscriptions[1].assignment):
            return
    raise AssertionError("not joined")


def test_a_partition_is_late_while_its_next_record_is_old(bus: Bus) -> None:
    """Nothing is late before it was published; what was read is not late any more, nor is an empty partition."""
    topic, group = new_topic(bus), f"g-{uuid.uuid4().hex}"
    bus.publish(numbered(topic, 10))
    now = time.time()
    written = {place for place, extent in bus.extents(group, [topic.name]).items() if extent.end}

    assert bus.late_partitions(group, [topic.name], now - 3_600) == set()
    assert bus.late_partitions(group, [topic.name], now + 60) == written
    with bus.subscribe(group, [topic.name]) as subscription:
        finish(subscription, take(subscription, 10))
    assert bus.late_partitions(group, [topic.name], now + 60) == set()


def test_a_reader_without_group_ends_at_the_end(bus: Bus) -> None:
    """It gets what stood there when it was opened; one that starts at the end gets only what comes."""
    topic = new_topic(bus)
    bus.publish(numbered(topic, 20))
    with bus.read(topic.name) as whole, bus.read(topic.name, from_beginning=False) as news:
        found: list[Delivery] = []
        while not whole.at_end():
            found += whole.poll(7, 0.5)
        assert news.at_end()

        bus.publish(numbered(topic, 2, start=20))

        fresh: list[Delivery] = []
        for _ in range(20):
            fresh += news.poll(10, 0.5) if len(fresh) < 2 else []
    assert values(found) == list(range(20))
    assert values(fresh) == [20, 21]


def test_a_record_over_the_limit_is_named_and_the_bus_goes_on(bus: Bus) -> None:
    """`Unwritable` carries the culprit; the next batch is written."""
    topic = new_topic(bus, max_message_bytes=10_000)
    culprit = Record(topic.name, b"k", b"x" * 10_001)

    with pytest.raises(Unwritable) as caught:
        bus.publish([culprit])
    bus.publish(numbered(topic, 1))

    assert caught.value.record is culprit
    assert caught.value.reason == "too-large"


def test_a_topic_that_differs_is_said(bus: Bus) -> None:
    """What exists is kept as it is; each difference is one line."""
    topic = new_topic(bus, partitions=2)
    wanted = Topic(topic.name, "id", "For a test.", "a test", (), partitions=3, cleanup="compact")

    lines = bus.ensure_topics([wanted])

    assert len(lines) == 2
    assert all(line.startswith(f"topic {topic.name}: ") for line in lines)
    assert "partitions is 2, not 3" in lines[0]


def test_a_topic_that_does_not_exist_is_said(bus: Bus) -> None:
    """Reading it is a mistake that a person must put right."""
    with pytest.raises(Misconfigured, match="nowhere"):
        bus.subscribe("g", ["nowhere"])
    with pytest.raises(Misconfigured, match="nowhere"):
        bus.read("nowhere")


def test_several_threads_may_publish(bus: Bus) -> None:
    """Each batch is whole and in order."""
    topic = new_topic(bus, partitions=1)
    batches = [numbered(topic, 25, start=25 * n) for n in range(4)]
    threads = [threading.Thread(target=bus.publish, args=(batch,)) for batch in batches]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with bus.subscribe("g" + topic.name, [topic.name]) as subscription:
        assert values(take(subscription, 100)) == list(range(100))
