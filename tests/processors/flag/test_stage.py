"""Flags are raised once, again for something new, and taken back when their source is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from geowire.errors import Rejected
from geowire.events import Event, merged_event, story_event
from geowire.messages import AddedArticle, Flagged, Story, StoryMerged
from geowire.stage import StatefulStage
from processors.flag import FlagStage, Watch, shipped_watches

BuildStory = Callable[..., Story]
BuildAdded = Callable[..., AddedArticle]
BuildAid = Callable[..., dict[str, Any]]

MOMENT = datetime(2026, 3, 2, 15, tzinfo=UTC)


def update(story: Story) -> Event:
    """The event of a story update."""
    return story_event(story, MOMENT)


def merger(ended: str, to: str) -> Event:
    """The event of a story that ended in another."""
    return merged_event(StoryMerged(from_=ended, to=to, version=9, merged_at=MOMENT))


def told(events: list[Event]) -> list[tuple[str, bool]]:
    """What each flag is about, and whether it takes back."""
    flags = [event.data for event in events if isinstance(event.data, Flagged)]
    return [(flag.reason.value, flag.retracts is not None) for flag in flags]


def test_it_is_a_stateful_stage(stage: FlagStage) -> None:
    """Name, topic and the topic that it is rebuilt from are those of the design."""
    stateful: StatefulStage = stage

    assert (stateful.name, stateful.topic) == ("flag", "geowire.stories.v1")
    assert stateful.rebuilds_from == "geowire.flagged.v1"


def test_a_watch_fires_once_for_a_reason(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A second article with the same act of aid raises no second flag."""
    first = stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    second = stage.process([update(story(2, added("b", aid=[aid()])))], connection)

    (event,) = first
    assert isinstance(event.data, Flagged)
    assert (event.data.watch, event.data.story_id, event.data.article_id) == ("aid", "story", "a")
    assert event.data.reason.value == "pledged US -> UA"
    assert event.data.evidence[0].quote == "US pledged arms for UA"
    assert event.data.publisher_count == 2
    assert event.type == "geowire.flag.raised"
    assert second == []


