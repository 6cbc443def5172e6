"""What keeps stories apart, and what ties them: forms, anniversaries, languages, stories that are over, bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from geowire.events import Event, tagged_event, withdrawal_passed_on
from geowire.messages import ArticleWithdrawn, Story, StoryMerged, Tagged
from processors.relate import Grouping, RelateStage
from processors.relate.marks import form_of, numbers
from processors.relate.merge_score import MergeScore, shipped_score

Build = Callable[..., Tagged]

DAY = 24.0


def mention(slug: str) -> dict[str, Any]:
    """An entity as the tagger names it."""
    kind = slug.partition("/")[0].replace("-", "_")
    named = {"kind": kind, "id": slug, "label": slug, "field": "title", "start": 0, "end": 1, "surface": "x"}
    return named | {"score": 1.0, "rule": "test"}


def opened(connection: sqlite3.Connection, **options: Any) -> RelateStage:
    """A stage on the database."""
    stage = RelateStage(**options)
    stage.create_tables(connection)
    stage.load(connection)
    return stage


def stories(events: list[Event]) -> list[Story]:
    """The stories among some messages."""
    return [event.data for event in events if isinstance(event.data, Story)]


def gone(article: Tagged) -> Event:
    """The article is withdrawn."""
    withdrawn = ArticleWithdrawn(
        id=article.id, version=article.version + 1, url=article.url, reason="gone", withdrawn_at=article.fetched_at
    )
    return withdrawal_passed_on(withdrawn, "tag-1")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Veldoran harbour attack: live updates", "live"),
        ("LIVE: drones over Veldoran", "live"),
        ("Liveticker: Drohnen über Veldoran", "live"),
        ("Morning briefing: five things from Veldoran", "roundup"),
        ("Weekend news roundup", "roundup"),
        ("Opinion: the harbour should have been guarded", "opinion"),
        ("Kommentar: Der Hafen war schlecht bewacht", "opinion"),
        ("People who live by the harbour of Veldoran", "article"),
        ("Minister briefing reporters on Veldoran collapses", "article"),
    ],
)
def test_forms_are_read_from_titles(article: Build, title: str, expected: str) -> None:
    """Where ingest does not say what kind of text it is, the title may."""
    assert form_of(article("a", title, "Words.")) == expected
    assert form_of(article("a", title, "Words.", form="article")) == "article"


def test_numbers_mean_the_same_in_every_language() -> None:
    """Separators go, years and single digits say nothing."""
    assert numbers("1,200 soldiers and 5.1 billion in 2026, 3 dead") == ("#1200", "#51")
    assert numbers("1.200 Soldaten und 5,1 Milliarden im Jahr 2026") == ("#1200", "#51")


ABROAD = {
    "language": "de",
    "entities": [mention("person/mara-okun"), mention("country/ua"), mention("weapon/orlan-launcher")],
    "themes": [{"theme": "military-aid", "score": 0.9}],
}
AT_HOME = ABROAD | {"language": "en"}
GERMAN = "Ministerin Okun sagte am Montag 1.200 Soldaten und neue Werfer zu, die im Frühjahr eintreffen sollen."
ENGLISH = "Minister Okun on Monday promised 1,200 troops and new launchers, which are to arrive in spring."


def test_an_article_joins_a_story_in_another_language_by_ids(article: Build) -> None:
    """Shared people, weapons and numbers join what shares no word, and the reason says so; a second follows."""
    grouping = Grouping()
    first = grouping.add(article("en", "Okun promises 1,200 troops", ENGLISH, **AT_HOME))

    joined = grouping.add(article("de", "Okun sagt 1.200 Soldaten zu", GERMAN, hours=3, **ABROAD))
    again = grouping.add(article("de2", "Ministerin Okun sagt Soldaten zu", GERMAN + " Ende.", hours=4, **ABROAD))

    assert joined.story_id == first.story_id == again.story_id
    assert joined.why is not None
    assert joined.why.rule == "across"
    assert joined.why.terms == ()
    assert joined.why.numbers == ("1200",)
    assert "weapon/orlan-launcher" in joined.why.entities
    assert joined.why.themes == ("military-aid",)


@pytest.mark.parametrize(
    "changed",
    [
        {"entities": [mention("country/ua"), mention("country/ru"), mention("country/de")]},
        {"entities": [mention("person/mara-okun")]},
        {"language": None},
        {"hours": 60.0},
        {"published_at": None},
    ],
)
def test_across_languages_takes_more_than_a_little(article: Build, changed: dict[str, Any]) -> None:
    """Countries alone, one person, an unknown language, days between or no date at all do not join."""
    grouping = Grouping()
    first = grouping.add(article("en", "Okun promises troops", ENGLISH.replace("1,200 ", ""), **AT_HOME))

    text, fields = GERMAN.replace("1.200 ", ""), ABROAD | {"hours": 3.0} | changed
    other = grouping.add(article("de", "Okun sagt Soldaten zu", text, **fields))

    assert other.story_id != first.story_id


def test_the_13th_package_is_not_the_12th_in_another_language(article: Build) -> None:
    """Numbers keep things apart although their names differ."""
    grouping = Grouping()
    first = grouping.add(article("en", "Okun presents 12th aid package of 1,200 troops", ENGLISH, **AT_HOME))

    other = grouping.add(article("de", "Okun stellt 13. Hilfspaket vor: 1.200 Soldaten", GERMAN, hours=3, **ABROAD))

    assert other.story_id != first.story_id


def lenient() -> MergeScore:
    """A score that joins readily and merges whatever one article joins."""
    shipped = shipped_score()
    return MergeScore("test", shipped.weights | {"bias": -2.0}, shipped.join, merge=0.0)


def bridge(telling: Build, **fields: Any) -> Tagged:
    """An article that belongs to two stories."""
    text = telling("harbour", 1).text + " " + telling("vote", 1).text
    given = {"title": "Veldoran depots burn, Korrin pension reform falls"} | fields
    return telling("harbour", 1, article_id="bridge", text=text, hours=2, **given)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({}, 1),
        ({"form": "opinion"}, 2),
        ({"form": "live"}, 2),
        ({"title": "Opinion: Veldoran depots burn, Korrin pension reform falls"}, 2),
        ({"title": "One year after: Veldoran depots burn, Korrin pension reform falls"}, 3),
    ],
)
def test_only_plain_reports_merge_stories(telling: Build, fields: dict[str, str], left: int) -> None:
    """Opinions and live blogs join one story and leave both alone; an anniversary is a story of its own."""
    grouping = Grouping(score=lenient())
    grouping.add(telling("vote", 0))
    grouping.add(telling("harbour", 0))

    joined = grouping.add(bridge(telling, **fields))

    assert bool(joined.merged) == (left == 1)
    assert len(grouping.stories) == left


def test_an_anniversary_is_not_the_event(article: Build, telling: Build) -> None:
    """A look back at an attack ten years ago does not join today's attack in the same words."""
    grouping = Grouping()
    today = grouping.add(telling("harbour", 0))

    back = grouping.add(article("back", "Ten years after drones hit Veldoran harbour", telling("harbour", 2).text, 3))
    more = grouping.add(telling("harbour", 1, hours=4))

    assert back.story_id != today.story_id
    assert more.story_id == today.story_id


