"""kill -9 in the middle of a poll and of each stage: read raw, all is there, and duplicates are the same bytes."""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from dataclasses import dataclass, replace

import pytest
from servers.commands import Commands
from servers.processes import wait_until

from cli.sample_web import load_sample_web
from geowire.bus import Delivery
from geowire.events import decode, header_texts
from geowire.messages import Article, Story
from geowire.topics import ARTICLES, FLAGGED, STORIES, TAGGED

BATCH = 3
OUTPUTS = {"tag": TAGGED.name, "relate": STORIES.name, "flag": FLAGGED.name}


@dataclass(frozen=True)
class Count:
    """What stands on a topic."""

    messages: int
    distinct: int

    @property
    def duplicates(self) -> int:
        """Messages that a reader drops."""
        return self.messages - self.distinct


def count_by_id(deliveries: list[Delivery]) -> Count:
    """Count messages and their ids; one id always has the same bytes."""
    seen: dict[str, set[tuple[bytes | None, bytes, tuple[tuple[str, bytes], ...]]]] = defaultdict(set)
    for delivery in deliveries:
        record = delivery.record
        seen[header_texts(record.headers)["ce_id"]].add((record.value, record.key, record.headers))
    assert all(len(forms) == 1 for forms in seen.values()), "one id, two forms"
    return Count(len(deliveries), len(seen))


def versions(deliveries: list[Delivery]) -> set[tuple[str, int]]:
    """(id, version) of every article."""
    return {(data.id, data.version) for d in deliveries if isinstance(data := decode(d).data, Article)}


def kill_in_the_middle(commands: Commands, topic: str, enough: int, *arguments: str) -> bool:
    """Start a command, kill it once so many messages are on the topic; whether it was still at work."""
    process = commands.start(*arguments)
    wait_until(lambda: len(commands.raw(topic)) >= enough or process.poll() is not None, f"{enough} on {topic}")
    was_at_work = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_at_work


@pytest.mark.parametrize("enough", [4, 20])
def test_a_poll_killed_in_the_middle_loses_nothing(commands: Commands, enough: int) -> None:
    """The next poll takes the dead one's feeds at once and finishes the work; no version is made by the fault."""
    slowly = replace(commands, environment=commands.environment | {"GEOWIRE_PRIVATE_HOST_SPACING": "250ms"})
    assert kill_in_the_middle(slowly, ARTICLES.name, enough, "poll", "--all")
    before = count_by_id(commands.raw(ARTICLES.name))

    report = json.loads(commands.done("poll", "--all", "--json"))

    found = commands.raw(ARTICLES.name)
    articles = versions(found)
    count = count_by_id(found)
    print(f"killed with {before.distinct} published; then {count}; second poll {report['entries']}")
    assert before.distinct < len(load_sample_web().articles)
    assert len(articles) == count.distinct == len(load_sample_web().articles)
    assert {version for _, version in articles} == {1}
    assert count.duplicates <= before.messages


def test_stages_killed_in_the_middle_lose_nothing(commands: Commands) -> None:
    """Each stage is killed several times; at the end its topic holds what one quiet run would give."""
    commands.done("poll", "--all")
    published = versions(commands.raw(ARTICLES.name))
    small = replace(commands, environment=commands.environment | {"GEOWIRE_BATCH": str(BATCH), "GEOWIRE_MEMBER": "one"})
    kills = 0
    for name, topic in OUTPUTS.items():
        for enough in (1, 9, 17):
            kills += kill_in_the_middle(small, topic, enough, "process", name, "--until-idle")
        small.done("process", name, "--until-idle")
        print(f"{name}: {count_by_id(commands.raw(topic))} after {kills} kills so far")

    tagged, stories = commands.raw(TAGGED.name), commands.raw(STORIES.name)
    assert kills
    assert versions(tagged) == published
    assert count_by_id(tagged).duplicates <= BATCH * 3
    assert_each_member_is_assigned_once(stories)
    count_by_id(commands.raw(FLAGGED.name))


def assert_each_member_is_assigned_once(deliveries: list[Delivery]) -> None:
    """An assignment is a fact: over all messages an article stands in one story, added by one message."""
    added_by: dict[tuple[str, int], set[str]] = defaultdict(set)
    for delivery in deliveries:
        event = decode(delivery)
        if isinstance(event.data, Story):
            for member in event.data.added:
                added_by[member.article_id, member.version].add(event.id)
    assert all(len(events) == 1 for events in added_by.values())
