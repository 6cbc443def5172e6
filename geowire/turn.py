"""What became of one batch, and which articles it was about. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from geowire.bus import Delivery
from geowire.events import Event
from geowire.messages import Article, ArticleWithdrawn, Flagged, Story, Tagged


@dataclass(frozen=True, slots=True)
class Exchange:
    """Messages that a stage took together, and its answers to them."""

    taken: tuple[Event, ...]
    answers: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch that is published and committed. `finished_at` is Unix time."""

    batch: tuple[Delivery, ...]
    exchanges: tuple[Exchange, ...]
    seconds: float
    finished_at: float

    @property
    def taken(self) -> Iterator[Event]:
        """The messages that were answered, in order; dead letters are not among them."""
        return (event for exchange in self.exchanges for event in exchange.taken)

    @property
    def answers(self) -> Iterator[Event]:
        """The answers, in order."""
        return (event for exchange in self.exchanges for event in exchange.answers)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an article in a message comes from, as far as the message says."""

    article_id: str
    published_at: datetime | None = None
    fetched_at: datetime | None = None
    feed_id: str | None = None


def origins(event: Event) -> list[Origin]:
    """The articles that a message is about."""
    match event.data:
        case Article() | Tagged() as article:
            return [Origin(article.id, article.published_at, article.fetched_at, article.feed.id)]
        case ArticleWithdrawn() as withdrawn:
            return [Origin(withdrawn.id)]
        case Story() as story:  # its time is that of the article that caused it
            added = [Origin(one.article_id, one.published_at, event.time) for one in story.added]
            return added + [Origin(article_id) for article_id in story.removed]
        case Flagged() as flag:
            return [Origin(flag.article_id)] if flag.article_id else []
    return []


def origins_by_article(turn: Turn) -> dict[str, Origin]:
    """What the messages taken in say of each article; an answer may say less."""
    return {origin.article_id: origin for event in turn.taken for origin in origins(event)}
