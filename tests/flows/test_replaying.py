"""Real stages replayed: articles tagged again with newer data, stories grouped again from nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from cli.main import run_app
from flows import stages
from flows.replaying import Report, open_replay, parse_time
from flows.stages import StageName, loop_options, open_stage
from geowire.bus import Bus, Record, open_bus
from geowire.errors import Misconfigured
from geowire.events import article_event, decode, encode
from geowire.messages import Article, FeedReference, Publisher
from geowire.replay import Plan
from geowire.settings import Settings
from geowire.stage import group_of
from geowire.topics import ARTICLES, STORIES, TAGGED, TOPICS
from processors.tag.gazetteer import ARTEFACT, Gazetteer
from processors.tag.tag import ArticleTagger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADLINES = (
    "Poland sends howitzers to Ukraine",
    "Chile votes on a new pension law",
    "Ukraine gets howitzers from Poland",
)


@cache
def tagger(version: str | None = None, poland: str | None = None) -> ArticleTagger:
    """The tagger that ships, or one with data of another version in which Poland has another label."""
    compiled = json.loads(gzip.decompress(ARTEFACT.read_bytes()))
    if version is not None:
        compiled["version"] = version
        compiled["entries"] = compiled["entries"].replace('"Poland"', f'"{poland}"')
    return ArticleTagger(Gazetteer(compiled))


def upgrade(monkeypatch: pytest.MonkeyPatch) -> str:
    """From now on this machine has a newer gazetteer; its model."""
    newer = tagger("9999.1", "Republic of Poland")
    monkeypatch.setattr(stages, "load_tagger", lambda _: newer)
    return newer.model


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data folder of the test's own, and the tagger that ships."""
    shipped = tagger()
    monkeypatch.setattr(stages, "load_tagger", lambda _: shipped)
    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path / "data"))
    return Settings()


@pytest.fixture
def bus(settings: Settings) -> Iterator[Bus]:
    """The embedded bus, with three articles that are tagged and grouped."""
    with open_bus(settings.bus_url) as opened:
        opened.ensure_topics(TOPICS)
        for number, headline in enumerate(HEADLINES):
            opened.publish([encode(article_event(an_article(number, headline)))])
        for name in ("tag", "relate"):
            run_live(name, settings, opened)
        yield opened


def an_article(number: int, headline: str) -> Article:
    """An article of its own publisher."""
    return Article(
        id=f"a{number}",
        version=1,
        url=f"https://news{number}.example/1",
        title=headline,
        text=f"{headline}, ministers said on Monday.",
        language="en",
        published_at=NOON + timedelta(hours=number),
        fetched_at=NOON + timedelta(hours=number),
        publisher=Publisher(id=f"news{number}.example"),
        feed=FeedReference(id=f"f{number}", url=f"https://news{number}.example/feed"),
        body_status="full",
        content_hash="0" * 64,
    )


def run_live(name: StageName, settings: Settings, bus: Bus) -> None:
    """A stage as it runs live, until it is idle."""
    with open_stage(name, settings) as opened:
        opened.loop(bus, loop_options(settings, until_idle=True), lambda _: None).run()


def replay(name: StageName, settings: Settings, bus: Bus, plan: Plan) -> Report:
    """A replay to its end."""
    with open_replay(name, settings, bus, plan) as opened:
        return opened.report(opened.loop(lambda _: None).run())


def records(bus: Bus, topic: str) -> list[Record]:
    """What stands in a topic."""
    found: list[Record] = []
    with bus.read(topic) as reader:
        while not reader.at_end():
            found += [delivery.record for delivery in reader.poll(100, 0.5)]
    return found


def labels(bus: Bus, topic: str) -> set[str]:
    """Labels of the entities in a topic of tagged articles."""
    with bus.read(topic) as reader:
        return {e.label for delivery in reader.poll(100, 0.5) for e in decode(delivery).data.entities}  # type: ignore[attr-defined]


