"""Tagged articles in, story messages out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from geowire.errors import Rejected
from geowire.events import Event, article_event, tagged_event, withdrawal_passed_on
from geowire.messages import Article, ArticleWithdrawn, Story, StoryMerged, Tagged
from geowire.stage import StatefulStage
from processors.relate import RelateStage
from processors.relate.merge_score import MergeScore, shipped_score

Build = Callable[..., Tagged]

AID = {
    "action": "pledged",
    "donor": "US",
    "recipient": "UA",
    "items": ["tanks"],
    "confidence": "medium",
    "evidence": [{"field": "text", "start": 0, "end": 6}],
}
THEME = {
    "theme": "military-aid",
    "score": 0.8,
    "evidence": [{"field": "text", "start": 0, "end": 6, "status": "planned"}],
}


def opened(connection: sqlite3.Connection, score: MergeScore | None = None) -> RelateStage:
    """A stage on the database."""
    stage = RelateStage(score=score)
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


def test_it_is_a_stateful_stage(connection: sqlite3.Connection) -> None:
    """Name, topic and the topic that it is rebuilt from are those of the design."""
    stage: StatefulStage = opened(connection)

    assert (stage.name, stage.topic, stage.rebuilds_from) == ("relate", "geowire.tagged.v1", "geowire.stories.v1")


def test_each_article_gives_one_update(connection: sqlite3.Connection, telling: Build) -> None:
    """A story starts and grows by one version with each article; the event has the time of its cause."""
    batch = [tagged_event(telling("harbour", teller, hours=teller)) for teller in range(3)]

    events = opened(connection).process(batch, connection)

    assert [event.type for event in events] == ["geowire.story.started", *["geowire.story.updated"] * 2]
    assert [story.version for story in stories(events)] == [1, 2, 3]
    assert [story.article_count for story in stories(events)] == [1, 2, 3]
    assert [event.time for event in events] == [event.time for event in batch]
    assert len({event.key for event in events}) == 1


def test_a_story_is_told_by_its_members(connection: sqlite3.Connection, telling: Build) -> None:
    """Headline, extract, timeline, span and lists are taken from the members."""
    batch = [tagged_event(telling("quake", teller, hours=2 * teller)) for teller in range(3)]

    story = stories(opened(connection).process(batch, connection))[-1]

    assert story.headline in {event.data.title for event in batch if isinstance(event.data, Tagged)}
    assert story.extract is not None
    assert "Tamaset" in story.extract
    assert [entry.article_id for entry in story.timeline] == ["quake-0", "quake-1", "quake-2"]
    assert [listed.article_id for listed in story.articles] == ["quake-2", "quake-1", "quake-0"]
    assert (story.last_seen - story.first_seen).total_seconds() == 4 * 3600
    assert story.pace == "new"
    assert [added.article_id for added in story.added] == ["quake-2"]


def test_facts_are_merged_and_quoted(connection: sqlite3.Connection, telling: Build) -> None:
    """Equal acts of aid are one, countries add up, and evidence carries its words."""
    country = {"iso": "UA", "mentions": 2, "roles": ["target"], "focus": True}
    better = AID | {"confidence": "high", "items": ["jets"], "amount": 5e8, "currency": "USD"}
    batch = [
        tagged_event(telling("harbour", 0, aid=[AID], themes=[THEME], countries=[country])),
        tagged_event(
            telling("harbour", 1, hours=1, aid=[better], themes=[THEME | {"score": 0.9}], countries=[country])
        ),
    ]

    story = stories(opened(connection).process(batch, connection))[-1]

    assert [(aid.action, aid.donor, aid.recipient, aid.items, aid.amount) for aid in story.aid] == [
        ("pledged", "US", "UA", ("jets", "tanks"), 5e8)
    ]
    assert [piece.quote for piece in story.aid[0].evidence] == ["Fire c", "Drones"]
    assert [(theme.theme, theme.score) for theme in story.themes] == [("military-aid", 0.9)]
    assert story.themes[0].evidence[0].quote == "Fire c"
    assert [(each.iso, each.mentions, each.roles, each.focus) for each in story.countries] == [
        ("UA", 4, ("target",), True)
    ]
    assert story.added[0].aid[0].evidence[0].quote == "Fire c"


def test_one_owner_and_copies_are_one_voice(connection: sqlite3.Connection, telling: Build, article: Build) -> None:
    """Titles of one family count as one publisher, and so do copies of one text."""
    wire = telling("harbour", 0).text + " " + telling("harbour", 1).text + " " + telling("harbour", 2).text
    family = {"id": "left", "family": "owner"}, {"id": "right", "family": "owner"}
    batch = [
        article("wire", "Drones hit fuel depots in Veldoran", wire),
        article("copy", "Fuel depots in Veldoran hit by drones", wire, hours=1),
        telling("harbour", 0, hours=2, publisher=family[0]),
        telling("harbour", 1, hours=3, publisher=family[1]),
    ]

    story = stories(opened(connection).process([tagged_event(each) for each in batch], connection))[-1]

    assert story.article_count == 4
    assert story.publisher_count == 2


def test_copies_do_not_push_a_story_out_of_its_words(
    connection: sqlite3.Connection, telling: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A story keeps headline, extract and facts however many copies come last; the newest of them are listed."""
    monkeypatch.setattr("processors.relate.fact_store.MOST_PER_STORY", 3)
    wire = " ".join(telling("harbour", teller).text for teller in range(3))
    batch = [telling("harbour", 0, article_id=f"wire-{n:02}", hours=n / 10, text=wire, aid=[AID]) for n in range(30)]

    story = stories(opened(connection).process([tagged_event(each) for each in batch], connection))[-1]

    assert (story.headline, story.article_count) == (batch[0].title, 30)
    assert story.extract
    assert [act.donor for act in story.aid] == ["US"]
    assert [each.article_id for each in story.articles] == [f"wire-{n:02}" for n in range(29, 9, -1)]


