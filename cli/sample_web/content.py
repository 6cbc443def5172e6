"""Reads the publishers and articles of the sample web from the YAML files beside this module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from cli.sample_web.model import Correction, Insert, PageStyle, Publisher, Quirks, SampleArticle, SampleFeed


@dataclass(frozen=True)
class SampleWeb:
    """All publishers, their articles (newest first) and the page templates; doubles as the gold for tests."""

    publishers: tuple[Publisher, ...]
    articles: tuple[SampleArticle, ...]
    templates: Mapping[str, str]

    def publisher(self, publisher_id: str) -> Publisher:
        """The publisher with that id; KeyError when there is none."""
        return {publisher.id: publisher for publisher in self.publishers}[publisher_id]

    def article(self, article_id: str) -> SampleArticle:
        """The article with that id (publisher/slug); KeyError when there is none."""
        return {article.id: article for article in self.articles}[article_id]

    def articles_of(self, publisher: Publisher) -> tuple[SampleArticle, ...]:
        """What the publisher has published, newest first."""
        return tuple(article for article in self.articles if article.publisher == publisher.id)

    def articles_in(self, publisher: Publisher, feed: SampleFeed) -> tuple[SampleArticle, ...]:
        """What one feed of the publisher carries, newest first."""
        own = self.articles_of(publisher)
        return tuple(article for article in own if not feed.articles or article.slug in feed.articles)

    def stories(self) -> dict[str, tuple[SampleArticle, ...]]:
        """The articles of each running story, oldest first; those of none are left out."""
        members: defaultdict[str, list[SampleArticle]] = defaultdict(list)
        for article in reversed(self.articles):
            if article.story:
                members[article.story].append(article)
        return {story: tuple(articles) for story, articles in members.items()}

    def corrected(self) -> SampleWeb:
        """The same web after all corrections are out."""
        return replace(self, articles=tuple(article.corrected() for article in self.articles))


@cache
def load_sample_web() -> SampleWeb:
    """The bundled sample web."""
    data = files("cli.sample_web") / "data"
    publishers = tuple(_publisher(raw) for raw in _read_yaml(data / "publishers.yaml"))
    folder = data / "articles"
    articles = [article for publisher in publishers for article in _articles(folder / publisher.id, publisher)]
    articles.sort(key=lambda article: article.published, reverse=True)
    templates = {file.name: file.read_text(encoding="utf-8") for file in (data / "templates").iterdir()}
    return SampleWeb(publishers, tuple(articles), templates)


def _read_yaml(file: Traversable) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _publisher(raw: dict[str, Any]) -> Publisher:
    feeds = tuple(_feed(feed) for feed in raw.pop("feeds"))
    return Publisher(feeds=feeds, page=_page_style(raw.pop("page")), **raw)


def _feed(raw: dict[str, Any]) -> SampleFeed:
    return SampleFeed(articles=tuple(raw.pop("articles", ())), **raw)


def _page_style(raw: dict[str, Any]) -> PageStyle:
    inserts = tuple(Insert(**insert) for insert in raw.pop("inserts"))
    return PageStyle(inserts=inserts, **{key: _frozen(value) for key, value in raw.items()})


def _articles(folder: Traversable, publisher: Publisher) -> list[SampleArticle]:
    found = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    return [_article(publisher, file.name.removesuffix(".yaml"), _read_yaml(file)) for file in found]


def _article(publisher: Publisher, slug: str, raw: dict[str, Any]) -> SampleArticle:
    published = datetime.fromisoformat(raw["published"])
    return SampleArticle(
        publisher=publisher.id,
        slug=slug,
        path=publisher.path.format(slug=slug, date=published),
        title=raw["title"],
        published=published,
        updated=datetime.fromisoformat(raw.get("updated", raw["published"])),
        kind=raw["kind"],
        section=raw["section"],
        byline=raw["byline"],
        language=raw.get("language", publisher.language),
        story=raw["story"],
        copy_of=raw["copy_of"],
        marked=tuple(raw["paragraphs"]),
        written_summary=raw.get("summary"),
        quirks=Quirks(**{key: _frozen(value) for key, value in raw.get("quirks", {}).items()}),
        correction=_correction(raw["correction"]) if "correction" in raw else None,
    )


def _correction(raw: dict[str, Any]) -> Correction:
    return Correction(
        published=datetime.fromisoformat(raw["published"]),
        title=raw.get("title"),
        marked=tuple(raw["paragraphs"]),
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
