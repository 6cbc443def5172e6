"""One log line for how each entry and each revisit ended, with the ids by which an article is followed."""

from __future__ import annotations

import logging

from geowire.logs import outcome_logger
from geowire.messages import Article
from ingest import outcomes
from ingest.outcomes import Outcome
from ingest.page_reading import EntryTask

VERSIONS = frozenset({outcomes.PUBLISHED, outcomes.UPDATED})


def log_version(stage: str, outcome: Outcome, article: Article) -> None:
    """A version of an article is in the outbox; the id of its event goes with it from here."""
    if outcome in VERSIONS:
        ce_id = f"{article.id}:{article.version}"
        fields = {"article_id": article.id, "feed_id": article.feed.id, "ce_id": ce_id}
        outcome_logger(stage).info("%s", outcome, extra={"stage": stage, "outcome": outcome} | fields)


def log_entry(task: EntryTask, outcome: Outcome) -> None:
    """An entry of which nothing was published; what is unchanged is told at DEBUG."""
    if outcome in VERSIONS:
        return
    article_id = task.twin or (task.known.article_id if task.known else None)
    fields: dict[str, str | None] = {
        "article_id": article_id,
        "feed_id": task.source.leased.feed.id,
        "entry_key": task.entry.key,
    }
    level = logging.DEBUG if outcome == outcomes.UNCHANGED else logging.INFO
    outcome_logger("poll").log(level, "%s", outcome, extra=fields | {"stage": "poll", "outcome": outcome})