def test_a_story_that_wakes_up_says_what_it_continues(telling: Build) -> None:
    """After its window a story is over; what takes it up again is a new one that names it."""
    grouping = Grouping()
    old = grouping.add(telling("harbour", 0))

    fresh = grouping.add(telling("harbour", 0, hours=20 * DAY, article_id="fresh"))
    other = grouping.add(telling("vote", 0, hours=20 * DAY))

    woken, unrelated = grouping.story_of(fresh.article_id), grouping.story_of(other.article_id)
    assert woken is not None
    assert unrelated is not None
    assert woken.continues == old.story_id
    assert unrelated.continues is None


def test_what_a_story_continues_survives_a_restart(connection: sqlite3.Connection, telling: Build) -> None:
    """A stage that was loaded anew knows the stories that are over, and goes on saying what a story continues."""
    (old,) = stories(opened(connection).process([tagged_event(telling("harbour", 0))], connection))
    opened(connection).process([tagged_event(telling("vote", 0, hours=15 * DAY))], connection)

    again = tagged_event(telling("harbour", 0, hours=20 * DAY, article_id="fresh"))
    (fresh,) = stories(opened(connection).process([again], connection))
    (update,) = stories(
        opened(connection).process([tagged_event(telling("harbour", 1, hours=20 * DAY + 1))], connection)
    )

    assert fresh.continues == old.id
    assert (update.id, update.continues) == (fresh.id, old.id)


