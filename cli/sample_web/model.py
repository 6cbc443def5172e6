"""What the sample web is made of: publishers with their feeds, and articles with their quirks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

from cli.sample_web.markup import plain_text

Kind = Literal["article", "live", "opinion", "roundup"]
FeedFormat = Literal["rss", "atom", "rdf"]
PageState = Literal["full", "paywall", "consent", "missing"]

SUMMARY_LENGTH = 220


@dataclass(frozen=True)
class SampleFeed:
    """One feed of a publisher: where it is and how it writes its entries."""

    path: str
    title: str
    format: FeedFormat
    body: Literal["summary", "full"] = "summary"
    guid: Literal["permalink", "opaque"] = "permalink"
    links: Literal["absolute", "relative"] = "absolute"
    #: The query that the publisher hangs on its links, as "utm_source=rss".
    tracking: str = ""
    #: Slugs of the articles carried; empty means all of the publisher's.
    articles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Insert:
    """A box that stands in the body of every article, after the paragraph of that number."""

    after: int
    html: str


@dataclass(frozen=True)
class PageStyle:
    """How the pages of a publisher look, and what they repeat on each page."""

    template: str
    date: str
    markup: Mapping[str, str]
    inserts: tuple[Insert, ...]
    captions: tuple[str, ...]
    navigation: tuple[str, ...]
    #: Headlines in the tail of every page.
    fixed: tuple[str, ...]
    #: Headlines of which each page's tail shows some.
    rotating: tuple[str, ...]


@dataclass(frozen=True)
class Publisher:
    """An invented newspaper or agency; `family` is the house that owns it."""

    id: str
    name: str
    country: str
    language: str
    family: str
    path: str
    robots: str
    feeds: tuple[SampleFeed, ...]
    page: PageStyle
    encoding: str = "utf-8"
    amp: bool = False


@dataclass(frozen=True)
class Quirks:
    """What is odd about the way an article is served."""

    page: PageState = "full"
    #: The charset that the Content-Type header claims, if it is wrong.
    header_charset: str | None = None
    #: The feed entry has no date.
    undated: bool = False
    #: The times of a live page's entries, one for each paragraph.
    times: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """The later text of an article."""

    published: datetime
    title: str | None
    marked: tuple[str, ...]


@dataclass(frozen=True)
class SampleArticle:
    """One article of the sample web, and what extraction should make of it."""

    publisher: str
    slug: str
    path: str
    title: str
    published: datetime
    updated: datetime
    kind: Kind
    section: str
    byline: str
    language: str
    #: The slug of the running story it belongs to.
    story: str | None
    #: The id of the wire article it repeats.
    copy_of: str | None
    #: The paragraphs with their inline marks.
    marked: tuple[str, ...]
    #: The summary that the publisher wrote, if it is not the beginning of the text.
    written_summary: str | None
    quirks: Quirks
    correction: Correction | None

    @property
    def id(self) -> str:
        """The name by which other articles refer to it: publisher/slug."""
        return f"{self.publisher}/{self.slug}"

    @cached_property
    def paragraphs(self) -> tuple[str, ...]:
        """The exact clean text of the article, as a crawler should extract it from the page."""
        return tuple(plain_text(paragraph) for paragraph in self.marked)

    @property
    def text(self) -> str:
        """The paragraphs, separated by a newline."""
        return "\n".join(self.paragraphs)

    @property
    def summary(self) -> str:
        """What feeds and meta descriptions say about it."""
        return self.written_summary or textwrap.shorten(self.paragraphs[0], SUMMARY_LENGTH, placeholder=" …")

    @property
    def obtainable(self) -> tuple[str, ...]:
        """The paragraphs that page and feed together yield: of a missing page, only the feed's summary."""
        return (self.summary,) if self.quirks.page == "missing" else self.paragraphs

    def corrected(self) -> SampleArticle:
        """The article as it stands once its correction, if it has one, is out."""
        if self.correction is None:
            return self
        return replace(
            self,
            title=self.correction.title or self.title,
            marked=self.correction.marked,
            updated=self.correction.published,
            correction=None,
        )
