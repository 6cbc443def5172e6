"""Tagged articles made for the tests: a few events of our own, told by different publishers."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geowire.messages import Tagged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

TEXTS = {
    "harbour": (
        "Drones hit the harbour of Veldoran overnight and set two fuel depots on fire, the port captain said.",
        "Fire crews fought the burning fuel depots in Veldoran until dawn while tankers left the harbour.",
        "Owners of tankers in Veldoran asked for escorts after the drones struck the fuel depots in the harbour.",
    ),
    "vote": (
        "Parliament in Korrin rejected the pension reform by three votes and the finance minister offered to resign.",
        "The finance minister of Korrin stays for now although parliament rejected the pension reform.",
        "Unions in Korrin celebrated after deputies in parliament voted the pension reform down.",
    ),
    "quake": (
        "An earthquake of magnitude six shook the Tamaset valley and brought down houses in nine villages.",
        "Rescuers dug through collapsed houses in the Tamaset valley after the earthquake that hit nine villages.",
        "Tents and water reached villages in the Tamaset valley where the earthquake brought down houses.",
    ),
    "orchestra": (
        "The Lindholm orchestra named a conductor of twenty-six, its youngest ever, for the coming season.",
        "A conductor of twenty-six will lead the Lindholm orchestra, whose players chose her by vote.",
        "Players of the Lindholm orchestra praised the young conductor who takes over next season.",
    ),
}
"""Events and how three publishers tell each."""


def build_article(article_id: str, title: str, text: str, hours: float = 0, **fields: Any) -> Tagged:
    """A tagged article, some hours after noon of the first day."""
    moment = NOON + timedelta(hours=hours)
    url = f"https://{article_id}.example/"
    values: dict[str, Any] = {
        "id": article_id,
        "version": 1,
        "url": url,
        "title": title,
        "text": text,
        "published_at": moment,
        "fetched_at": moment,
        "publisher": {"id": f"publisher-of-{article_id}"},
        "feed": {"id": "feed", "url": "https://feed.example/"},
        "body_status": "full",
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "model": "tag-1",
    }
    return Tagged.model_validate(values | fields)


def build_telling(event: str, teller: int, hours: float = 0, **fields: Any) -> Tagged:
    """How one of three publishers tells one of the events."""
    text = fields.pop("text", TEXTS[event][teller])
    title = fields.pop("title", " ".join(text.split()[:9]))
    article_id = fields.pop("article_id", f"{event}-{teller}")
    return build_article(article_id, title, text, hours, **fields)


@pytest.fixture(scope="session")
def article() -> Callable[..., Tagged]:
    """Builds an article from id, title, text and hours after noon."""
    return build_article


@pytest.fixture(scope="session")
def telling() -> Callable[..., Tagged]:
    """Builds one of three tellings of one of the events."""
    return build_telling


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database, as the consumer loop opens it."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()
