"""`geowire.flagged.v1`: a watch fired on a story, or a flag is taken back."""

from __future__ import annotations

from pydantic import Field

from geowire.messages.article import ShortText, Title
from geowire.messages.base import Count, Message, Url, UtcTime
from geowire.messages.tagged import Evidence


class Reason(Message):
    """What made the watch fire: a kind and what is new of that kind."""

    kind: str = Field(max_length=50)
    """`theme`, `aid`, `amount`, `country`, `entity`, `publisher`, `language`, `words` or `pace`."""
    value: ShortText
    """What is new, in one line, such as `pledged US -> UA`."""


class FlagEvidence(Evidence):
    """Evidence with its source, so that a reader need not look up the story."""

    article_id: str
    """Whose words they are."""
    url: Url
    """Where to read them."""
    publisher: str | None = Field(default=None, max_length=200)
    """Name of the publisher."""


class Flagged(Message):
    """One watch fired: `geowire.flag.raised`; or took a flag back: `geowire.flag.retracted`."""

    watch: str = Field(max_length=100)
    """The watch's id."""
    story_id: str
    """The story it fired on."""
    article_id: str | None = None
    """The member that made it fire."""
    url: Url | None = None
    """Where to read that member."""
    headline: Title
    """The story's headline at that moment."""
    reason: Reason
    """What is new."""
    evidence: tuple[FlagEvidence, ...] = Field(default=(), max_length=10)
    """The words that it rests on."""
    publisher_count: Count = 0
    """Independent publishers that tell the story."""
    flagged_at: UtcTime
    """Time of the member that made it fire."""
    retracts: str | None = None
    """`ce_id` of the flag that this one takes back."""
