"""Everything that the sites of the sample web answer, ready to be sent: one document for each path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cli.sample_web.addresses import CATALOGUE_PATH, OPML_PATH, Addresses
from cli.sample_web.feeds import catalogue_document, feed_document, last_change, opml_document
from cli.sample_web.model import Publisher, SampleArticle, SampleFeed
from cli.sample_web.render import FEED_TYPES, amp_path, render_article, render_front, render_notice


@dataclass(frozen=True)
class Document:
    """One answer of a site, with its validators."""

    body: bytes
    content_type: str
    modified: datetime
    status: int = 200

    @cached_property
    def etag(self) -> str:
        """A strong validator of the body, without quotes."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def site_documents(publisher: Publisher, addresses: Addresses) -> dict[str, Document]:
    """All documents of the publisher's site by path."""
    articles = addresses.web.articles_of(publisher)
    documents = {feed.path: _feed(publisher, feed, addresses) for feed in publisher.feeds}
    documents |= {article.path: _page(article, publisher, addresses) for article in articles}
    if publisher.amp:
        documents |= {amp_path(article.path): documents[article.path] for article in articles}
    newest = last_change(articles)
    front = _encoded(render_front(publisher, addresses), publisher)
    documents["/"] = Document(front, _html(publisher.encoding), newest)
    documents["/robots.txt"] = Document(publisher.robots.encode(), "text/plain; charset=utf-8", newest)
    if publisher == addresses.web.publishers[0]:
        documents[OPML_PATH] = Document(opml_document(addresses), "text/x-opml; charset=utf-8", newest)
        documents[CATALOGUE_PATH] = Document(catalogue_document(addresses), "application/yaml", newest)
    return documents


def missing_document(publisher: Publisher, addresses: Addresses) -> Document:
    """What the site answers where it has nothing."""
    body = _encoded(render_notice("missing.html", publisher, addresses), publisher)
    modified = last_change(addresses.web.articles_of(publisher))
    return Document(body, _html(publisher.encoding), modified, status=404)


def _feed(publisher: Publisher, feed: SampleFeed, addresses: Addresses) -> Document:
    modified = last_change(addresses.web.articles_in(publisher, feed))
    content_type = f"{FEED_TYPES[feed.format]}; charset=utf-8"
    return Document(feed_document(publisher, feed, addresses), content_type, modified)


def _page(article: SampleArticle, publisher: Publisher, addresses: Addresses) -> Document:
    if article.quirks.page == "missing":
        return missing_document(publisher, addresses)
    body = _encoded(render_article(article, addresses), publisher)
    charset = article.quirks.header_charset or publisher.encoding
    return Document(body, _html(charset), article.updated)


def _html(charset: str) -> str:
    return f"text/html; charset={charset}"


def _encoded(page: str, publisher: Publisher) -> bytes:
    return page.encode(publisher.encoding, errors="xmlcharrefreplace")
