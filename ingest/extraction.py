"""A page before and after extraction: plain frozen values that cross to and from a worker process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from geowire.messages.article import BodyStatus, DateSource, Form
from ingest.blocks import Block


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was fetched."""

    url: str
    """Where it was read, after redirects."""
    body: bytes = field(repr=False)
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says about itself, apart from its text."""

    title: str = ""
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    modified_at: datetime | None = None
    language: str | None = None
    canonical_url: str | None = None
    is_free: bool = True
    """False if the page says that its article is for subscribers."""
    form: Form = "article"


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text, and how it came about."""

    text: str = ""
    seen: tuple[Block, ...] = ()
    """Every block before any was taken away."""
    hashes: tuple[int, ...] = ()
    removed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is known of an article once its page, its feed, or both were read."""

    title: str
    text: str
    text_truncated: bool
    body_status: BodyStatus
    content_hash: str
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    date_source: DateSource | None = None
    modified_at: datetime | None = None
    """When the page says that it was last changed."""
    language: str | None = None
    canonical_url: str | None = None
    form: Form = "article"
    page_title: str = ""
    """The headline as the page itself writes it."""
    blocks: tuple[int, ...] = ()
    """Hashes of the page's blocks before any was taken away, for the memory of its site."""
    removed: tuple[tuple[str, int], ...] = ()
    """How many characters each rule took away."""

    @property
    def newest_at(self) -> datetime | None:
        """The newest date that is known of it."""
        return max((moment for moment in (self.published_at, self.modified_at) if moment), default=None)