def test_a_late_article_finds_the_story_of_its_time(connection: sqlite3.Connection, telling: Build) -> None:
    """An article of an old date joins the story of that date although it is over, and not today's."""
    stage = opened(connection)
    (old,) = stories(stage.process([tagged_event(telling("harbour", 0))], connection))
    stage.process([tagged_event(telling("vote", 0, hours=20 * DAY))], connection)

    (update,) = stories(stage.process([tagged_event(telling("harbour", 1, hours=5))], connection))

    assert (update.id, update.added[0].why.rule, update.article_count) == (old.id, "late", 2)


def test_undated_articles_need_no_date_to_be_grouped(telling: Build) -> None:
    """Without a date words decide, more strictly than with one."""
    grouping = Grouping()
    undated = {"published_at": None}

    first = grouping.add(telling("harbour", 0, **undated))
    other = grouping.add(telling("vote", 0, **undated))
    copy = grouping.add(telling("harbour", 0, hours=1, article_id="again", **undated))

    assert copy.story_id == first.story_id
    assert other.story_id != first.story_id


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("rebuilds", [False, True])
def test_a_member_of_a_merged_story_can_be_withdrawn(
    connection: sqlite3.Connection, telling: Build, restarts: bool, rebuilds: bool
) -> None:
    """After a merge, a restart or the loss of the state, its withdrawal reaches the story that goes on."""
    stage = opened(connection, score=lenient())
    batch = [tagged_event(telling("vote", 0)), tagged_event(telling("harbour", 0)), tagged_event(bridge(telling))]
    published = stage.process(batch, connection)
    (merged,) = [event.data for event in published if isinstance(event.data, StoryMerged)]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as another:
        if rebuilds:
            connection = another
            stage = RelateStage(score=lenient())
            stage.create_tables(connection)
            stage.rebuild(published, connection)
        if restarts:
            stage = opened(connection, score=lenient())

        (update,) = stories(stage.process([gone(telling("harbour", 0))], connection))

    assert (update.id, update.removed, update.article_count) == (merged.to, ("harbour-0",), 2)


def test_a_corrected_member_of_a_merged_story_is_replaced_in_it(connection: sqlite3.Connection, telling: Build) -> None:
    """A new version after the merge goes where the article went."""
    stage = opened(connection, score=lenient())
    batch = [tagged_event(telling("vote", 0)), tagged_event(telling("harbour", 0)), tagged_event(bridge(telling))]
    older, *_ = stories(stage.process(batch, connection))

    (update,) = stories(stage.process([tagged_event(telling("harbour", 0, version=2))], connection))

    assert (update.id, update.added[0].why.rule, update.article_count) == (older.id, "replaced", 3)


def test_live_stories_are_bounded(telling: Build, article: Build) -> None:
    """With more stories than the setting allows, the one unchanged for longest is let go."""
    grouping = Grouping(window=timedelta(days=7), most=3)

    for event in ("harbour", "vote", "quake", "orchestra"):
        grouping.add(telling(event, 0))
    grouping.add(article("last", "Bakers of Ostrel strike", "Bakers in Ostrel went on strike over flour prices."))

    assert len(grouping.stories) <= 4
    assert grouping.stories.holding("harbour-0") is None
    assert grouping.stories.holding("last") is not None


AID = {"action": "pledged", "donor": "US", "recipient": "UA", "items": ["tanks"], "confidence": "medium"}


