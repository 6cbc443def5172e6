"""`geowire.articles.v1`: one version of an article, or its withdrawal."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from geowire.messages.base import Count, CountryCode, Message, Url, UtcTime

TEXT_LIMIT = 200_000
"""Code points of body text that a message carries at most."""

TITLE_LIMIT = 1_000
"""Code points of a title that a message carries at most."""

BodyStatus = Literal["full", "teaser", "paywalled", "consent", "feed-only", "blocked"]
"""How much of the article's body `text` is, and why."""

DateSource = Literal["feed", "feed_updated", "page", "first_seen"]
"""Where `published_at` comes from; `first_seen` is geowire's own clock at first sight."""

Form = Literal["article", "live", "roundup", "opinion"]
"""What kind of text it is."""

ShortText = Annotated[str, StringConstraints(max_length=500)]
Title = Annotated[str, StringConstraints(max_length=TITLE_LIMIT)]


class Publisher(Message):
    """Who publishes the article."""

    id: str = Field(max_length=200)
    """Stable id: the catalogue's, otherwise the registered domain."""
    name: str | None = Field(default=None, max_length=200)
    """As readers know it."""
    country: CountryCode | None = None
    """Where it is based."""
    family: str | None = Field(default=None, max_length=200)
    """Its owner's id, so that the titles of one owner count as one voice."""


class FeedReference(Message):
    """The feed in which the article was first seen."""

    id: str = Field(max_length=200)
    """Stable id of the feed."""
    url: Url
    """Address as it stands in the catalogue."""
    title: ShortText | None = None
    """What the feed calls itself."""


class Change(Message):
    """What differs from the version before."""

    class_: Literal["correction", "numbers", "headline", "extended", "live", "other"] | None = Field(
        default=None, alias="class"
    )
    """The kind of change."""
    added: tuple[ShortText, ...] = Field(default=(), max_length=20)
    """Sentences that are new, at most 20, each cut at 500 code points."""
    removed: tuple[ShortText, ...] = Field(default=(), max_length=20)
    """Sentences that are gone, at most 20, each cut at 500 code points."""
    added_count: Count = 0
    """How many sentences are new."""
    removed_count: Count = 0
    """How many sentences are gone."""


class Policy(Message):
    """What the publisher allows."""

    robots: Literal["allowed", "disallowed"] | None = None
    """What robots.txt says of the page."""
    ai_training: Literal["allowed", "disallowed"] | None = None
    """Whether the publisher opts out of training on it."""


class Article(Message):
    """One version of an article: `geowire.article.published` or `geowire.article.updated`."""

    id: str = Field(min_length=1, max_length=64)
    """Fixed at first publication, never changed."""
    version: int = Field(ge=1)
    """1 at first publication, one more with each change of the page."""
    url: Url
    """Where the article was read: the address after redirects."""
    requested_url: Url | None = None
    """The feed's link, before redirects."""
    canonical_url: Url | None = None
    """The publisher's canonical address, if accepted: same registered domain, not the home page."""
    title: Title
    """Headline, plain text."""
    text: str = Field(max_length=TEXT_LIMIT)
    """Clean body text; paragraphs are separated by one line feed."""
    text_truncated: bool = False
    """True if `text` was cut at 200,000 code points."""
    language: str | None = Field(default=None, max_length=35)
    """BCP 47, usually two letters."""
    authors: tuple[Annotated[str, StringConstraints(max_length=200)], ...] = Field(default=(), max_length=50)
    """As given, at most 50."""
    published_at: UtcTime | None = None
    """What the publisher says; a time in the future is clamped to `fetched_at`."""
    date_source: DateSource | None = None
    """Where `published_at` comes from."""
    fetched_at: UtcTime
    """When geowire read this version."""
    publisher: Publisher
    """Who publishes it."""
    feed: FeedReference
    """Where it was first seen."""
    form: Form | None = None
    """What kind of text it is."""
    body_status: BodyStatus
    """How much of the body `text` is."""
    content_hash: str = Field(max_length=64)
    """SHA-256 (hex) over title and text: equal content, equal hash."""
    removed: dict[Annotated[str, StringConstraints(max_length=40)], Count] = Field(default_factory=dict, max_length=20)
    """How many characters of the page's text each rule took away as not the article's."""
    change: Change | None = None
    """What differs from the version before; null in version 1."""
    policy: Policy = Policy()
    """What the publisher allows."""


class ArticleWithdrawn(Message):
    """The article is gone or was taken down: `geowire.article.withdrawn`. Readers drop every lower version."""

    id: str = Field(min_length=1, max_length=64)
    """The article's id."""
    version: int = Field(ge=1)
    """One more than the last version published."""
    url: Url
    """Where the article was."""
    reason: Literal["gone", "taken-down", "forgotten"]
    """Why it must go."""
    withdrawn_at: UtcTime
    """When geowire found out."""
