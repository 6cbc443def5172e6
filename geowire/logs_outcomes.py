"""One log line for each thing that a stage made of an article, with the ids by which to follow it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from geowire.events import Event
from geowire.logs import outcome_logger
from geowire.messages import Flagged, Story, StoryMerged
from geowire.turn import Turn, origins, origins_by_article

Fields = dict[str, Any]


def turn_logger(stage: str) -> Callable[[Turn], None]:
    """Writes the lines of a stage's batches, at INFO."""
    log = outcome_logger(stage)

    def write(turn: Turn) -> None:
        if log.isEnabledFor(logging.INFO):
            for fields in outcome_lines(turn):
                log.info("%s", fields["outcome"], extra={"stage": stage} | fields)

    return write


def outcome_lines(turn: Turn) -> Iterator[Fields]:
    """A line for each article of each answer, and for each message from which nothing followed."""
    known = origins_by_article(turn)
    answered: set[str | None] = set()
    for answer in turn.answers:
        about: list[str | None] = [origin.article_id for origin in origins(answer)]
        answered.update(about)
        for article_id in about or [None]:
            feed_id = known[article_id].feed_id if article_id is not None and article_id in known else None
            yield {"outcome": "published", "article_id": article_id, "feed_id": feed_id} | answer_fields(answer)
    for event in turn.taken:
        for origin in origins(event):
            if origin.article_id not in answered:
                yield {
                    "outcome": "nothing-follows",
                    "article_id": origin.article_id,
                    "feed_id": origin.feed_id,
                    "ce_id": event.id,
                    "ce_type": event.type,
                }


def answer_fields(answer: Event) -> Fields:
    """What a line says of an answer besides its article."""
    fields: Fields = {"ce_id": answer.id, "ce_type": answer.type, "topic": answer.topic}
    match answer.data:
        case Story() | StoryMerged():
            return fields | {"story_id": answer.key}
        case Flagged() as flag:
            return fields | {"story_id": flag.story_id, "watch": flag.watch}
    return fields
