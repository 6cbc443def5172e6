"""How old an article is when what follows from it stands on a topic. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from geowire.topics import ARTICLES
from geowire.turn import Origin, Turn, origins, origins_by_article

Since = Literal["published", "fetched"]


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds from a moment of an article to a topic; never negative."""

    topic: str
    since: Since
    seconds: float


def delays(turn: Turn) -> Iterator[Delay]:
    """The delays of a batch's answers, and of the articles that it took in: ingest has no process to measure them."""
    yield from _of_articles(turn)
    known = origins_by_article(turn)
    for answer in turn.answers:
        for origin in origins(answer):
            yield from _delays(answer.topic, known.get(origin.article_id, origin), turn.finished_at)


def _of_articles(turn: Turn) -> Iterator[Delay]:
    """Articles were on their topic when the bus took them."""
    stood = {d.record.key.decode("utf-8", "replace"): d.timestamp_ms / 1000 for d in turn.batch}
    for event in turn.taken:
        if event.topic == ARTICLES.name:
            for origin in origins(event):
                yield from _delays(event.topic, origin, stood.get(event.key, turn.finished_at))


def _delays(topic: str, origin: Origin, at: float) -> Iterator[Delay]:
    moments: tuple[tuple[Since, datetime | None], ...] = (
        ("published", origin.published_at),
        ("fetched", origin.fetched_at),
    )
    for since, moment in moments:
        if moment is not None:
            yield Delay(topic, since, max(0.0, at - moment.timestamp()))
