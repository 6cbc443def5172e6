"""The grouping's state in SQLite: written as it changes, read at start, pruned once a day of the stream."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from typing import Any

from processors.relate.assignment import Journal
from processors.relate.dormant import KEPT_SECONDS, outline
from processors.relate.grouping import Grouping
from processors.relate.live_story import LiveStory, Member, Profile

STORY = "id, number, version, first, last, touched, turn, profile, merged_from, continues"
MEMBER = "article_id, version, model, at, voice, duplicate_of, late, withdrawn, contribution, place"


def create_tables(connection: sqlite3.Connection) -> None:
    """Create what is missing."""
    script = files(__package__).joinpath("tables.sql").read_text("utf-8")
    for statement in filter(str.strip, script.split(";")):
        connection.execute(statement)


def load_grouping(grouping: Grouping, connection: sqlite3.Connection) -> None:
    """Fill a new grouping from the tables."""
    with uncollected():
        _load(grouping, connection)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection while much is made that stays: it would look through all of it again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load(grouping: Grouping, connection: sqlite3.Connection) -> None:
    meta = connection.execute("SELECT newest, started, turn, documents FROM relate_meta").fetchone()
    if meta is None:
        return
    grouping.newest, grouping.started, grouping.turn, grouping.documents.documents = meta
    grouping.documents.counts = dict(connection.execute("SELECT term, stories FROM relate_count"))
    members = dict(_members_by_story(connection))
    for row in connection.execute(f"SELECT {STORY} FROM relate_story WHERE live ORDER BY turn"):  # noqa: S608
        grouping.stories.put(_story(row, members.get(row[0], {})))
    for row in _dormant(connection, grouping.dormant.most):
        story = _story(row[:-1], {})
        story.key_member = row[-1] or ""
        grouping.dormant.put(outline(story))
    grouping.dormant.prune(grouping.newest)
    for seq, article_id, sketch, newest in connection.execute("SELECT * FROM relate_sketch ORDER BY seq"):
        grouping.duplicates.restore(seq, article_id, sketch, newest)


def _dormant(connection: sqlite3.Connection, most: int) -> list[tuple[Any, ...]]:
    """The stories that were let go last, the oldest first, each with a member."""
    member = "(SELECT article_id FROM relate_member WHERE story_id = id ORDER BY place LIMIT 1)"
    rows = f"SELECT {STORY}, {member} FROM relate_story WHERE NOT live ORDER BY turn DESC LIMIT ?"  # noqa: S608
    return connection.execute(rows, (most,)).fetchall()[::-1]


def _members_by_story(connection: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Member]]]:
    rows = connection.execute(
        f"SELECT story_id, {MEMBER} FROM relate_member WHERE story_id IN (SELECT id FROM relate_story WHERE live)"  # noqa: S608
        " ORDER BY story_id, place"
    )
    for story_id, of_story in groupby(rows, key=itemgetter(0)):
        yield story_id, {row[1]: _member(row[2:]) for row in of_story}


def _member(row: tuple[Any, ...]) -> Member:
    version, model, at, voice, duplicate_of, late, withdrawn, contribution, place = row
    return Member(version, model, at, voice, duplicate_of, bool(late), bool(withdrawn), contribution, place)


def _story(row: tuple[Any, ...], members: dict[str, Member]) -> LiveStory:
    story_id, number, version, first, last, touched, turn, profile, merged_from, continues = row
    story = LiveStory(story_id, number, version, first, last, touched, turn)
    story.profile, story.members, story.merged_from = Profile.unpack(profile), members, json.loads(merged_from)
    story.continues = continues
    return story


def recall_story(connection: sqlite3.Connection, article_id: str) -> LiveStory | None:
    """The story that an article belongs to, alive or not."""
    found = connection.execute("SELECT story_id FROM relate_member WHERE article_id=?", (article_id,)).fetchone()
    if found is None:
        return None
    row = connection.execute(f"SELECT {STORY} FROM relate_story WHERE id=?", found).fetchone()  # noqa: S608
    members = connection.execute(f"SELECT {MEMBER} FROM relate_member WHERE story_id=? ORDER BY place", found)  # noqa: S608
    return None if row is None else _story(row, {member[0]: _member(member[1:]) for member in members})


def write_changes(grouping: Grouping, connection: sqlite3.Connection) -> None:
    """Write down what changed since the last time, inside an open transaction."""
    journal, grouping.journal = grouping.journal, Journal()
    _write_stories(grouping, journal, connection)
    _write_members(journal, connection)
    _write_counts(grouping, connection)
    connection.executemany("INSERT OR REPLACE INTO relate_sketch VALUES (?, ?, ?, ?)", journal.sketches)
    connection.execute("DELETE FROM relate_sketch WHERE seq < ?", (grouping.duplicates.oldest,))
    _prune_daily(grouping, connection)
    meta = (grouping.newest, grouping.started, grouping.turn, grouping.documents.documents)
    connection.execute("INSERT OR REPLACE INTO relate_meta VALUES (1, ?, ?, ?, ?)", meta)


def _write_stories(grouping: Grouping, journal: Journal, connection: sqlite3.Connection) -> None:
    rows = [(*_story_row(story), story.id in grouping.stories) for story in journal.stories.values()]
    connection.executemany("INSERT OR REPLACE INTO relate_story VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany("UPDATE relate_story SET live=0 WHERE id=?", [(each,) for each in journal.retired])
    connection.executemany("DELETE FROM relate_story WHERE id=?", [(each,) for each in journal.ended])


def _story_row(story: LiveStory) -> tuple[object, ...]:
    numbers = (story.id, story.number, story.version, story.first, story.last, story.touched, story.turn)
    return (*numbers, story.profile.pack(), json.dumps(story.merged_from), story.continues)


def _write_members(journal: Journal, connection: sqlite3.Connection) -> None:
    rows = [(article_id, story_id, *astuple(member)) for article_id, (story_id, member) in journal.members.items()]
    connection.executemany("INSERT OR REPLACE INTO relate_member VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _write_counts(grouping: Grouping, connection: sqlite3.Connection) -> None:
    documents = grouping.documents
    if documents.halved:
        connection.execute("DELETE FROM relate_count")
    changed = documents.counts if documents.halved else documents.changed
    rows = [(term, documents.counts[term]) for term in changed]
    connection.executemany("INSERT OR REPLACE INTO relate_count VALUES (?, ?)", rows)
    documents.changed, documents.halved = set(), False


def _prune_daily(grouping: Grouping, connection: sqlite3.Connection) -> None:
    """Delete what was let go long ago, once for each day of the stream."""
    before = connection.execute("SELECT newest FROM relate_meta").fetchone()
    if before is not None and before[0] // 86_400 == grouping.newest // 86_400:
        return
    long_ago = (grouping.newest - KEPT_SECONDS,)
    gone = "SELECT id FROM relate_story WHERE NOT live AND touched < ?"
    members = f"SELECT article_id FROM relate_member WHERE story_id IN ({gone})"  # noqa: S608
    connection.execute(f"DELETE FROM relate_fact WHERE article_id IN ({members})", long_ago)  # noqa: S608
    connection.execute(f"DELETE FROM relate_member WHERE story_id IN ({gone})", long_ago)  # noqa: S608
    connection.execute("DELETE FROM relate_story WHERE NOT live AND touched < ?", long_ago)