def test_facts_say_who_carries_and_who_disputes_them(connection: sqlite3.Connection, telling: Build) -> None:
    """Families and copies count once; a publisher that reports a denial disputes."""
    carried, denied = {"aid": [AID | {"status": "asserted"}]}, {"aid": [AID | {"status": "denied"}]}
    batch = [
        telling("harbour", 0, publisher={"id": "one", "family": "owner"}, **carried),
        telling("harbour", 1, hours=1, publisher={"id": "two", "family": "owner"}, **carried),
        telling("harbour", 2, hours=2, publisher={"id": "three"}, **carried),
        telling("harbour", 1, hours=3, article_id="no", publisher={"id": "four"}, **denied),
    ]

    story = stories(opened(connection).process([tagged_event(each) for each in batch], connection))[-1]

    (aid,) = story.aid
    assert story.article_count == 4
    assert (aid.publishers, aid.disputed_by, aid.status) == (2, ("four",), "asserted")


def test_facts_say_who_says_them_and_when(connection: sqlite3.Connection, telling: Build) -> None:
    """What the surest report leaves out, others add; who denies a fact is no source of it."""
    told = [
        AID | {"confidence": "high"},
        AID | {"said_by": "Harbour Ministry", "date": "2026-03-01"},
        AID | {"said_by": "Port Union"},
        AID | {"said_by": "Envoy", "status": "denied"},
    ]
    batch = [
        telling("harbour", number % 3, hours=number, article_id=f"says-{number}", aid=[aid])
        for number, aid in enumerate(told)
    ]

    story = stories(opened(connection).process([tagged_event(each) for each in batch], connection))[-1]

    (aid,) = story.aid
    assert (aid.confidence, aid.said_by, aid.date) == ("high", "Harbour Ministry", "2026-03-01")
    assert aid.sources == ("Harbour Ministry", "Port Union")


def test_copies_name_their_group_and_added_says_what_it_was_made_by(
    connection: sqlite3.Connection, telling: Build
) -> None:
    """A copy and its original list one syndication group; an article without copies has none."""
    wire = " ".join(telling("harbour", teller).text for teller in range(3))
    batch = [
        telling("harbour", 0, article_id="wire", text=wire),
        telling("harbour", 0, article_id="copy", text=wire, hours=1, title="Another headline of our own"),
        telling("harbour", 1, article_id="own", hours=2, form="opinion"),
    ]

    story = stories(opened(connection).process([tagged_event(each) for each in batch], connection))[-1]

    groups = {listed.article_id: listed.syndication_group for listed in story.articles}
    assert groups == {"wire": "wire", "copy": "wire", "own": None}
    assert (story.added[0].model, story.added[0].form) == ("tag-1", "opinion")


def test_a_form_filled_in_anew_is_no_copy(article: Build) -> None:
    """Reports from one template with other figures are two reports."""
    text = (
        "A tremor of magnitude {0} shook the sea bed {1} kilometres off Tamaset at a depth of {2} kilometres, the "
        "institute said. No warning was given and nobody was hurt. {3} houses lost their tiles. The institute asks "
        "all who felt the tremor to fill in its form and reminds readers that more may follow in the coming days."
    )
    grouping = Grouping()
    grouping.add(article("one", "Tremor off Tamaset", text.format("5.1", 120, 33, 410)))

    other = grouping.add(article("two", "Tremor off Tamaset", text.format("4.3", 87, 19, 265), hours=5))

    assert other.duplicate_of is None


def test_a_copy_shapes_nothing_until_its_original_goes(telling: Build) -> None:
    """A story is known by what is said, not by how often it was printed; copies stand in for what is withdrawn."""
    grouping = Grouping()
    wire = " ".join(telling("harbour", teller).text for teller in range(3))
    original = telling("harbour", 0, article_id="wire", text=wire)
    story = grouping.story_of(grouping.add(original).article_id)
    assert story is not None
    before = dict(story.profile.centroid)

    grouping.add(telling("harbour", 0, article_id="copy", text=wire, hours=1))
    after = dict(story.profile.centroid)
    withdrawn = ArticleWithdrawn(
        id="wire", version=2, url=original.url, reason="gone", withdrawn_at=original.fetched_at
    )
    grouping.withdraw(withdrawn)

    assert before == after
    assert story.profile.centroid.keys() == before.keys()