def test_a_replaced_article_replaces_its_facts(connection: sqlite3.Connection, telling: Build) -> None:
    """A new version without the act of aid takes it out of the story."""
    stage = opened(connection)
    stage.process([tagged_event(telling("harbour", 0, aid=[AID]))], connection)

    events = stage.process([tagged_event(telling("harbour", 0, version=2))], connection)

    (story,) = stories(events)
    assert story.aid == ()
    assert story.added[0].why.rule == "replaced"
    assert (story.version, story.article_count) == (2, 1)


def test_a_repeated_article_gives_no_message(connection: sqlite3.Connection, telling: Build) -> None:
    """Delivery is at least once: what is held is not told again."""
    stage = opened(connection)
    stage.process([tagged_event(telling("harbour", 0))], connection)

    assert stage.process([tagged_event(telling("harbour", 0))], connection) == []


def test_a_withdrawn_article_leaves_no_words(connection: sqlite3.Connection, telling: Build) -> None:
    """The update names the article that went; nothing of its text is left in message or tables."""
    stage = opened(connection)
    first, second = telling("harbour", 0), telling("harbour", 1, hours=1)
    stage.process([tagged_event(first), tagged_event(second)], connection)

    (story,) = stories(stage.process([gone(first)], connection))
    (empty,) = stories(stage.process([gone(second)], connection))

    assert story.removed == ("harbour-0",)
    assert [listed.article_id for listed in story.articles] == ["harbour-1"]
    assert "Drones hit" not in story.model_dump_json()
    assert (empty.article_count, empty.headline, empty.extract) == (0, "", None)
    assert connection.execute("SELECT count(*) FROM relate_fact").fetchone() == (0,)


def test_a_merger_is_told_before_the_story_that_goes_on(connection: sqlite3.Connection, telling: Build) -> None:
    """The story that ends says where it went; the older one lists it and takes over its members."""
    lenient = MergeScore("test", shipped_score().weights | {"bias": -7.0}, 0.5, 0.0)
    stage = opened(connection, lenient)
    text = telling("harbour", 1).text + " " + telling("vote", 1).text
    bridge = telling(
        "harbour", 1, article_id="bridge", text=text, title="Veldoran depots burn, Korrin pension reform falls"
    )
    older, younger = stories(
        stage.process([tagged_event(telling("vote", 0)), tagged_event(telling("harbour", 0))], connection)
    )

    merged, update = stage.process([tagged_event(bridge)], connection)

    assert isinstance(merged.data, StoryMerged)
    assert (merged.key, merged.data.to, merged.data.version) == (younger.id, older.id, 2)
    assert isinstance(update.data, Story)
    assert (update.data.id, update.data.version, update.data.article_count) == (older.id, 2, 3)
    assert update.data.merged_from == (younger.id,)


def test_an_old_story_is_found_for_a_new_version(connection: sqlite3.Connection, telling: Build) -> None:
    """A story that was let go still takes the new version of a member."""
    stage = opened(connection)
    (old,) = stories(stage.process([tagged_event(telling("harbour", 0))], connection))
    stage.process([tagged_event(telling("vote", 0, hours=24 * 12))], connection)

    (story,) = stories(stage.process([tagged_event(telling("harbour", 0, version=2))], connection))

    assert (story.id, story.version) == (old.id, 2)


def test_what_is_long_gone_is_deleted(connection: sqlite3.Connection, telling: Build) -> None:
    """After a month nothing of a story is left in the tables."""
    stage = opened(connection)
    stage.process([tagged_event(telling("harbour", 0))], connection)
    stage.process([tagged_event(telling("vote", 0, hours=24 * 20))], connection)

    stage.process([tagged_event(telling("quake", 0, hours=24 * 40))], connection)

    held = connection.execute("SELECT article_id FROM relate_member ORDER BY 1").fetchall()
    assert held == [("quake-0",), ("vote-0",)]


def test_other_messages_are_rejected(connection: sqlite3.Connection, telling: Build) -> None:
    """An article that was not tagged is no message for relate."""
    plain = Article.model_validate(telling("harbour", 0).model_dump())

    with pytest.raises(Rejected, match="not-tagged"):
        opened(connection).process([article_event(plain)], connection)
