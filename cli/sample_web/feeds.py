"""The feeds of the sample web in their three formats, and the OPML list of them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

import yaml

from cli.sample_web.addresses import Addresses
from cli.sample_web.model import Publisher, SampleArticle, SampleFeed
from cli.sample_web.render import plain_body

RSS_NAMESPACES = {
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:atom": "http://www.w3.org/2005/Atom",
}
RDF_NAMESPACES = {
    "xmlns": "http://purl.org/rss/1.0/",
    "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
}


def feed_document(publisher: Publisher, feed: SampleFeed, addresses: Addresses) -> bytes:
    """The feed as it is served now."""
    write = {"rss": _rss, "atom": _atom, "rdf": _rdf}[feed.format]
    return _serialised(write(publisher, feed, addresses))


def catalogue_document(addresses: Addresses) -> bytes:
    """All feeds with their publishers, as geowire's own YAML form has them."""
    feeds = [
        {
            "url": addresses.feed(publisher, feed),
            "title": feed.title,
            "language": publisher.language,
            "publisher": {
                "id": publisher.id,
                "name": publisher.name,
                "country": publisher.country,
                "family": publisher.family,
            },
        }
        for publisher in addresses.web.publishers
        for feed in publisher.feeds
    ]
    return yaml.safe_dump({"feeds": feeds}, allow_unicode=True, sort_keys=False).encode()


def opml_document(addresses: Addresses) -> bytes:
    """The OPML list of all feeds of all publishers."""
    root = ET.Element("opml", version="2.0")
    _add(_add(root, "head"), "title", "Sample web")
    body = _add(root, "body")
    for publisher in addresses.web.publishers:
        for feed in publisher.feeds:
            outline = {"text": feed.title, "title": feed.title, "type": "rss", "language": publisher.language}
            links = {"xmlUrl": addresses.feed(publisher, feed), "htmlUrl": addresses.home(publisher)}
            ET.SubElement(body, "outline", outline | links)
    return _serialised(root)


def last_change(articles: Sequence[SampleArticle]) -> datetime:
    """When the newest article, or the newest correction, came out."""
    return max(article.updated for article in articles)


def _rss(publisher: Publisher, feed: SampleFeed, addresses: Addresses) -> ET.Element:
    articles = addresses.web.articles_in(publisher, feed)
    root = ET.Element("rss", {"version": "2.0"} | RSS_NAMESPACES)
    channel = _add(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", addresses.home(publisher))
    _add(channel, "description", f"News of {publisher.name}")
    _add(channel, "language", publisher.language)
    _add(channel, "lastBuildDate", format_datetime(last_change(articles)))
    ET.SubElement(channel, "atom:link", rel="self", href=addresses.feed(publisher, feed))
    for article in articles:
        _rss_item(channel, feed, article, addresses)
    return root


def _rss_item(channel: ET.Element, feed: SampleFeed, article: SampleArticle, addresses: Addresses) -> None:
    item = _add(channel, "item")
    _add(item, "title", article.title)
    _add(item, "link", _link(feed, article, addresses))
    opaque = feed.guid == "opaque"
    guid = _add(item, "guid", _opaque_id(article) if opaque else addresses.article(article))
    guid.set("isPermaLink", "false" if opaque else "true")
    if not article.quirks.undated:
        _add(item, "pubDate", format_datetime(article.published))
    _add(item, "dc:creator", article.byline)
    _add(item, "category", article.section)
    _add(item, "description", article.summary)
    if feed.body == "full":
        _add(item, "content:encoded", plain_body(article, addresses))


def _atom(publisher: Publisher, feed: SampleFeed, addresses: Addresses) -> ET.Element:
    articles = addresses.web.articles_in(publisher, feed)
    root = ET.Element("feed", {"xmlns": RSS_NAMESPACES["xmlns:atom"], "xml:lang": publisher.language})
    _add(root, "title", feed.title)
    _add(root, "id", addresses.feed(publisher, feed))
    _add(root, "updated", last_change(articles).isoformat())
    _add(_add(root, "author"), "name", publisher.name)
    ET.SubElement(root, "link", rel="self", href=addresses.feed(publisher, feed))
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=addresses.home(publisher))
    for article in articles:
        _atom_entry(root, feed, article, addresses)
    return root


def _atom_entry(root: ET.Element, feed: SampleFeed, article: SampleArticle, addresses: Addresses) -> None:
    entry = _add(root, "entry")
    _add(entry, "title", article.title)
    _add(entry, "id", _opaque_id(article))
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=_link(feed, article, addresses))
    if not article.quirks.undated:
        _add(entry, "published", article.published.isoformat())
        _add(entry, "updated", article.updated.isoformat())
    _add(_add(entry, "author"), "name", article.byline)
    ET.SubElement(entry, "category", term=article.section)
    _add(entry, "summary", article.summary)
    if feed.body == "full":
        _add(entry, "content", plain_body(article, addresses)).set("type", "html")


def _rdf(publisher: Publisher, feed: SampleFeed, addresses: Addresses) -> ET.Element:
    articles = addresses.web.articles_in(publisher, feed)
    root = ET.Element("rdf:RDF", RDF_NAMESPACES)
    channel = ET.SubElement(root, "channel", {"rdf:about": addresses.feed(publisher, feed)})
    _add(channel, "title", feed.title)
    _add(channel, "link", addresses.home(publisher))
    _add(channel, "description", f"News of {publisher.name}")
    sequence = _add(_add(channel, "items"), "rdf:Seq")
    for article in articles:
        ET.SubElement(sequence, "rdf:li", {"rdf:resource": _link(feed, article, addresses)})
        _rdf_item(root, feed, article, addresses)
    return root


def _rdf_item(root: ET.Element, feed: SampleFeed, article: SampleArticle, addresses: Addresses) -> None:
    item = ET.SubElement(root, "item", {"rdf:about": addresses.article(article)})
    _add(item, "title", article.title)
    _add(item, "link", _link(feed, article, addresses))
    _add(item, "description", article.summary)
    _add(item, "dc:creator", article.byline)
    if not article.quirks.undated:
        _add(item, "dc:date", article.published.isoformat())


def _link(feed: SampleFeed, article: SampleArticle, addresses: Addresses) -> str:
    address = article.path if feed.links == "relative" else addresses.article(article)
    return f"{address}?{feed.tracking}" if feed.tracking else address


def _opaque_id(article: SampleArticle) -> str:
    return f"tag:{article.publisher}.example,{article.published:%Y-%m-%d}:{article.slug}"


def _add(parent: ET.Element, tag: str, text: str | None = None) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = text
    return child


def _serialised(root: ET.Element) -> bytes:
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
