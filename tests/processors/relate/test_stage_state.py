"""State: a restart between any two batches, a rollback, and a lost file change no decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from geowire.events import Event, encode, tagged_event, withdrawal_passed_on
from geowire.messages import ArticleWithdrawn, Tagged
from processors.relate import RelateStage

Build = Callable[..., Tagged]

HELD = """
SELECT article_id, story_id, version, model, at, voice, duplicate_of, late, withdrawn FROM relate_member ORDER BY 1
"""
EVENTS = ("harbour", "vote", "quake", "orchestra")


def stream(telling: Build) -> list[Event]:
    """Four events told by three, a copy, a new version, a withdrawal, a late article and an old story's new version."""
    told = [
        telling(event, teller, hours=9 * teller + place) for teller in range(3) for place, event in enumerate(EVENTS)
    ]
    long_text = " ".join(telling("harbour", teller).text for teller in range(3))
    told += [telling("harbour", 0, article_id=f"wire-{n}", text=long_text, hours=30 + n) for n in range(3)]
    told += [telling("vote", 1, hours=31, version=2), telling("quake", 2, article_id="far", hours=24 * 10)]
    told += [telling("orchestra", 0, article_id="late", hours=1), telling("orchestra", 1, hours=9, version=3)]
    events = [tagged_event(each) for each in told]
    gone = told[2]
    withdrawn = ArticleWithdrawn(
        id=gone.id, version=2, url=gone.url, reason="taken-down", withdrawn_at=told[-1].fetched_at
    )
    events.insert(9, withdrawal_passed_on(withdrawn, "tag-1"))
    return events


def run(batches: Iterable[list[Event]], connection: sqlite3.Connection) -> list[Event]:
    """Process batches, each by a stage that was loaded from the tables."""
    answers: list[Event] = []
    for batch in batches:
        stage = RelateStage()
        stage.create_tables(connection)
        stage.load(connection)
        answers += stage.process(batch, connection)
    return answers


@settings(deadline=None, max_examples=40)
@given(cuts=st.sets(st.integers(min_value=1, max_value=19)))
def test_a_restart_between_any_two_batches_changes_nothing(telling: Build, cuts: set[int]) -> None:
    """However the stream is cut, a stage loaded anew for each part gives the same bytes as one that never stopped."""
    events = stream(telling)
    places = [0, *sorted(cuts), len(events)]

    with closing(sqlite3.connect(":memory:")) as whole, closing(sqlite3.connect(":memory:")) as cut:
        expected = run([events], whole)
        answers = run([events[start:end] for start, end in pairwise(places)], cut)
        same_state = whole.execute(HELD).fetchall() == cut.execute(HELD).fetchall()

    assert [encode(event) for event in answers] == [encode(event) for event in expected]
    assert same_state


def test_a_rollback_and_load_forget_the_batch(connection: sqlite3.Connection, telling: Build) -> None:
    """What was decided in a transaction that failed is decided again, the same way."""
    stage = RelateStage()
    stage.create_tables(connection)
    stage.load(connection)
    connection.execute("BEGIN")
    first = stage.process([tagged_event(telling("harbour", 0))], connection)
    connection.execute("ROLLBACK")

    stage.load(connection)

    assert stage.process([tagged_event(telling("harbour", 0))], connection) == first


def test_a_lost_state_is_rebuilt_from_stories(connection: sqlite3.Connection, telling: Build) -> None:
    """Members, versions, copies and ids come back exactly, and nothing published is assigned anew."""
    events = stream(telling)
    with closing(sqlite3.connect(":memory:")) as lost:
        published = run([events], lost)
        expected = lost.execute(HELD).fetchall()
        versions = lost.execute("SELECT id, version FROM relate_story ORDER BY 1").fetchall()
    stage = RelateStage()
    stage.create_tables(connection)

    stage.rebuild(published, connection)

    assert connection.execute(HELD).fetchall() == expected
    assert connection.execute("SELECT id, version FROM relate_story ORDER BY 1").fetchall() == versions
    assert stage.process(events, connection) == []


def test_a_rebuilt_story_grows_on(connection: sqlite3.Connection, telling: Build) -> None:
    """After a rebuild a new telling finds the story that it belongs to."""
    with closing(sqlite3.connect(":memory:")) as lost:
        published = run([[tagged_event(telling("harbour", 0)), tagged_event(telling("vote", 0))]], lost)
    stage = RelateStage()
    stage.create_tables(connection)
    stage.rebuild([*published, *published], connection)

    (update,) = stage.process([tagged_event(telling("harbour", 1, hours=2))], connection)

    assert update.key == published[0].key
    assert update.id == f"{update.key}:2"
