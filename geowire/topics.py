"""The topics: one row each, and the messages that each carries. Everything else about a topic follows from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

DAY_MS = 86_400_000
MEGABYTE = 1_048_588  # Kafka's own default for max.message.bytes


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the contract has it. The number of partitions is part of it: keys keep their partition for ever."""

    name: str
    key: str
    summary: str
    written_by: str
    types: tuple[tuple[str, type[Message]], ...]
    partitions: int = 12
    retention_ms: int = 14 * DAY_MS
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = MEGABYTE

    @property
    def configs(self) -> dict[str, str]:
        """The settings that the contract fixes, under Kafka's names."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


ARTICLES = Topic(
    name="geowire.articles.v1",
    key="article id",
    summary="One version of an article, or its withdrawal.",
    written_by="ingest",
    types=(
        ("geowire.article.published", Article),
        ("geowire.article.updated", Article),
        ("geowire.article.withdrawn", ArticleWithdrawn),
    ),
)
TAGGED = Topic(
    name="geowire.tagged.v1",
    key="article id",
    summary="The article with entities, countries, themes and military-aid facts; or its withdrawal.",
    written_by="tag",
    types=(("geowire.article.tagged", Tagged), ("geowire.article.withdrawn", ArticleWithdrawn)),
    max_message_bytes=4 * MEGABYTE,
)
STORIES = Topic(
    name="geowire.stories.v1",
    key="story id",
    summary="A story as it now stands, and what this update added; or its merger into an older one.",
    written_by="relate",
    types=(
        ("geowire.story.started", Story),
        ("geowire.story.updated", Story),
        ("geowire.story.merged", StoryMerged),
    ),
    retention_ms=30 * DAY_MS,
)
FLAGGED = Topic(
    name="geowire.flagged.v1",
    key="story id",
    summary="A watch fired on a story, or a flag is taken back.",
    written_by="flag",
    types=(("geowire.flag.raised", Flagged), ("geowire.flag.retracted", Flagged)),
)
FEEDS = Topic(
    name="geowire.feeds.v1",
    key="feed id",
    summary="How the last poll of a feed ended.",
    written_by="ingest",
    types=(("geowire.feed.polled", FeedPolled),),
    partitions=6,
    retention_ms=-1,
    cleanup="compact",
)
DEADLETTERS = Topic(
    name="geowire.deadletters.v1",
    key="the original key",
    summary="What a stage could not process: the original bytes, the facts in dlq.* headers; or a failure of ingest.",
    written_by="every stage",
    types=(("geowire.ingest.failed", IngestFailure),),
    partitions=3,
    retention_ms=30 * DAY_MS,
    max_message_bytes=4 * MEGABYTE + 65_536,  # the largest original, and the facts about it
)

TOPICS = (ARTICLES, TAGGED, STORIES, FLAGGED, FEEDS, DEADLETTERS)

MODELS: dict[str, type[Message]] = {name: model for topic in TOPICS for name, model in topic.types}
"""The model of each `ce_type`."""
