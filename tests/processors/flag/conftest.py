"""Story updates and watches made for the tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geowire.messages import AddedArticle, Story
from processors.flag import FlagStage, Watch

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def build_aid(action: str = "pledged", donor: str = "US", recipient: str = "UA", **fields: Any) -> dict[str, Any]:
    """An act of military aid with its quote."""
    quote = f"{donor} {action} arms for {recipient}"
    evidence = [{"field": "text", "start": 0, "end": len(quote), "quote": quote}]
    return {"action": action, "donor": donor, "recipient": recipient, "evidence": evidence} | fields


def build_added(article_id: str, rule: str = "joined", **fields: Any) -> AddedArticle:
    """A member that a story update adds."""
    values: dict[str, Any] = {
        "article_id": article_id,
        "version": 1,
        "url": f"https://{article_id}.example/",
        "title": f"Title of {article_id}",
        "publisher": {"id": f"publisher-of-{article_id}", "name": "The Courier"},
        "language": "en",
        "published_at": NOON,
        "why": {"rule": rule, "model": "relate-1 tag-1"},
    }
    return AddedArticle.model_validate(values | fields)


def build_story(version: int, *added: AddedArticle, story_id: str = "story", **fields: Any) -> Story:
    """A story update."""
    values: dict[str, Any] = {
        "id": story_id,
        "version": version,
        "headline": "Headline of the story",
        "article_count": version,
        "publisher_count": 2,
        "first_seen": NOON,
        "last_seen": NOON + timedelta(hours=version),
        "added": added,
    }
    return Story.model_validate(values | fields)


def build_watch(**fields: Any) -> Watch:
    """A watch on every act of military aid to Ukraine, unless other conditions are given."""
    values: dict[str, Any] = {"id": "aid", "title": "Military aid"}
    default = {"all": [{"aid": {"recipient": "UA"}}], "again_on": "aid"}
    return Watch.model_validate(values | (fields if fields.keys() & {"all", "any", "not"} else default | fields))


@pytest.fixture(scope="session")
def aid() -> Callable[..., dict[str, Any]]:
    """Builds an act of military aid."""
    return build_aid


@pytest.fixture(scope="session")
def added() -> Callable[..., AddedArticle]:
    """Builds a member that a story update adds."""
    return build_added


@pytest.fixture(scope="session")
def story() -> Callable[..., Story]:
    """Builds a story update."""
    return build_story


@pytest.fixture(scope="session")
def watch() -> Callable[..., Watch]:
    """Builds a watch."""
    return build_watch


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database, as the consumer loop opens it."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


@pytest.fixture
def stage(connection: sqlite3.Connection) -> FlagStage:
    """A stage with one watch on military aid to Ukraine."""
    made = FlagStage([build_watch()])
    made.create_tables(connection)
    made.load(connection)
    return made
