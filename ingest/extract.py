"""Turns a page into an article's text and facts. Runs in a worker process; no other file knows trafilatura."""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import Any

from htmldate import find_date
from trafilatura import bare_extraction, load_html
from trafilatura.metadata import examine_meta, extract_author, extract_title

from geowire.messages.article import TEXT_LIMIT, TITLE_LIMIT, BodyStatus, DateSource
from ingest.body_status import PREVIEW, choose_body, is_challenge, is_consent
from ingest.clean_text import clean_line, clean_text, cut, plain_text
from ingest.dates import parse_date
from ingest.extraction import Extraction, Page, PageFacts
from ingest.feed_entry import FeedEntry
from ingest.identity import accepted_canonical, content_hash
from ingest.json_ld import article_node, is_free, names_of, text_of
from ingest.parse_feed import short_language

NOTHING_KNOWN = FeedEntry(key="", guid="", link=None)
DECLARED_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
COMMENT_DATES = '//*[contains(@class, "comment") or contains(@id, "comment")]//time/@datetime'
MODIFIED_DATES = '//meta[@property="article:modified_time" or @property="og:updated_time"]/@content'
FEED_DOCUMENT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:rss|feed|rdf:RDF|urlset)\b", re.DOTALL)


def extract_page(page: Page, entry: FeedEntry = NOTHING_KNOWN) -> Extraction:
    """The article on the page; what its feed says already is not searched for again."""
    tree = None if FEED_DOCUMENT.match(page.body[:2_000]) else load_html(decode_page(page))
    if tree is None:
        return extract_feed_content(entry)
    facts = _page_facts(tree, page.url, entry)
    text = _body_text(tree)
    if len(text) < PREVIEW and is_challenge(clean_line(_page_title(tree)), text, page.body):
        return extract_feed_content(entry, "blocked")
    if is_consent(page.url, text):
        return extract_feed_content(entry, "consent")
    best, status = choose_body(text, _feed_text(entry), is_free=facts.is_free)
    return _extraction(best, status, facts, entry)


def extract_feed_content(entry: FeedEntry, status: BodyStatus = "feed-only") -> Extraction:
    """The article as far as its feed tells it, when the page cannot be had."""
    return _extraction(_feed_text(entry), status, PageFacts(), entry)


def decode_page(page: Page) -> str | bytes:
    """The page as text if its encoding is declared or UTF-8; otherwise the bytes, to be guessed at."""
    try:
        return page.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        in_header = HEADER_CHARSET.search(page.content_type)
        in_page = DECLARED_CHARSET.search(page.body[:4_096])
        name = in_header[1] if in_header else in_page[1].decode() if in_page else ""
    try:
        known = codecs.lookup(name).name
        return page.body.decode(WIDER.get(known, known), "replace")
    except (LookupError, UnicodeError):
        return page.body


def _body_text(tree: Any) -> str:
    document = bare_extraction(tree, include_comments=False)
    return clean_text(str(getattr(document, "text", "") or ""))


def _page_facts(tree: Any, url: str, entry: FeedEntry) -> PageFacts:
    node = article_node(script.text or "" for script in tree.iterfind('.//script[@type="application/ld+json"]'))
    return PageFacts(
        title="" if entry.title else _page_title(tree),
        authors=() if entry.authors else _page_authors(tree, node),
        published_at=None if entry.dated_at else _page_date(tree, url, node),
        modified_at=_modified(tree, node),
        language=short_language(str(tree.get("lang") or tree.get("xml:lang") or "")),
        canonical_url=accepted_canonical(_canonical(tree), url),
        is_free=is_free(node),
    )


def _page_title(tree: Any) -> str:
    return str(examine_meta(tree).title or extract_title(tree) or "")


def _page_authors(tree: Any, node: dict[str, Any]) -> tuple[str, ...]:
    """JSON-LD names them best; the search through the page is the costlier way."""
    names = names_of(node, "author")
    if not names:
        stated = str(examine_meta(tree).author or "")
        found = stated if " " in stated else str(extract_author(tree) or "")
        names = found.split(";")
    return tuple(dict.fromkeys(name for part in names if (name := clean_line(part)[:200])))[:50]


def _page_date(tree: Any, url: str, node: dict[str, Any]) -> datetime | None:
    """The page's own statement of the moment if it makes one; otherwise the day, which is costly to find."""
    stated = tree.xpath('string(//meta[@property="article:published_time"]/@content)')
    in_json_ld = parse_date(text_of(node, "datePublished"))
    return in_json_ld or parse_date(str(stated)) or _guessed_date(tree, url, text_of(node, "dateModified"))


def _guessed_date(tree: Any, url: str, modified: str) -> datetime | None:
    """A day found on the page, unless it is a bare year's first, a reader's comment's, or that of a later change."""
    try:
        found = parse_date(find_date(tree, url=url, original_date=True, extensive_search=False))
    except (ValueError, OverflowError):  # a date that no calendar has
        return None
    if found is None or (found.month, found.day) == (1, 1):
        return None
    others = [modified, *tree.xpath(COMMENT_DATES), *tree.xpath(MODIFIED_DATES)]
    days = {moment.date() for text in others if (moment := parse_date(str(text)))}
    return None if found.date() in days else found


def _modified(tree: Any, node: dict[str, Any]) -> datetime | None:
    stated = tree.xpath('string(//meta[@property="article:modified_time"]/@content)')
    return parse_date(text_of(node, "dateModified")) or parse_date(str(stated))


def _canonical(tree: Any) -> str | None:
    return next((str(href) for href in tree.xpath('//link[@rel="canonical"]/@href')), None)


def _feed_text(entry: FeedEntry) -> str:
    content, summary = plain_text(entry.content), plain_text(entry.summary)
    return max(content, summary, key=len)


def _extraction(text: str, status: BodyStatus, facts: PageFacts, entry: FeedEntry) -> Extraction:
    title = clean_line(entry.title or facts.title)[:TITLE_LIMIT]
    body, truncated = cut(text, TEXT_LIMIT)
    published_at, source = _date(facts, entry)
    return Extraction(
        title=title,
        text=body,
        text_truncated=truncated,
        body_status=status,
        content_hash=content_hash(title, body),
        authors=entry.authors or facts.authors,
        published_at=published_at,
        date_source=source,
        modified_at=facts.modified_at,
        language=facts.language or entry.language,
        canonical_url=facts.canonical_url,
    )


def _date(facts: PageFacts, entry: FeedEntry) -> tuple[datetime | None, DateSource | None]:
    choices: tuple[tuple[datetime | None, DateSource], ...] = (
        (entry.published_at, "feed"),
        (entry.updated_at, "feed_updated"),
        (facts.published_at, "page"),
    )
    return next(((moment, source) for moment, source in choices if moment is not None), (None, None))
