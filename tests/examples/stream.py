"""A small stream that has everything a consumer must cope with, written by geowire's own stages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from geowire.bus import Bus, Record
from geowire.events import Event, article_event, encode, story_event, tagged_event, withdrawal_event
from geowire.messages import AddedArticle, Article, ArticleWithdrawn, Flagged, Story, Tagged
from geowire.topics import FLAGGED, TAGGED
from processors.flag import FlagStage, Watch
from processors.tag.stage import TagStage

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARTITIONS = 3
WIDE = "𝕏 posts 🛰️🇺🇦: the United States pledged $425 million to Ukraine."
"""A text in which code points, UTF-16 units and what a reader sees as characters all count differently."""
WORDS = 3
"""Mentions of an article that the examples print."""


@dataclass(frozen=True)
class Stream:
    """Two topics of a test's own, and what must stand when all of them is read."""

    tagged: str
    flagged: str
    articles: tuple[str, ...]
    flags: tuple[str, ...]
    distinct: int
    """Events of known types with different ids."""
    distinct_flags: int
    """The same on the topic of flags alone."""


def publish_stream(bus: Bus, label: str) -> Stream:
    """Publish the stream to `<topic>.<label>`, as a replay would, and say what a reader must end with."""
    tagged, flagged = f"{TAGGED.name}.{label}", f"{FLAGGED.name}.{label}"
    bus.ensure_topics([replace(TAGGED, name=tagged, partitions=PARTITIONS)])
    bus.ensure_topics([replace(FLAGGED, name=flagged, partitions=PARTITIONS)])
    articles, flags = tagged_events(), flag_events()
    bus.publish([replace(encode(event), topic=tagged) for event in with_troubles(articles)])
    early = flags[-1]  # where stories have merged, a retraction may overtake its flag
    bus.publish([replace(encode(event), topic=flagged) for event in [early, *with_repeats(flags)]])
    bus.publish([unknown(tagged), foreign(tagged), unknown(flagged), foreign(flagged)])
    standing = [event.data for event in (articles[1], articles[4], articles[6])]
    raised = [event for event in flags if isinstance(event.data, Flagged) and event.data.retracts is None]
    taken_back = {event.data.retracts for event in flags if isinstance(event.data, Flagged)}
    return Stream(
        tagged, flagged,
        articles=tuple(sorted(article_line(data) for data in standing if isinstance(data, Tagged))),
        flags=tuple(sorted(flag_line(event) for event in raised if event.id not in taken_back)),
        distinct=len({event.id for event in [*articles, *flags]}),
        distinct_flags=len({event.id for event in flags}),
    )  # fmt: skip


def tagged_events() -> list[Event]:
    """What the tag stage makes of three articles, a correction and a withdrawal; one is tagged anew."""
    stage = TagStage()
    corrected = article("corrected", 2, "Berlin sends Kyiv a second air-defence battery, not two, it says.")
    gone = ArticleWithdrawn(
        id="gone", version=2, url="https://news.example/gone", reason="taken-down", withdrawn_at=NOON
    )
    events = stage.process([
        article_event(article("corrected", 1, "Berlin sends Kyiv two air-defence batteries.")),
        article_event(corrected),
        article_event(article("gone", 1, "Paris denies that it sends soldiers to Ukraine.")),
        withdrawal_event(gone),
        article_event(article("wide", 1, WIDE)),
        article_event(article("anew", 1, "Seoul says North Korea sent soldiers to Russia.")),
    ])  # fmt: skip
    anew = events[5].data
    assert isinstance(anew, Tagged)
    return [*events, tagged_event(anew.model_copy(update={"model": anew.model + "-later"}))]


def with_troubles(events: list[Event]) -> list[Event]:
    """Every event twice, and last one of an older version that is new to the reader and must change nothing."""
    first = events[0].data
    assert isinstance(first, Tagged)
    late = tagged_event(first.model_copy(update={"model": first.model + "-later"}))
    events.append(late)
    return with_repeats(events)


def with_repeats(events: Iterable[Event]) -> list[Event]:
    """Each event twice in a row, and all of them once more: what a crash of a stage may leave behind."""
    listed = list(events)
    return [copy for event in listed for copy in (event, event)] + listed


def flag_events() -> list[Event]:
    """What the flag stage tells of two acts of aid, one of which is corrected away."""
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        watch = Watch.model_validate({
            "id": "aid", "title": "Military aid", "all": [{"aid": {"recipient": "UA"}}], "again_on": "aid",
        })  # fmt: skip
        stage = FlagStage([watch])
        stage.create_tables(connection)
        updates = [
            story(1, member("a", aid=[act("US")])),
            story(2, member("b", aid=[act("DE")])),
            story(3, member("b", version=2, why={"rule": "replaced", "model": "relate-1"})),
        ]
        events = stage.process([story_event(update, NOON) for update in updates], connection)
    connection.close()
    return events


def article(article_id: str, version: int, text: str) -> Article:
    """An article with little but a text."""
    return Article.model_validate({
        "id": article_id, "version": version, "url": f"https://news.example/{article_id}",
        "title": f"What {article_id} says", "text": text, "language": "en", "published_at": NOON, "fetched_at": NOON,
        "publisher": {"id": "news.example"}, "feed": {"id": "f", "url": "https://news.example/rss.xml"},
        "body_status": "full", "content_hash": "0" * 64,
    })  # fmt: skip


def act(donor: str) -> dict[str, Any]:
    """An act of military aid with its quote."""
    quote = f"{donor} pledged arms for UA"
    evidence = [{"field": "text", "start": 0, "end": len(quote), "quote": quote}]
    return {"action": "pledged", "donor": donor, "recipient": "UA", "evidence": evidence}


def member(article_id: str, **fields: Any) -> AddedArticle:
    """A member that a story update adds."""
    values = {
        "article_id": article_id, "version": 1, "url": f"https://{article_id}.example/", "title": "Arms – “soon”",
        "publisher": {"id": article_id}, "published_at": NOON, "why": {"rule": "joined", "model": "relate-1"},
    }  # fmt: skip
    return AddedArticle.model_validate(values | fields)


def story(version: int, added: AddedArticle) -> Story:
    """A story update."""
    return Story.model_validate({
        "id": "s-1", "version": version, "headline": "Arms for Kyiv – “soon”", "article_count": 1,
        "publisher_count": 1, "first_seen": NOON, "last_seen": NOON, "added": [added],
    })  # fmt: skip


def unknown(topic: str) -> Record:
    """An event of a type that is not there yet."""
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"later:1"), ("ce_type", b"geowire.article.translated"))
    return Record(topic, b"later", b'{"id": "later"}', headers)


def foreign(topic: str) -> Record:
    """A record without CloudEvents headers."""
    return Record(topic, b"foreign", b"not JSON")


def article_line(tagged: Tagged) -> str:
    """An article as every example prints it: its mentions cut out of title and text by their offsets."""
    words = [entity.surface for entity in tagged.entities[:WORDS]]
    return f"article\t{tagged.id}\t{tagged.version}\t{'|'.join(words)}"


def flag_line(event: Event) -> str:
    """A flag as every example prints it."""
    assert isinstance(event.data, Flagged)
    return f"flag\t{event.id}\t{event.data.watch}\t{event.data.reason.value}"
