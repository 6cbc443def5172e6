"""A state that was rebuilt from flags: what flags do not tell is made up for with care."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from geowire.events import Event, story_event
from geowire.messages import AddedArticle, Flagged, Story
from processors.flag import FlagStage, Watch
from processors.flag.fired import Cause
from processors.flag.rebuilt import kinds_in_doubt, still_tells

BuildStory = Callable[..., Story]
BuildAdded = Callable[..., AddedArticle]
BuildAid = Callable[..., dict[str, Any]]
BuildWatch = Callable[..., Watch]
Process = Callable[[Story], list[Event]]
Lose = Callable[..., tuple[list[Event], Process]]

MOMENT = datetime(2026, 3, 2, 15, tzinfo=UTC)
ACT = "pledged US -> UA"


def told(events: list[Event]) -> list[tuple[str, bool]]:
    """What each flag is about, and whether it takes back."""
    flags = [event.data for event in events if isinstance(event.data, Flagged)]
    return [(flag.reason.value, flag.retracts is not None) for flag in flags]


@pytest.fixture
def rebuilt(connection: sqlite3.Connection) -> Iterator[Lose]:
    """Lets a stage take in stories and lose its state; gives what it told, and how the rebuilt one takes in a story."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:

        def lose(watched: Watch, *stories: Story) -> tuple[list[Event], Process]:
            before, after = FlagStage([watched]), FlagStage([watched])
            before.create_tables(connection)
            published = before.process([story_event(story, MOMENT) for story in stories], connection)
            after.create_tables(empty)
            after.rebuild(published, empty)
            return published, lambda story: after.process([story_event(story, MOMENT)], empty)

        yield lose


def test_what_was_told_beside_a_flag_is_not_told_again(
    rebuilt: Lose, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: BuildWatch
) -> None:
    """The sum of an act that was flagged is taken as told once; another sum is news, and so is another act."""
    billion, more = aid(amount=1e9, currency="USD"), aid(amount=2e9, currency="USD")
    asked = watch(all=[{"aid": {"recipient": "UA"}}], again_on=["aid", "amount"])
    published, process = rebuilt(asked, story(1, added("a", aid=[billion])))

    plain = process(story(2, added("b", aid=[aid()])))
    same = process(story(3, added("c", aid=[billion])))
    same_again = process(story(4, added("d", aid=[billion])))
    news = process(story(5, added("e", aid=[more])))
    act = process(story(6, added("f", aid=[aid(donor="DE")])))

    assert told(published) == [(ACT, False)]
    assert (plain, same, same_again) == ([], [], [])
    assert told(news) == [(f"{ACT}: 2,000,000,000 USD", False)]
    assert told(act) == [("pledged DE -> UA", False)]


def test_a_flag_stands_while_its_story_tells_its_reason(
    rebuilt: Lose, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: BuildWatch
) -> None:
    """Whether the withdrawn article was the only source is seen from what is left of the story."""
    published, process = rebuilt(watch(), story(1, added("a", aid=[aid()])), story(2, added("b", aid=[aid()])))

    first = process(story(3, removed=("a",), aid=[aid()]))
    other = process(story(4, added("c", "replaced", version=2), aid=[aid()]))
    last = process(story(5, removed=("b",)))

    assert told(published) == [(ACT, False)]
    assert (first, other) == ([], [])
    assert told(last) == [(ACT, True)]


def test_a_flag_goes_with_an_article_whose_story_does_not_tell_its_reason(
    rebuilt: Lose, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: BuildWatch
) -> None:
    """Words of members are not in a story message: such a flag goes with the only article known to give it."""
    asked = watch(all=[{"words": "truce"}])
    _, process = rebuilt(asked, story(1, added("a", title="A truce")), story(2, added("b", title="A truce")))

    assert told(process(story(3, removed=("a",), aid=[aid()]))) == [("truce", True)]


@pytest.mark.parametrize(
    ("kind", "value", "tells"),
    [
        ("aid", ACT, True),
        ("amount", f"{ACT}: 5 USD", True),
        ("amount", f"{ACT}: 6 USD", False),
        ("theme", "nuclear", True),
        ("theme", "sanctions", False),
        ("country", "NO", True),
        ("country", "SE", False),
        ("entity", "organisation/iaea", False),
        ("pace", "new", False),
    ],
)
def test_a_story_tells_what_its_message_shows(
    story: BuildStory, aid: BuildAid, kind: str, value: str, tells: bool
) -> None:
    """Acts, sums, themes and countries of all members stand in the message."""
    update = story(
        1,
        aid=[aid(amount=5, currency="USD")],
        themes=[{"theme": "nuclear", "score": 0.2}],
        countries=[{"iso": "NO", "mentions": 1}],
        pace="new",
    )

    assert still_tells(update, Cause("aid", kind, value)) is tells


@pytest.mark.parametrize(
    ("again_on", "led", "doubtful"),
    [
        (["aid", "amount"], set(), set()),
        (["aid", "amount"], {"aid"}, {"amount"}),
        (["aid", "amount"], {"amount"}, set()),
        (["amount", "aid"], {"aid", "amount"}, {"aid"}),
        (["country"], {"theme"}, {"country"}),
        (["country"], {"country"}, set()),
    ],
)
def test_only_kinds_after_the_first_may_have_been_told_beside_a_flag(
    watch: BuildWatch, again_on: list[str], led: set[str], doubtful: set[str]
) -> None:
    """News of an earlier kind would have led the flag."""
    asked = watch(all=[{"theme": {"name": "nuclear"}}], again_on=again_on)

    assert kinds_in_doubt(asked, led) == doubtful


def test_an_article_whose_flag_was_taken_back_does_not_stand_in(
    rebuilt: Lose, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: BuildWatch
) -> None:
    """It is gone; one that came back and was flagged anew gives its reason again."""
    _, process = rebuilt(
        watch(),
        story(1, added("a", aid=[aid()])),
        story(2, removed=("a",)),
        story(3, added("b", aid=[aid("provided")])),
        story(4, added("c", aid=[aid(donor="DE")])),
        story(5, removed=("c",)),
        story(6, added("c", "replaced", version=3, aid=[aid(donor="DE")])),
    )

    first = process(story(7, removed=("c",)))
    last = process(story(8, removed=("b",)))

    assert told(first) == [("pledged DE -> UA (2)", True)]
    assert told(last) == [("provided US -> UA", True)]
