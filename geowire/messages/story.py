"""`geowire.stories.v1`: a story as it now stands, and what this update added."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from geowire.messages.article import Form, Publisher, ShortText, Title
from geowire.messages.base import Count, Message, Score, Url, UtcTime
from geowire.messages.tagged import AID_LIMIT, Aid, ArticleCountry, Theme

ARTICLES_LIMIT = 20
"""The last articles that a story message lists."""

ADDED_LIMIT = 20
"""Articles that one update adds at most; more make another update."""

TIMELINE_LIMIT = 50
"""Entries that a timeline has at most."""

Pace = Literal["new", "burst", "steady", "fading"]
"""How fast a story grows."""


class Why(Message):
    """Why an article belongs to the story."""

    rule: Literal["started", "joined", "duplicate", "late", "replaced", "across"]
    """How it got in: it started the story, was like it, is a copy of a member, came late, replaces a version, or is
    in another language and shares ids (`across`)."""
    score: Score | None = None
    """How alike; null where nothing was compared."""
    terms: tuple[str, ...] = Field(default=(), max_length=10)
    """The heaviest terms that it shares with the story."""
    entities: tuple[str, ...] = Field(default=(), max_length=10)
    """Ids of entities that it shares with the story."""
    numbers: tuple[str, ...] = Field(default=(), max_length=10)
    """Across languages: numbers that it shares with the story, as bare digits."""
    themes: tuple[str, ...] = Field(default=(), max_length=10)
    """Across languages: themes that it shares with the story."""
    hours_apart: float | None = None
    """Hours between it and the nearest member."""
    model: str = Field(max_length=100)
    """Version of the grouping model."""


class StoryArticle(Message):
    """A member of a story, in short."""

    article_id: str
    """The article's id."""
    version: int = Field(ge=1)
    """The version held."""
    url: Url
    """Where to read it."""
    title: Title
    """Its headline."""
    publisher: Publisher
    """Who publishes it."""
    language: str | None = None
    """BCP 47."""
    published_at: UtcTime | None = None
    """What the publisher says."""
    duplicate_of: str | None = None
    """Id of the member that it is a copy of."""
    syndication_group: str | None = None
    """Id of the first member of those that are copies of one another; null where no copy is known."""


class AddedArticle(StoryArticle):
    """A member that this update added or replaced, with what it says. Once published, its membership is a fact."""

    model: str | None = Field(default=None, max_length=100)
    """Version of rules and gazetteer that tagged it."""
    form: Form | None = None
    """What kind of text it is."""
    entities: tuple[str, ...] = Field(default=(), max_length=200)
    """Ids of the entities that it mentions."""
    countries: tuple[ArticleCountry, ...] = Field(default=(), max_length=50)
    """Its countries with their roles."""
    themes: tuple[Theme, ...] = Field(default=(), max_length=20)
    """Its themes, evidence quoted."""
    aid: tuple[Aid, ...] = Field(default=(), max_length=AID_LIMIT)
    """Its military-aid facts, evidence quoted."""
    why: Why
    """Why it belongs here."""


class StoryAid(Aid):
    """One act of military aid over all members that report it."""

    publishers: Count = 0
    """Independent publishers that carry it: one per family, copies not counted."""
    disputed_by: tuple[Annotated[str, StringConstraints(max_length=200)], ...] = Field(default=(), max_length=10)
    """Publishers, or their families, that report it as denied."""
    sources: tuple[Annotated[str, StringConstraints(max_length=120)], ...] = Field(default=(), max_length=10)
    """Labels of all whom members name as saying it, `said_by` first; who denies it is not among them."""


class StoryTheme(Theme):
    """A theme over all members that treat it."""

    publishers: Count = 0
    """Independent publishers that treat it."""


class TimelineEntry(Message):
    """A moment of a story."""

    at: UtcTime
    """When."""
    headline: Title
    """What was said."""
    article_id: str
    """By which member."""


class Story(Message):
    """A story: `geowire.story.started` or `geowire.story.updated`."""

    id: str = Field(min_length=1, max_length=64)
    """Never changes; a merged story's id lives on as an alias of the older one."""
    version: int = Field(ge=1)
    """One more with each update."""
    headline: Title
    """Headline of the most central member."""
    extract: str | None = Field(default=None, max_length=2_000)
    """One paragraph of members' own sentences."""
    article_count: Count
    """Members, copies included."""
    publisher_count: Count
    """Independent publishers: one per family, copies not counted."""
    countries: tuple[ArticleCountry, ...] = Field(default=(), max_length=50)
    """Over all members, the most central first."""
    themes: tuple[StoryTheme, ...] = Field(default=(), max_length=20)
    """Over all members, the strongest first, each with its best evidence."""
    aid: tuple[StoryAid, ...] = Field(default=(), max_length=AID_LIMIT)
    """Military-aid facts over all members, those that most publishers carry first."""
    first_seen: UtcTime
    """Time of the earliest member."""
    last_seen: UtcTime
    """Time of the latest member."""
    pace: Pace | None = None
    """How fast it grows."""
    timeline: tuple[TimelineEntry, ...] = Field(default=(), max_length=TIMELINE_LIMIT)
    """The oldest first."""
    merged_from: tuple[str, ...] = Field(default=(), max_length=50)
    """Ids of stories that this one took in."""
    continues: str | None = None
    """Id of an older story that this one takes up again."""
    articles: tuple[StoryArticle, ...] = Field(default=(), max_length=ARTICLES_LIMIT)
    """The last 20 members, the newest first."""
    added: tuple[AddedArticle, ...] = Field(default=(), max_length=ADDED_LIMIT)
    """What this update added or replaced."""
    removed: tuple[str, ...] = Field(default=(), max_length=ADDED_LIMIT)
    """Ids of members that this update took out, because they were withdrawn."""


class StoryMerged(Message):
    """Two stories turned out to be one: `geowire.story.merged`, keyed by the story that ends."""

    from_: str = Field(alias="from")
    """The story that ends."""
    to: str
    """The older story, which goes on."""
    version: int = Field(ge=1)
    """One more than the last version of the story that ends."""
    reason: ShortText | None = None
    """Why."""
    merged_at: UtcTime
    """When it was decided, in the time of the articles."""
