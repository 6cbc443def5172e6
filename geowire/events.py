"""CloudEvents 1.0 on the bus, binary mode: the value is the message's JSON, everything about it stands in the headers.

An event's id is deterministic, so that a reader can drop what it has seen: delivery is at least once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from geowire.bus import Delivery, Headers, Record
from geowire.errors import Rejected
from geowire.messages import (
    Article,
    ArticleWithdrawn,
    FeedPolled,
    Flagged,
    IngestFailure,
    Message,
    Story,
    StoryMerged,
    Tagged,
)
from geowire.topics import ARTICLES, DEADLETTERS, FEEDS, FLAGGED, MODELS, STORIES, TAGGED

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Event:
    """A message with its CloudEvents attributes and where it goes."""

    topic: str
    type: str
    key: str
    id: str
    source: str
    time: datetime
    data: Message


def encode(event: Event) -> Record:
    """The record of an event. Equal events give equal bytes."""
    headers = (
        ("ce_specversion", SPEC_VERSION),
        ("ce_id", event.id),
        ("ce_source", event.source),
        ("ce_type", event.type),
        ("ce_time", event.time.isoformat().replace("+00:00", "Z")),
        ("ce_subject", event.key),
        ("ce_dataschema", schema_urn(event.type)),
        ("content-type", CONTENT_TYPE),
    )
    value = event.data.model_dump_json().encode()
    return Record(event.topic, event.key.encode(), value, tuple((name, text.encode()) for name, text in headers))


def decode(delivery: Delivery) -> Event:
    """The event of a delivery. Raises `Rejected` if it is not one of geowire's."""
    headers = header_texts(delivery.record.headers)
    model = MODELS.get(headers.get("ce_type", ""))
    if model is None:
        raise Rejected("unknown-type", f"header ce_type is {headers.get('ce_type')!r}; known are {', '.join(MODELS)}")
    _check_versions(headers)
    if delivery.record.value is None:
        raise Rejected("no-value", "the record is a tombstone")
    try:
        data = model.model_validate_json(delivery.record.value)
        time = datetime.fromisoformat(headers["ce_time"])
    except ValidationError as error:
        raise Rejected("malformed", first_problem(error)) from error
    except (KeyError, ValueError) as error:
        raise Rejected("malformed", "header ce_time: write an RFC 3339 time") from error
    key = delivery.record.key.decode("utf-8", "replace")
    topic = delivery.record.topic
    return Event(topic, headers["ce_type"], key, headers.get("ce_id", ""), headers.get("ce_source", ""), time, data)


def _check_versions(headers: Mapping[str, str]) -> None:
    """Raise `Rejected` for another major version than ours; a newer minor one only adds what is passed over."""
    spec = headers.get("ce_specversion", SPEC_VERSION)
    if spec.partition(".")[0] != SPEC_VERSION.partition(".")[0]:
        raise Rejected("unknown-specversion", f"header ce_specversion is {spec!r}; this version reads {SPEC_VERSION}")
    wanted = schema_urn(headers["ce_type"])
    schema = headers.get("ce_dataschema", wanted)
    if schema != wanted and not schema.startswith(f"{wanted}."):
        raise Rejected("unknown-schema", f"header ce_dataschema is {schema!r}; this version reads {wanted}")


def header_texts(headers: Headers) -> dict[str, str]:
    """Headers as text; of a repeated one the last counts."""
    return {name: value.decode("utf-8", "replace") for name, value in headers}


def schema_urn(ce_type: str) -> str:
    """Stable name of the schema that the data follows."""
    return f"urn:geowire:schema:{MODELS[ce_type].__name__}:v1"


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, as `field: what`."""
    problem = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(step) for step in problem["loc"]) or "data"
    return f"{place}: {problem['msg']}"


def article_event(article: Article) -> Event:
    """Version 1 is published, each later one is an update."""
    name = "geowire.article.published" if article.version == 1 else "geowire.article.updated"
    identity = f"{article.id}:{article.version}"
    return Event(ARTICLES.name, name, article.id, identity, "geowire/ingest", article.fetched_at, article)


def withdrawal_event(withdrawn: ArticleWithdrawn) -> Event:
    """The article must go."""
    identity = f"{withdrawn.id}:{withdrawn.version}"
    name = "geowire.article.withdrawn"
    return Event(ARTICLES.name, name, withdrawn.id, identity, "geowire/ingest", withdrawn.withdrawn_at, withdrawn)


def tagged_event(tagged: Tagged) -> Event:
    """An article, tagged; its time is the article's, so that tagging again gives the same bytes."""
    identity = f"{tagged.id}:{tagged.version}:{tagged.model}"
    return Event(TAGGED.name, "geowire.article.tagged", tagged.id, identity, "geowire/tag", tagged.fetched_at, tagged)


def withdrawal_passed_on(withdrawn: ArticleWithdrawn, model: str) -> Event:
    """A withdrawal for those who read only what is tagged."""
    identity = f"{withdrawn.id}:{withdrawn.version}:{model}"
    name = "geowire.article.withdrawn"
    return Event(TAGGED.name, name, withdrawn.id, identity, "geowire/tag", withdrawn.withdrawn_at, withdrawn)


def story_event(story: Story, time: datetime) -> Event:
    """A story that starts or grows, at the time of the event that caused it."""
    name = "geowire.story.started" if story.version == 1 else "geowire.story.updated"
    return Event(STORIES.name, name, story.id, f"{story.id}:{story.version}", "geowire/relate", time, story)


def merged_event(merged: StoryMerged) -> Event:
    """A story that ends in another."""
    identity = f"{merged.from_}:{merged.version}"
    name = "geowire.story.merged"
    return Event(STORIES.name, name, merged.from_, identity, "geowire/relate", merged.merged_at, merged)


def flagged_event(flagged: Flagged) -> Event:
    """A watch that fired, or takes a flag back."""
    name = "geowire.flag.raised" if flagged.retracts is None else "geowire.flag.retracted"
    return Event(FLAGGED.name, name, flagged.story_id, flag_id(flagged), "geowire/flag", flagged.flagged_at, flagged)


def flag_id(flagged: Flagged) -> str:
    """SHA-256 (32 hex digits) over watch, story, reason and what it retracts: a watch fires once for one reason."""
    parts = (flagged.watch, flagged.story_id, flagged.reason.kind, flagged.reason.value, flagged.retracts or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def feed_event(polled: FeedPolled) -> Event:
    """How a poll ended."""
    identity = f"{polled.id}:{polled.polled_at.isoformat()}"
    return Event(FEEDS.name, "geowire.feed.polled", polled.id, identity, "geowire/ingest", polled.polled_at, polled)


def ingest_failure_event(failure: IngestFailure) -> Event:
    """What ingest could not turn into a message."""
    parts = (failure.stage, failure.url, failure.reason, failure.sha256 or "", failure.failed_at.isoformat())
    identity = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    name = "geowire.ingest.failed"
    return Event(DEADLETTERS.name, name, failure.url, identity, "geowire/ingest", failure.failed_at, failure)
