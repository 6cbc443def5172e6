"""An Atom feed for each watch, beside the topic."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from geowire.events import Event, story_event
from geowire.messages import AddedArticle, Story
from processors.flag import FlagStage, Watch
from processors.flag.atom import ENTRIES, replace_file

BuildStory = Callable[..., Story]
BuildAdded = Callable[..., AddedArticle]
BuildAid = Callable[..., dict[str, Any]]
BuildWatch = Callable[..., Watch]

MOMENT = datetime(2026, 3, 2, 15, tzinfo=UTC)
NAMES = {"a": "http://www.w3.org/2005/Atom"}


def open_stage(folder: Path, connection: sqlite3.Connection, *watches: Watch) -> FlagStage:
    """A stage that writes feeds into a folder."""
    stage = FlagStage(watches, feeds=folder)
    stage.create_tables(connection)
    stage.load(connection)
    return stage


def update(story: Story) -> Event:
    """The event of a story update."""
    return story_event(story, MOMENT)


def texts(path: Path, place: str) -> list[str]:
    """What stands at a place of a feed, in its order."""
    found = etree.parse(path).xpath(place, namespaces=NAMES)
    return [str(getattr(one, "text", None) or one) for one in found]


def test_a_flag_is_an_entry_with_its_words(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
) -> None:
    """Title, address, reason and quotes; markup in a headline stays text, what XML cannot carry is left out."""
    stage = open_stage(tmp_path / "feeds", connection, watch(), watch(id="quiet", all={"words": "unicorn"}))
    headline = "<script>alert(1)</script> & tanks\x0b \ud83d\ude80".encode("utf-16", "surrogatepass").decode("utf-16")

    (flag,) = stage.process([update(story(1, added("a", aid=[aid()]), headline=headline))], connection)

    path = tmp_path / "feeds" / "aid.atom"
    assert texts(path, "/a:feed/a:title") == ["Military aid"]
    assert texts(path, "//a:entry/a:id") == [f"urn:geowire:flag:{flag.id}"]
    assert texts(path, "//a:entry/a:title") == ["<script>alert(1)</script> & tanks 🚀"]
    assert texts(path, "//a:entry/a:link/@href") == ["https://a.example/"]
    assert "“US pledged arms for UA” (The Courier)" in texts(path, "//a:entry/a:content")[0]
    assert [file.name for file in path.parent.iterdir()] == ["aid.atom"]


def test_a_feed_is_valid_atom(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
) -> None:
    """RFC 4287: id, title, updated, an author, and a link or content in each entry; a reader sees the same text."""
    odd = "]]> &amp; <![CDATA[ \x00\x1b[31m\ufffe tanks"
    stage = open_stage(tmp_path, connection, watch(title=odd, description=odd))
    one = story(1, added("a", aid=[aid()], title=odd, url="https://a.example/?a=1&b=%22"), headline=odd)
    gone = [story(1, added("b", aid=[aid()]), story_id="gone"), story(2, removed=("b",), story_id="gone", headline=odd)]

    stage.process([update(each) for each in (one, *gone)], connection)

    document = (tmp_path / "aid.atom").read_bytes()
    parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    assert (parsed.bozo, parsed.version) == (False, "atom10")
    assert parsed.feed.author == "geowire"
    assert parsed.feed.title == "]]> &amp; <![CDATA[ [31m tanks"
    assert {"id", "title", "updated", "content"} <= set.intersection(*(set(entry) for entry in parsed.entries))
    assert all(entry.updated_parsed for entry in parsed.entries)
    assert [entry.get("link") for entry in parsed.entries] == ["https://b.example/", "https://a.example/?a=1&b=%22"]
    assert parsed.entries[0].title.startswith("Taken back: ")


def test_a_reader_never_sees_a_part_of_a_feed(tmp_path: Path) -> None:
    """The file is read over and over while it is written: each time it is one whole version."""
    path, versions = tmp_path / "aid.atom", [bytes([65 + n]) * 500_000 for n in range(12)]
    replace_file(path, versions[0])
    seen: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        replace_file(path, version)
    done.set()
    reader.join(10)

    assert set(seen) <= set(versions)
    assert seen


def test_a_flag_taken_back_says_so_under_its_own_id(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
) -> None:
    """A reader that has the entry sees it change; there is no second one."""
    stage = open_stage(tmp_path, connection, watch())
    (flag,) = stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    stage.process([update(story(2, removed=("a",)))], connection)

    assert texts(tmp_path / "aid.atom", "//a:entry/a:id") == [f"urn:geowire:flag:{flag.id}"]
    assert texts(tmp_path / "aid.atom", "//a:entry/a:title") == ["Taken back: Headline of the story"]


def test_a_feed_keeps_the_last_flags(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
) -> None:
    """A hundred, the newest first, in the file and in the state."""
    stage = open_stage(tmp_path, connection, watch())
    stories = [
        story(1, added(f"a{n}", aid=[aid()], published_at=MOMENT + timedelta(minutes=n)), story_id=f"s{n}")
        for n in range(ENTRIES + 5)
    ]

    stage.process([update(one) for one in stories], connection)

    links = texts(tmp_path / "aid.atom", "//a:entry/a:link/@href")
    assert links == [f"https://a{n}.example/" for n in range(ENTRIES + 4, 4, -1)]
    assert connection.execute("SELECT count(*) FROM flag_entry").fetchone() == (ENTRIES,)


def test_a_folder_that_cannot_be_written_holds_up_no_flag(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged; the next batch writes what is missing."""
    folder = tmp_path / "feeds"
    folder.write_text("a file in the way", "utf-8")
    stage = open_stage(folder, connection, watch())

    with caplog.at_level(logging.WARNING, "processors.flag.atom"):
        flags = stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    folder.unlink()
    stage.process([update(story(1, story_id="other"))], connection)

    assert len(flags) == 1
    assert "aid" in caplog.text
    assert texts(folder / "aid.atom", "//a:entry/a:title") == ["Headline of the story"]


def test_a_lost_state_and_a_lost_file_come_back(
    tmp_path: Path,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: BuildWatch,
) -> None:
    """Flags on the topic fill an empty state; the first batch then writes every feed."""
    flags = open_stage(tmp_path, connection, watch()).process([update(story(1, added("a", aid=[aid()])))], connection)
    before = (tmp_path / "aid.atom").read_bytes()
    (tmp_path / "aid.atom").unlink()

    with sqlite3.connect(":memory:") as empty:
        stage = open_stage(tmp_path, empty, watch())
        stage.rebuild(flags, empty)
        stage.process([update(story(1, story_id="other"))], empty)
    empty.close()

    assert (tmp_path / "aid.atom").read_bytes() == before
