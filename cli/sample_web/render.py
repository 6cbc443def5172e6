"""The HTML of the sample web: article pages, front pages and what stands in for a page that is not to be had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from string import Template
from typing import TypeVar

from cli.sample_web.addresses import Addresses
from cli.sample_web.markup import to_html
from cli.sample_web.model import FeedFormat, Publisher, SampleArticle

T = TypeVar("T")

FEED_TYPES: dict[FeedFormat, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
}
ITEM_TYPES = {"live": "LiveBlogPosting", "opinion": "OpinionNewsArticle"}
RELATED_COUNT = 3


def render_article(article: SampleArticle, addresses: Addresses) -> str:
    """The page that answers at the article's address; of a consent page, the question it asks instead."""
    publisher = addresses.web.publisher(article.publisher)
    if article.quirks.page == "consent":
        return render_notice("consent.html", publisher, addresses)
    values = _site_values(publisher, addresses) | _article_values(article, publisher, addresses)
    values |= _box_values(article, publisher, addresses)
    values["body"] = _body(article, publisher, addresses, values)
    return _filled(addresses.web.templates[publisher.page.template], values)


def render_notice(template: str, publisher: Publisher, addresses: Addresses) -> str:
    """A page of the site that carries no article, such as consent.html or missing.html."""
    return _filled(addresses.web.templates[template], _site_values(publisher, addresses))


def render_front(publisher: Publisher, addresses: Addresses) -> str:
    """The front page: links to all articles of the publisher."""
    articles = addresses.web.articles_of(publisher)
    headlines = _headlines(publisher, _links(articles, addresses))
    values = _site_values(publisher, addresses) | {"language": publisher.language, "related": headlines}
    return _filled(addresses.web.templates["front.html"], values)


def plain_body(article: SampleArticle, addresses: Addresses) -> str:
    """The article's paragraphs as the HTML that a feed carries."""
    return "\n".join(f"<p>{to_html(paragraph, addresses.article_named)}</p>" for paragraph in article.marked)


def _filled(template: str, values: dict[str, str]) -> str:
    return Template(template).substitute(values)


def _site_values(publisher: Publisher, addresses: Addresses) -> dict[str, str]:
    home = addresses.home(publisher)
    return {
        "site": escape(publisher.name),
        "home": home,
        "charset": publisher.encoding,
        "nav": "\n".join(f'<a href="{home}#{name}">{name}</a>' for name in map(escape, publisher.page.navigation)),
        "feed_links": _feed_links(publisher, addresses),
        "year": str(max(article.published.year for article in addresses.web.articles)),
    }


def _feed_links(publisher: Publisher, addresses: Addresses) -> str:
    return "\n".join(
        f'<link rel="alternate" type="{FEED_TYPES[feed.format]}" title="{escape(feed.title)}" '
        f'href="{addresses.feed(publisher, feed)}">'
        for feed in publisher.feeds
    )


def _article_values(article: SampleArticle, publisher: Publisher, addresses: Addresses) -> dict[str, str]:
    url = addresses.article(article)
    texts = {
        "title": article.title,
        "description": article.summary,
        "byline": article.byline,
        "section": article.section,
        "language": article.language,
        "published": article.published.strftime(publisher.page.date),
        "published_iso": article.published.isoformat(),
        "updated_iso": article.updated.isoformat(),
        "item_type": _item_type(article),
        "url": url,
        "amp_url": amp_path(url),
    }
    return {name: escape(text) for name, text in texts.items()} | {"json_ld": _json_ld(article, publisher, url)}


def _item_type(article: SampleArticle) -> str:
    return ITEM_TYPES.get(article.kind, "NewsArticle")


def amp_path(address: str) -> str:
    """Where the AMP twin of a page is."""
    return f"{address}.amp"


def _json_ld(article: SampleArticle, publisher: Publisher, url: str) -> str:
    facts = {
        "@context": "https://schema.org",
        "@type": _item_type(article),
        "mainEntityOfPage": url,
        "headline": article.title,
        "datePublished": article.published.isoformat(),
        "dateModified": article.updated.isoformat(),
        "inLanguage": article.language,
        "author": {"@type": "Organization", "name": article.byline},
        "publisher": {"@type": "NewsMediaOrganization", "name": publisher.name},
        "isAccessibleForFree": article.quirks.page != "paywall",
    }
    return json.dumps(facts, ensure_ascii=False).replace("</", "<\\/")


def _box_values(article: SampleArticle, publisher: Publisher, addresses: Addresses) -> dict[str, str]:
    own = addresses.web.articles_of(publisher)
    place = own.index(article)
    others = _links([other for other in own if other != article], addresses)
    page, home = publisher.page, addresses.home(publisher)
    tail = [*page.fixed, *_rotated(page.rotating, place, RELATED_COUNT)]
    href, text = others[place % len(others)]
    return {
        "related": _headlines(publisher, _rotated(others, place, RELATED_COUNT)),
        "tail": _headlines(publisher, [(home, headline) for headline in tail], "tail"),
        "read_more": f'<a href="{escape(href)}">{escape(text)}</a>',
        "caption": escape(page.captions[place % len(page.captions)]),
        "paywall": page.markup["paywall"] if article.quirks.page == "paywall" else "",
    }


def _links(articles: Iterable[SampleArticle], addresses: Addresses) -> list[tuple[str, str]]:
    return [(addresses.article(article), article.title) for article in articles]


def _rotated(items: Sequence[T], start: int, count: int) -> list[T]:
    return [items[(start + offset) % len(items)] for offset in range(min(count, len(items)))]


def _headlines(publisher: Publisher, links: Iterable[tuple[str, str]], markup: str = "headline") -> str:
    line = publisher.page.markup.get(markup, publisher.page.markup["headline"])
    return "\n".join(_filled(line, {"href": escape(href), "text": escape(text)}) for href, text in links)


def _body(article: SampleArticle, publisher: Publisher, addresses: Addresses, values: dict[str, str]) -> str:
    boxes = {insert.after: _filled(insert.html, values) for insert in publisher.page.inserts}
    lines: list[str] = []
    for number, marked in enumerate(article.marked, start=1):
        text = to_html(marked, addresses.article_named)
        lines += [_paragraph(article, publisher, number, text), boxes.get(number, "")]
    return "\n".join(line for line in lines if line)


def _paragraph(article: SampleArticle, publisher: Publisher, number: int, text: str) -> str:
    markup = publisher.page.markup
    if not article.quirks.times:
        return _filled(markup["paragraph"], {"text": text})
    time = article.quirks.times[number - 1]
    return _filled(markup["live_entry"], {"text": text, "number": str(number), "time": time})
