"""Ingest's database is lost in the middle of everything: it is rebuilt, and readers notice nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from servers.commands import Commands

from geowire.events import decode
from geowire.messages import Article
from geowire.topics import ARTICLES


def versions(commands: Commands) -> Counter[tuple[str, int]]:
    """How often each version of each article was published."""
    told = [decode(delivery).data for delivery in commands.raw(ARTICLES.name)]
    return Counter((data.id, data.version) for data in told if isinstance(data, Article))


def test_a_poll_after_a_rebuild_publishes_nothing_again(tmp_path: Path, sample_web_port: int) -> None:
    """The whole sample news web, before and after: no version of an article comes a second time, and none is new."""
    environment = {
        "GEOWIRE_FEEDS": f"http://127.0.0.1:{sample_web_port}/feeds.yaml",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_MAX_AGE": "36500d",
    }
    commands = Commands(tmp_path, f"sqlite:///{tmp_path / 'bus.db'}", environment)
    commands.done("poll", "--all", "--json")
    before = versions(commands)
    for path in (tmp_path / "data").glob("ingest.db*"):
        path.unlink()

    said = commands.done("rebuild")
    entries = json.loads(commands.done("poll", "--all", "--json"))["entries"]

    assert f"{len(before)} articles" in said
    assert versions(commands) == before
    assert set(before.values()) == {1}
    assert len(before) >= 40
    assert {"published", "updated"}.isdisjoint(entries)