def test_something_new_fires_again(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A new act of aid in the same story is told, the old one beside it is not."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    events = stage.process([update(story(2, added("b", aid=[aid(), aid(donor="DE")])))], connection)

    assert told(events) == [("pledged DE -> UA", False)]


def run(watch: Watch, connection: sqlite3.Connection, *stories: Story) -> list[list[tuple[str, bool]]]:
    """What a stage with one watch tells of each story update."""
    stage = FlagStage([watch])
    stage.create_tables(connection)
    return [told(stage.process([update(story)], connection)) for story in stories]


def test_without_again_on_a_story_is_told_once(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """One flag for a story, however many acts its articles report; another story has its own."""
    once = watch(all={"aid": {"recipient": "UA"}})

    flags = run(
        once,
        connection,
        story(1, added("a", aid=[aid(), aid(donor="DE")]), added("b", aid=[aid(donor="FR")])),
        story(2, added("c", aid=[aid(donor="PL")])),
        story(1, added("d", aid=[aid(donor="PL")]), story_id="other"),
    )

    assert flags == [[("pledged US -> UA", False)], [], [("pledged PL -> UA", False)]]


def test_a_named_kind_is_told_again(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """What the first flag had beside its reason is known; after that each new value of a named kind fires."""
    dollars = {"amount": 4e8, "currency": "USD"}
    again = watch(all={"aid": {"recipient": "UA"}}, again_on=["amount", "publisher"])

    flags = run(
        again,
        connection,
        story(1, added("a", aid=[aid(**dollars)])),
        story(2, added("b", aid=[aid(**dollars)], publisher={"id": "publisher-of-a"})),
        story(3, added("c", aid=[aid(**dollars)])),
        story(4, added("d", aid=[aid(amount=5e8, currency="USD")])),
        story(5, added("e", publisher={"id": "new"})),
        story(6, added("f", aid=[aid(donor="DE")], publisher={"id": "publisher-of-d"})),
    )

    assert flags == [
        [("pledged US -> UA", False)],
        [],
        [("publisher-of-c", False)],
        [("pledged US -> UA: 500,000,000 USD", False)],
        [],
        [],
    ]


def test_a_corrected_fact_is_taken_back_and_the_right_one_told(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """A watch without `again_on` tells what now holds, since nothing that it told stands any more."""
    corrected = added("a", "replaced", version=2, aid=[aid(donor="DE")])

    flags = run(
        watch(all={"aid": {"recipient": "UA"}}), connection, story(1, added("a", aid=[aid()])), story(2, corrected)
    )

    assert flags[1] == [("pledged US -> UA", True), ("pledged DE -> UA", False)]


def test_a_correction_that_another_article_joins_keeps_its_flag(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """In one update the source goes and another comes: nothing is taken back, nothing told anew."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    events = stage.process([update(story(2, added("b", aid=[aid()]), removed=("a",)))], connection)

    assert events == []


def test_what_was_told_beside_a_flag_goes_quietly(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """A publisher that had no flag of its own is not taken back; when it comes again it is news."""
    again = watch(all={"aid": {"recipient": "UA"}}, again_on="publisher")

    flags = run(
        again,
        connection,
        story(1, added("a", aid=[aid()])),
        story(2, added("b", aid=[aid()])),
        story(3, removed=("a",)),
        story(4, added("c", aid=[aid()], publisher={"id": "publisher-of-a"})),
    )

    assert flags == [[("pledged US -> UA", False)], [("publisher-of-b", False)], [], [("publisher-of-a", False)]]


def test_a_merger_keeps_the_flag_of_what_the_other_story_only_had_beside_one(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """A reason with a flag of its own on the ended story can still be taken back on the one that goes on."""
    same = {"id": "courier"}
    again = watch(all={"aid": {"recipient": "UA"}}, again_on="publisher")

    flags = run(
        again,
        connection,
        story(1, added("a", aid=[aid()], publisher=same)),
        story(1, added("b", aid=[aid()]), story_id="ended"),
        story(2, added("c", aid=[aid()], publisher=same), story_id="ended"),
        story(3, merged_from=("ended",)),
        story(4, removed=("c",)),
        story(5, removed=("a",)),
    )

    assert flags[2] == [("courier", False)]
    assert flags[4:] == [[], [("courier", True)]]


def test_a_repeated_update_changes_nothing(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A version that was seen, or a lower one, is ignored."""
    stage.process([update(story(2, added("a")))], connection)

    assert stage.process([update(story(1, added("a", aid=[aid()])))], connection) == []
    assert stage.process([update(story(2, added("a", aid=[aid()])))], connection) == []


def test_late_articles_flag_nothing(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """Neither a late article nor a later version of it fires."""
    late = stage.process([update(story(1, added("a", "late", aid=[aid()])))], connection)
    replaced = stage.process([update(story(2, added("a", "replaced", version=2, aid=[aid()])))], connection)

    assert late + replaced == []


@pytest.mark.parametrize("order", ["merger first", "update first"])
def test_what_fired_on_an_ended_story_has_fired(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, order: str
) -> None:
    """Whichever of the two messages comes first, the story that goes on does not tell again."""
    stage.process([update(story(1, added("a", aid=[aid()]), story_id="ended"))], connection)
    merged = merger("ended", "story")
    grown = update(story(4, added("b", aid=[aid(), aid("provided")]), merged_from=("ended",)))

    events = stage.process([merged, grown] if order == "merger first" else [grown, merged], connection)

    assert told(events) == [("provided US -> UA", False)]


def test_a_straggling_update_of_an_ended_story_counts_for_the_other(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """Partitions have no common order: an update that comes after the merger is flagged under the id that lives."""
    stage.process([merger("ended", "story")], connection)

    (event,) = stage.process([update(story(1, added("a", aid=[aid()]), story_id="ended"))], connection)

    assert event.key == "story"


def test_a_replaced_source_takes_its_flag_back(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """The only article with the act of aid no longer has it: the flag is retracted by its id, once."""
    (raised,) = stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    events = stage.process([update(story(2, added("a", "replaced", version=2)))], connection)
    again = stage.process([update(story(3, added("a", "replaced", version=3)))], connection)

    (retracted,) = events
    assert isinstance(retracted.data, Flagged)
    assert retracted.type == "geowire.flag.retracted"
    assert retracted.data.retracts == raised.id
    assert again == []


def test_a_second_source_keeps_a_flag(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A flag goes with the last of its sources, not with the first."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    stage.process([update(story(2, added("b", aid=[aid()])))], connection)

    first = stage.process([update(story(3, removed=("a",)))], connection)
    last = stage.process([update(story(4, removed=("b",)))], connection)

    assert told(first) == []
    assert told(last) == [("pledged US -> UA", True)]


def test_a_flag_taken_back_can_be_raised_again(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """The same reason fires anew under another id, since readers drop an id that they know."""
    (first,) = stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    stage.process([update(story(2, removed=("a",)))], connection)

    (second,) = stage.process([update(story(3, added("b", aid=[aid()])))], connection)

    assert told([second]) == [("pledged US -> UA (2)", False)]
    assert second.id != first.id


def test_a_flag_of_an_ended_story_is_taken_back(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """The retraction names the flag as it was raised, under the ended story."""
    (raised,) = stage.process([update(story(1, added("a", aid=[aid()]), story_id="ended"))], connection)
    stage.process([update(story(4, added("b"), merged_from=("ended",)))], connection)

    (retracted,) = stage.process([update(story(5, removed=("a",)))], connection)

    assert isinstance(retracted.data, Flagged)
    assert (retracted.data.story_id, retracted.data.retracts) == ("story", raised.id)


def test_a_lost_state_is_rebuilt_from_flags(
    stage: FlagStage,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: Callable[..., Watch],
) -> None:
    """What was told is known again: it is not told twice, and can be taken back."""
    published = stage.process([update(story(1, added("a", aid=[aid(), aid(donor="DE")])))], connection)
    published += stage.process([update(story(2, added("a", "replaced", version=2, aid=[aid()])))], connection)
    with sqlite3.connect(":memory:") as empty:
        rebuilt = FlagStage([watch()])
        rebuilt.create_tables(empty)
        rebuilt.rebuild(published, empty)
        repeated = rebuilt.process([update(story(3, added("b", aid=[aid()])))], empty)
        removed = rebuilt.process([update(story(4, removed=("a",))), update(story(5, removed=("b",)))], empty)
    empty.close()

    assert repeated == []
    assert told(removed) == [("pledged US -> UA", True)]


def test_what_is_long_gone_is_forgotten(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A month after its last update nothing is left of a story."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    stage.process([story_event(story(1, story_id="other"), datetime(2026, 4, 20, tzinfo=UTC))], connection)

    assert connection.execute("SELECT count(*) FROM flag_fired").fetchone() == (0,)
    assert connection.execute("SELECT story_id FROM flag_story").fetchall() == [("other",)]


def test_other_messages_are_rejected(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A flag is no message for flag."""
    flags = stage.process([update(story(1, added("a", aid=[aid()])))], connection)

    with pytest.raises(Rejected, match="not-a-story"):
        stage.process(flags, connection)


def test_a_merger_of_two_flagged_stories_takes_both_flags_back(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """Each story had raised a flag for the same act: when its last source goes, readers hear of both ids."""
    raised = stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    raised += stage.process([update(story(1, added("b", aid=[aid()]), story_id="ended"))], connection)
    stage.process([update(story(2, merged_from=("ended",)))], connection)

    assert stage.process([update(story(3, removed=("b",)))], connection) == []
    events = stage.process([update(story(4, removed=("a",)))], connection)

    retracts = {event.data.retracts for event in events if isinstance(event.data, Flagged)}
    assert retracts == {event.id for event in raised}
    assert len(events) == len(raised) == 2


def test_a_standing_flag_goes_on_in_a_story_that_had_taken_its_own_back(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """After the merger the act is known, and the flag that stands is the one that can be taken back."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    stage.process([update(story(2, removed=("a",)))], connection)
    (standing,) = stage.process([update(story(1, added("b", aid=[aid()]), story_id="ended"))], connection)

    merged = stage.process([update(story(3, added("c", aid=[aid()]), merged_from=("ended",)))], connection)
    events = stage.process([update(story(4, removed=("b",))), update(story(5, removed=("c",)))], connection)

    assert merged == []
    assert [event.data.retracts for event in events if isinstance(event.data, Flagged)] == [standing.id]


def test_a_reason_told_quietly_in_between_fires_under_a_new_id(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """However a reason went and came, an id that readers know is not used twice."""
    again = watch(all={"aid": {"recipient": "UA"}}, again_on=["aid", "publisher"])
    same = {"id": "courier"}

    flags = run(
        again,
        connection,
        story(1, added("a", aid=[aid()], publisher={"id": "first"})),
        story(2, added("b", aid=[aid()], publisher=same)),
        story(3, removed=("b",)),
        story(4, added("c", aid=[aid(donor="DE")], publisher=same)),
        story(5, removed=("c",)),
        story(6, added("d", aid=[aid()], publisher=same)),
    )

    assert flags[1:] == [
        [("courier", False)],
        [("courier", True)],
        [("pledged DE -> UA", False)],
        [("pledged DE -> UA", True)],
        [("courier (2)", False)],
    ]


def test_a_watch_that_is_no_longer_in_force_says_nothing_of_corrections(
    stage: FlagStage,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: Callable[..., Watch],
) -> None:
    """Nobody looked whether its reason still holds; but with the article its flag goes."""
    (raised,) = stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    other = FlagStage([watch(id="other")])

    corrected = other.process([update(story(2, added("a", "replaced", version=2, aid=[aid()])))], connection)
    withdrawn = other.process([update(story(3, removed=("a",)))], connection)

    assert [event.data.watch for event in corrected if isinstance(event.data, Flagged)] == ["other"]
    retracts = {event.data.watch: event.data.retracts for event in withdrawn if isinstance(event.data, Flagged)}
    assert retracts == {"aid": raised.id, "other": corrected[0].id}


def test_a_retraction_may_be_read_before_its_flag(
    stage: FlagStage,
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: Callable[..., Watch],
) -> None:
    """A flag of an ended story and its retraction lie in two partitions: rebuilt in either order it is taken back."""
    (raised,) = stage.process([update(story(1, added("a", aid=[aid()]), story_id="ended"))], connection)
    (retracted,) = stage.process([update(story(5, merged_from=("ended",), removed=("a",)))], connection)
    with sqlite3.connect(":memory:") as empty:
        rebuilt = FlagStage([watch()])
        rebuilt.create_tables(empty)
        rebuilt.rebuild([retracted, raised], empty)
        events = rebuilt.process([update(story(6, added("b", aid=[aid()]), merged_from=("ended",)))], empty)
    empty.close()

    assert told(events) == [("pledged US -> UA (2)", False)]


def test_a_refusal_is_no_arms_to_russia(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """The shipped watch tells of what Russia gets or asks for; that somebody gives nothing is neither."""
    arms = next(watch for watch in shipped_watches() if watch.id == "arms-to-russia")

    flags = run(arms, connection, story(1, added("a", aid=[aid("refused", "IR", "RU"), aid("provided", "KP", "RU")])))

    assert flags == [[("provided KP -> RU", False)]]


@pytest.mark.parametrize("options", [{}, {"again_on": ["amount"]}])
def test_another_article_stands_in_for_one_that_is_withdrawn(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, options: dict[str, Any]
) -> None:
    """No flag is left although a story still fulfils the watch: its oldest article is told, with its own evidence."""
    watched = {"id": "aid", "title": "Aid", "all": [{"aid": {"recipient": "UA"}}]}
    stage = FlagStage([Watch.model_validate(watched | options)])
    stage.create_tables(connection)
    middle, last = (MOMENT.replace(hour=hour) for hour in (16, 17))
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    stage.process([update(story(2, added("c", aid=[aid("requested")], published_at=last)))], connection)
    stage.process([update(story(3, added("b", aid=[aid("provided")], published_at=middle)))], connection)

    events = stage.process([update(story(4, removed=("a",), headline="What is left"))], connection)
    later = stage.process([update(story(5, removed=("b",))), update(story(6, removed=("c",)))], connection)

    assert told(events) == [("pledged US -> UA", True), ("provided US -> UA", False)]
    flag = events[1].data
    assert isinstance(flag, Flagged)
    assert (flag.article_id, flag.url, flag.headline) == ("b", "https://b.example/", "What is left")
    assert [piece.quote for piece in flag.evidence] == ["US provided arms for UA"]
    assert told(later) == [
        ("provided US -> UA", True),
        ("requested US -> UA", False),
        ("requested US -> UA", True),
    ]


def test_nothing_stands_in_while_a_flag_is_left(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A story of which another flag stands has been told."""
    stage.process([update(story(1, added("a", aid=[aid()]), added("b", aid=[aid("provided")])))], connection)

    events = stage.process([update(story(2, removed=("a",)))], connection)

    assert told(events) == [("pledged US -> UA", True)]


def test_a_state_file_from_before_drafts_were_kept_goes_on(
    connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid, watch: Callable[..., Watch]
) -> None:
    """A table without the later columns gets them; what stood in it is taken back, but cannot stand in."""
    connection.execute(
        "CREATE TABLE flag_source (story_id TEXT, article_id TEXT, watch TEXT, kind TEXT, value TEXT,"
        " PRIMARY KEY (story_id, article_id, watch, kind, value)) WITHOUT ROWID"
    )
    connection.execute("INSERT INTO flag_source VALUES ('story', 'old', 'aid', 'aid', 'provided US -> UA')")
    stage = FlagStage([watch()])
    stage.create_tables(connection)

    events = stage.process([update(story(1, added("a", aid=[aid()]))), update(story(2, removed=("a",)))], connection)

    assert told(events) == [("pledged US -> UA", False), ("pledged US -> UA", True)]


@pytest.mark.parametrize(
    "conditions",
    [
        {"all": [{"aid": {"recipient": "UA"}}, {"pace": ["new", "burst"]}], "again_on": "aid"},
        {"all": [{"pace": "new"}], "again_on": "aid"},
        {"all": [{"aid": {"recipient": "UA"}}], "not": [{"pace": "steady"}]},
    ],
)
def test_a_correction_in_a_slower_story_takes_nothing_back(
    connection: sqlite3.Connection,
    story: BuildStory,
    added: BuildAdded,
    aid: BuildAid,
    watch: Callable[..., Watch],
    conditions: dict[str, Any],
) -> None:
    """How fast a story grows is no matter of the article that is corrected; what it no longer says is."""
    stage = FlagStage([watch(**conditions)])
    stage.create_tables(connection)
    raised = stage.process([update(story(1, added("a", aid=[aid()]), pace="new"))], connection)

    typo = stage.process([update(story(2, added("a", "replaced", version=2, aid=[aid()]), pace="steady"))], connection)
    gone = stage.process([update(story(3, removed=("a",), pace="steady"))], connection)

    assert len(raised) == 1
    assert typo == []
    assert [value for value, taken_back in told(gone) if taken_back] == [value for value, _ in told(raised)]


def test_a_straggler_does_not_flag_what_has_gone_since(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """Read after the story that it ended in, a story's old update neither raises nor takes back what that one said."""
    goes_on = [
        story(3, story_id="B", merged_from=("A",), removed=("gone",)),
        story(4, added("fixed", "replaced", version=2), story_id="B", merged_from=("A",)),
        story(5, added("back", "replaced", version=4, aid=[aid(donor="DE")]), story_id="B", merged_from=("A",)),
    ]
    ended = [
        story(1, added("gone", aid=[aid()]), added("fixed", aid=[aid()]), story_id="A"),
        story(2, added("back", aid=[aid()]), story_id="A"),
        story(3, removed=("back",), story_id="A"),
        story(4, added("here", aid=[aid(donor="NO")]), story_id="A"),
    ]

    events = stage.process([update(each) for each in (*goes_on, *ended)], connection)

    assert told(events) == [("pledged DE -> UA", False), ("pledged NO -> UA", False)]


def test_an_article_that_comes_back_to_its_story_is_flagged_again(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded, aid: BuildAid
) -> None:
    """A withdrawal holds until the story tells of a later version; it moves with the story."""
    stage.process([update(story(1, added("a", aid=[aid()])))], connection)
    stage.process([update(story(2, removed=("a",)))], connection)

    back = stage.process([update(story(3, added("a", "replaced", version=3, aid=[aid()])))], connection)
    stage.process([update(story(4, removed=("a",))), merger("story", "other")], connection)
    elsewhere = story(9, added("a", "replaced", version=5, aid=[aid(donor="SE")]), story_id="other")
    back_elsewhere = stage.process([update(elsewhere)], connection)

    assert told(back) == [("pledged US -> UA (2)", False)]
    assert told(back_elsewhere) == [("pledged SE -> UA", False)]


def test_marks_of_articles_are_forgotten(
    stage: FlagStage, connection: sqlite3.Connection, story: BuildStory, added: BuildAdded
) -> None:
    """Only articles that changed are kept in mind, for a month."""
    count = "SELECT count(*) FROM flag_mark"
    stage.process([update(story(1, added("a"), added("b"))), update(story(2, removed=("a",)))], connection)
    (held,) = connection.execute(count).fetchone()

    stage.process([story_event(story(1, story_id="other"), datetime(2026, 4, 20, tzinfo=UTC))], connection)

    assert (held, *connection.execute(count).fetchone()) == (1, 0)