def test_articles_are_tagged_again_and_the_original_stays_as_it_is(
    settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The labelled topic has the new tags under the new model; the original has its bytes."""
    before = records(bus, TAGGED.name)
    model = upgrade(monkeypatch)

    report = replay("tag", settings, bus, Plan("retag"))

    assert (report.read, report.published, report.still_to_read) == (3, 3, 0)
    assert report.writes == (f"{TAGGED.name}.retag",)
    assert records(bus, TAGGED.name) == before
    assert "Poland" in labels(bus, TAGGED.name)
    assert "Republic of Poland" in labels(bus, f"{TAGGED.name}.retag")
    ids = {dict(record.headers)["ce_id"] for record in records(bus, f"{TAGGED.name}.retag")}
    assert ids == {f"a{number}:1:{model}".encode() for number in range(3)}


def test_live_the_same_model_is_refused(settings: Settings, bus: Bus) -> None:
    """There is nothing that readers would take for new."""
    before = records(bus, TAGGED.name)

    with pytest.raises(Misconfigured, match="is not newer than what"):
        replay("tag", settings, bus, Plan("again", live=True))

    assert records(bus, TAGGED.name) == before


def test_live_an_older_model_is_refused(settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was left behind must not speak last."""
    upgrade(monkeypatch)
    replay("tag", settings, bus, Plan("up", live=True))
    older = tagger("0001.1", "Poland")
    monkeypatch.setattr(stages, "load_tagger", lambda _: older)

    with pytest.raises(Misconfigured, match="which is newer than"):
        replay("tag", settings, bus, Plan("down", live=True))


def test_live_a_newer_model_is_said_once(settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the live stage has tagged with it already is left out, and a second replay finds nothing to say."""
    model = upgrade(monkeypatch)
    bus.publish([encode(article_event(an_article(9, "Poland votes")))])
    run_live("tag", settings, bus)

    report = replay("tag", settings, bus, Plan("up", live=True))

    assert (report.read, report.published, report.writes) == (4, 3, (TAGGED.name,))
    ids = [dict(record.headers)["ce_id"] for record in records(bus, TAGGED.name)]
    assert len(ids) == len(set(ids)) == 7
    assert sum(identity.endswith(model.encode()) for identity in ids) == 4
    with pytest.raises(Misconfigured, match="is not newer"):
        replay("tag", settings, bus, Plan("up-again", live=True))


def test_relate_takes_the_live_retagging_in_place(
    settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stories have the members that they had, each once."""
    upgrade(monkeypatch)
    replay("tag", settings, bus, Plan("up", live=True))

    run_live("relate", settings, bus)

    assert sum(decode_story(bus).values()) == 3


def decode_story(bus: Bus) -> dict[str, int]:
    """Members of each story as it now stands."""
    with bus.read(STORIES.name) as reader:
        stories = [decode(delivery).data for delivery in reader.poll(100, 0.5)]
    newest = sorted(stories, key=lambda story: story.version)  # type: ignore[attr-defined]
    return {story.id: story.article_count for story in newest}  # type: ignore[attr-defined]


def test_stories_are_grouped_again_from_nothing(settings: Settings, bus: Bus) -> None:
    """In a state file of their own, twice the same; the live state and topic are as they were."""
    live_state, live_stories = (settings.data / "relate.db").read_bytes(), records(bus, STORIES.name)

    for label in ("one", "two"):
        replay("relate", settings, bus, Plan(label))

    first, second = (
        [(r.key, r.value, r.headers) for r in records(bus, f"{STORIES.name}.{label}")] for label in ("one", "two")
    )
    assert first == second
    assert first
    assert (settings.data / "relate.one.db").exists()
    assert ((settings.data / "relate.db").read_bytes(), records(bus, STORIES.name)) == (live_state, live_stories)


@pytest.mark.parametrize("name", ["relate", "flag"])
def test_live_is_for_tag_alone(name: StageName, settings: Settings, bus: Bus) -> None:
    """A story's version does not tell which run it is of."""
    with pytest.raises(Misconfigured, match="for tag alone"):
        replay(name, settings, bus, Plan("again", live=True))


def test_the_command_replays_a_chain(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tagged again, grouped from that, flagged from that; no live group has moved."""
    upgrade(monkeypatch)
    before = bus.extents(group_of("tag"), [ARTICLES.name])

    assert run_app(["replay", "tag", "--label", "v2", "--from", "2020-01-01", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert run_app(["replay", "relate", "--label", "v2", "--input", "v2"]) == 0
    assert run_app(["replay", "flag", "--label", "v2", "--input", "v2"]) == 0

    assert (facts["stage"], facts["read"], facts["published"]) == ("tag", 3, 3)
    shown = capsys.readouterr().out
    assert "relate: 3 read from geowire.tagged.v1.v2" in shown
    assert "published to geowire.flagged.v1.v2" in shown
    assert bus.extents(group_of("tag"), [ARTICLES.name]) == before


@pytest.mark.usefixtures("bus")
def test_the_command_goes_on_where_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    """And says that there is more."""
    assert run_app(["replay", "tag", "--label", "v2", "--limit", "2"]) == 0
    assert "1 still to read; the same command goes on" in capsys.readouterr().err

    assert run_app(["replay", "tag", "--label", "v2"]) == 0
    assert "tag: 1 read" in capsys.readouterr().out


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tag", "--label", "Two"], "lower-case letters"),
        (["tag", "--label", "two", "--from", "monday"], "write 2026-11-01"),
        (["tag", "--label", "two", "--live"], "not newer than what"),
        (["relate", "--label", "two", "--input", "nobody"], "geowire.tagged.v1.nobody does not exist"),
    ],
)
def test_a_replay_that_cannot_be_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what to write instead."""
    assert run_app(["replay", *arguments]) == 2

    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1


def test_times_are_utc_unless_they_say_otherwise() -> None:
    """A day begins at midnight."""
    assert parse_time("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    assert parse_time("2026-11-01T12:00+01:00") == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert parse_time("") is None
