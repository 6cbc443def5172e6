"""A feed as it was read: plain frozen values that cross from a worker process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

CUT = "truncated-feed"
"""The problem of a document that ends too early: its entries so far are read."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed. `summary` and `content` are HTML as it came."""

    key: str
    """What the entry is remembered by within its feed."""
    guid: str
    link: str | None
    """Where the article is: absolute, never the home page; None if the feed does not say."""
    title: str = ""
    summary: str = ""
    content: str = ""
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    language: str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when the feed says something else about the entry."""
        updated = self.updated_at.isoformat() if self.updated_at else ""
        return hashlib.sha256(f"{self.title}\0{updated}\0{self.summary}".encode()).hexdigest()[:32]

    @property
    def newest_at(self) -> datetime | None:
        """The newest date that the feed gives the entry."""
        return max((moment for moment in (self.published_at, self.updated_at) if moment), default=None)

    @property
    def dated_at(self) -> datetime | None:
        """The date that the feed gives the entry."""
        return self.published_at or self.updated_at


@dataclass(frozen=True, slots=True)
class FeedHints:
    """What a feed says about when to ask it again; nobody has judged yet whether it makes sense."""

    ttl_minutes: float | None = None
    update_period: str | None = None
    """In lower case as it was written: `hourly`, `daily`, but also `always` and worse."""
    update_frequency: float | None = None
    """How many times it changes in a period."""
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day in UTC, 0 to 23."""
    skip_days: frozenset[int] = frozenset()
    """Days of the week; 0 is Monday."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document. `error` is a short slug if it is none; then there are no entries."""

    title: str | None = None
    language: str | None = None
    entries: tuple[FeedEntry, ...] = ()
    problems: Mapping[str, int] = field(default_factory=dict)
    """What was wrong with entries, counted."""
    error: str | None = None
    hints: FeedHints = FeedHints()
