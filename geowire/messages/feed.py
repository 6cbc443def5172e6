"""`geowire.feeds.v1`: how the last poll of a feed ended; and what ingest could not turn into a message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from geowire.messages.article import Publisher, ShortText
from geowire.messages.base import Count, Message, Url, UtcTime

FeedState = Literal["new", "healthy", "failing", "silent", "gone"]
"""How a feed fares."""

PollResult = Literal["changed", "not-modified", "same-bytes", "failed"]
"""How one poll of a feed ended."""


class FeedPolled(Message):
    """The last poll of a feed: `geowire.feed.polled`."""

    id: str = Field(max_length=200)
    """Stable id of the feed."""
    url: Url
    """Its address in the catalogue."""
    title: ShortText | None = None
    """What it calls itself."""
    publisher: Publisher | None = None
    """Who publishes it."""
    polled_at: UtcTime
    """When."""
    result: PollResult
    """How it ended."""
    http_status: int | None = None
    """Status of the last answer; null if there was none."""
    error: ShortText | None = None
    """What went wrong, in one line."""
    state: FeedState
    """How the feed fares."""
    since: UtcTime | None = None
    """Since when."""
    why: ShortText | None = None
    """What the state rests on, in one line."""
    entries: dict[str, Count] = Field(default_factory=dict)
    """Entries of this poll by outcome: `published`, `updated`, `unchanged`, `duplicate`, `rejected:<reason>`,
    `failed:<reason>`."""
    newest_entry_at: UtcTime | None = None
    """Date of the newest entry ever seen."""
    entries_per_day: float | None = Field(default=None, ge=0)
    """What it brings on a mean day of its week; null before a whole day was seen."""
    moved_to: Url | None = None
    """Where it is asked instead, for it has moved there for good."""
    interval_seconds: Count | None = None
    """How long until it is asked again."""
    next_poll_at: UtcTime | None = None
    """When it is due."""


class IngestFailure(Message):
    """A feed or a page that could not become a message: `geowire.ingest.failed`, on the dead letters."""

    stage: Literal["poll", "parse", "fetch", "extract", "publish"]
    """Where it failed."""
    url: Url
    """What was read."""
    feed_id: str | None = None
    """In which feed it stood."""
    reason: str = Field(max_length=100)
    """A short slug."""
    detail: ShortText | None = None
    """One line for a person."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Hash of the bytes, if any were read."""
    size: Count | None = None
    """How many bytes."""
    failed_at: UtcTime
    """When."""
