"""A feed as it was read: plain frozen values that cross from a worker process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingest.clean_text import plain_text

CUT = "truncated-feed"
"""The problem of a document that ends too early: its entries so far are read."""

HEARD = 20_000
"""Characters of a summary or content that tell whether it has changed."""


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
    fingerprint: str = field(default="", compare=False, repr=False)
    """Changes when a reader of the feed reads something else; not with its markup, which may count or date visits."""

    def __post_init__(self) -> None:
        """Work out the fingerprint where the feed is read: in a worker, for it costs time."""
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", self._fingerprint())

    def _fingerprint(self) -> str:
        updated = self.updated_at.isoformat() if self.updated_at else ""
        words = (plain_text(markup[:HEARD]) for markup in (self.title, self.summary, self.content))
        return hashlib.sha256("\0".join((updated, *words)).encode(errors="replace")).hexdigest()[:32]

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
