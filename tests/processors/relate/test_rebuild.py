"""A rebuilt state is that which was lost, in whatever order the partitions of the topic are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from geowire.events import Event, tagged_event, withdrawal_passed_on
from geowire.messages import ArticleWithdrawn, Story, StoryMerged, Tagged
from processors.relate import RelateStage
from processors.relate.merge_score import MergeScore, shipped_score

Build = Callable[..., Tagged]
Order = Callable[[list[Event]], list[Event]]

MEMBERS = "SELECT article_id, story_id, version, model, withdrawn FROM relate_member ORDER BY 1"
FACTS = "SELECT article_id FROM relate_fact ORDER BY 1"
STORIES = "SELECT id, number, touched, live FROM relate_story ORDER BY number"


@contextmanager
def opened(score: MergeScore | None = None) -> Iterator[tuple[RelateStage, sqlite3.Connection]]:
    """A stage on an empty database."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        stage = RelateStage(score=score)
        stage.create_tables(connection)
        stage.load(connection)
        yield stage, connection


def lenient() -> MergeScore:
    """A score that joins readily and merges whatever one article joins."""
    shipped = shipped_score()
    return MergeScore("test", shipped.weights | {"bias": -2.0}, shipped.join, merge=0.0)


def bridge(telling: Build) -> Tagged:
    """An article that belongs to the stories of harbour and vote."""
    text = telling("harbour", 1).text + " " + telling("vote", 1).text
    title = "Veldoran depots burn, Korrin pension reform falls"
    return telling("harbour", 1, article_id="bridge", text=text, hours=2, title=title)


def gone(article: Tagged, version: int = 2) -> Event:
    """The article is withdrawn."""
    withdrawn = ArticleWithdrawn(
        id=article.id, version=version, url=article.url, reason="forgotten", withdrawn_at=article.fetched_at
    )
    return withdrawal_passed_on(withdrawn, "tag-1")


def as_written(events: list[Event]) -> list[Event]:
    """The order of publication."""
    return events


def by_story(events: list[Event]) -> list[Event]:
    """Each story by itself, the one that goes on before the one that ended in it."""
    keys = list(dict.fromkeys(event.key for event in events))
    return sorted(events, key=lambda event: keys.index(event.key))


def youngest_first(events: list[Event]) -> list[Event]:
    """Each story by itself, the one that started last before all others."""
    keys = list(dict.fromkeys(event.key for event in events))
    return sorted(events, key=lambda event: -keys.index(event.key))


@pytest.mark.parametrize("order", [as_written, by_story, youngest_first])
@pytest.mark.parametrize("ends", [["gone"], ["corrected"], ["gone", "back"], ["corrected", "gone"]])
def test_what_became_of_a_member_after_a_merger_is_kept(telling: Build, ends: list[str], order: Order) -> None:
    """A member that moved with its story and was withdrawn or corrected there does not come back as it was."""
    harbour = telling("harbour", 0)
    later = {
        "gone": gone(harbour, 2 + ends.index("gone") if "gone" in ends else 2),
        "corrected": tagged_event(telling("harbour", 0, version=2, title="Correction: nothing burned in Veldoran")),
        "back": tagged_event(telling("harbour", 0, version=3)),
    }
    with opened(lenient()) as (stage, lost):
        told = [tagged_event(telling("vote", 0)), tagged_event(harbour), tagged_event(bridge(telling))]
        published = stage.process(told, lost)
        assert any(isinstance(event.data, StoryMerged) for event in published)
        published += stage.process([later[end] for end in ends], lost)
        expected = lost.execute(MEMBERS).fetchall(), lost.execute(FACTS).fetchall()
        (update,) = stage.process([tagged_event(telling("vote", 2, hours=3))], lost)

    with opened(lenient()) as (stage, connection):
        stage.rebuild(order(published), connection)
        rebuilt = connection.execute(MEMBERS).fetchall(), connection.execute(FACTS).fetchall()
        again = stage.process([later[end] for end in ends], connection)
        (rebuilt_update,) = stage.process([tagged_event(telling("vote", 2, hours=3))], connection)

    assert rebuilt == expected
    assert again == []
    assert _listed(rebuilt_update) == _listed(update)


def _listed(event: Event) -> list[tuple[str, int, str]]:
    assert isinstance(event.data, Story)
    return sorted((listed.article_id, listed.version, listed.title) for listed in event.data.articles)


@pytest.mark.parametrize("order", [as_written, by_story, youngest_first])
def test_stories_are_as_old_as_they_were(article: Build, order: Order) -> None:
    """How old a story is, and whether it may still grow, does not depend on the order in which partitions are read."""
    told = [article(f"a{n}", _words(n % 9, 8), _words(n % 9, 60), hours=n * 20) for n in range(20)]
    with opened() as (stage, lost):
        published = stage.process([tagged_event(each) for each in told], lost)
        expected = lost.execute(STORIES).fetchall()

    with opened() as (stage, connection):
        stage.rebuild(order(published), connection)
        rebuilt = connection.execute(STORIES).fetchall()

    assert {bool(live) for *_, live in expected} == {True, False}
    assert rebuilt == expected


def _words(event: int, count: int) -> str:
    return " ".join(f"word{event}{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(count))


@pytest.mark.parametrize("order", [as_written, by_story, youngest_first])
def test_a_member_goes_the_whole_way_of_mergers(telling: Build, order: Order) -> None:
    """A story that ended in one that ended: what was said of its member in between, and at last, both count."""
    text = telling("vote", 1).text + " " + telling("orchestra", 1).text
    second = telling(
        "vote", 1, article_id="second", text=text, hours=4, title="Korrin pension vote, Lindholm conductor"
    )
    harbour, corrected = telling("harbour", 0), telling("harbour", 0, version=2)
    with opened(lenient()) as (stage, lost):
        told = [telling("orchestra", 0), telling("vote", 0, hours=1), telling("harbour", 0, hours=2), bridge(telling)]
        published = stage.process([tagged_event(each) for each in (*told, corrected, second)], lost)
        assert sum(isinstance(event.data, StoryMerged) for event in published) == 2
        published += stage.process([gone(telling("vote", 0)), gone(harbour, 3)], lost)
        expected = lost.execute(MEMBERS).fetchall(), lost.execute(FACTS).fetchall()

    with opened(lenient()) as (stage, connection):
        stage.rebuild(order(published), connection)
        rebuilt = connection.execute(MEMBERS).fetchall(), connection.execute(FACTS).fetchall()

    assert rebuilt == expected
