"""Turns a page into an article's text and facts. Runs in a worker process; no other file knows trafilatura."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from htmldate import find_date
from trafilatura import bare_extraction, load_html
from trafilatura.metadata import extract_author

from geowire.messages.article import TEXT_LIMIT, TITLE_LIMIT, BodyStatus
from ingest.article_date import best_date, real
from ingest.blocks import Block, blocks_of, text_of_blocks
from ingest.body_status import PREVIEW, SHORT, asks_for_subscription, choose_body, is_challenge, is_consent, is_missing
from ingest.charset import decode_page
from ingest.clean_text import clean_line, clean_text, cut, plain_text, without_others
from ingest.dates import parse_date
from ingest.extraction import Extraction, Page, PageFacts, PageText
from ingest.feed_entry import FeedEntry
from ingest.form import form_of
from ingest.identity import accepted_canonical, content_hash
from ingest.json_ld import is_free, names_of, text_of
from ingest.language import language_of
from ingest.page_meta import PageMeta, read_meta
from ingest.page_tree import prune, standfirst, strip
from ingest.parse_feed import short_language
from ingest.recover import fuller_blocks, with_standfirst
from ingest.trim import Surroundings, candidate_hashes, trim

NOTHING_KNOWN = FeedEntry(key="", guid="", link=None)
COMMENT_DATES = '//*[contains(@class, "comment") or contains(@id, "comment")]//time/@datetime'
MODIFIED_DATES = '//meta[@property="article:modified_time" or @property="og:updated_time"]/@content'
FEED_DOCUMENT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:rss|feed|rdf:RDF|urlset)\b", re.DOTALL)


def extract_page(page: Page, entry: FeedEntry = NOTHING_KNOWN, repeated: frozenset[int] = frozenset()) -> Extraction:
    """The article on the page; what its feed says already is not searched for again.

    `repeated` are the hashes of blocks that the site's other pages have, from `SiteMemory.repeated`.
    """
    tree = None if FEED_DOCUMENT.match(page.body[:2_000]) else load_html(decode_page(page))
    if tree is None:
        return extract_feed_content(entry)
    meta = read_meta(tree)
    facts = _page_facts(tree, page.url, entry, meta)
    found = _page_text(page, tree, meta, Surroundings((entry.title, *meta.titles), _authors(entry, facts), repeated))
    obstacle = _obstacle(page, meta, entry, found.text)
    if obstacle:
        return extract_feed_content(entry, obstacle)
    free = facts.is_free and not asks_for_subscription(found.seen)
    best, status = choose_body(found.text, _feed_text(entry), is_free=free)
    return _extraction(best, status, facts, entry, found if best == found.text else PageText(hashes=found.hashes))


def extract_feed_content(entry: FeedEntry, status: BodyStatus = "feed-only") -> Extraction:
    """The article as far as its feed tells it, when the page cannot be had."""
    return _extraction(_feed_text(entry), status, PageFacts(), entry, PageText())


def _obstacle(page: Page, meta: PageMeta, entry: FeedEntry, text: str) -> BodyStatus | None:
    """What the page is instead of the article."""
    if len(text) >= PREVIEW:
        return None
    if is_challenge(next(iter(meta.titles), ""), text, page.body):
        return "blocked"
    if is_consent(page.url, text):
        return "consent"
    return "feed-only" if not meta.node and is_missing(meta.titles, text, entry.title) else None


def _page_text(page: Page, tree: Any, meta: PageMeta, around: Surroundings) -> PageText:
    """The article's text. Scripts and boxes leave the tree first: no one needs to copy and judge them again."""
    strip(tree)
    boxed = prune(tree)
    seen = _blocks(tree, meta)
    if boxed >= PREVIEW and _length(seen) < SHORT:
        whole = load_html(decode_page(page))
        strip(whole)
        boxed, seen = max(((boxed, seen), (0, _blocks(whole, meta))), key=lambda found: _length(found[1]))
    trimmed = trim(seen, around)
    blocks = with_standfirst(trimmed.blocks, standfirst(tree, meta.descriptions))
    removed = (("box", boxed), *trimmed.removed) if boxed else trimmed.removed
    return PageText(clean_text(text_of_blocks(blocks)), tuple(seen), candidate_hashes(seen), removed)


def _blocks(tree: Any, meta: PageMeta) -> Sequence[Block]:
    document: Any = bare_extraction(tree, include_comments=False, include_links=True, favor_recall=True)
    return fuller_blocks(tree, blocks_of(document.body if document else None), meta)


def _length(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _authors(entry: FeedEntry, facts: PageFacts) -> tuple[str, ...]:
    return entry.authors or facts.authors


def _page_facts(tree: Any, url: str, entry: FeedEntry, meta: PageMeta) -> PageFacts:
    return PageFacts(
        title=next(iter(meta.titles), ""),
        authors=() if entry.authors else _page_authors(tree, meta),
        published_at=_stated_date(meta) or (None if real(entry.dated_at) else _guessed_date(tree, url, meta)),
        modified_at=_modified(meta),
        language=short_language(str(tree.get("lang") or tree.get("xml:lang") or "")),
        canonical_url=accepted_canonical(_canonical(tree), url),
        is_free=is_free(meta.node),
        form=form_of(url, next(iter(meta.titles), ""), "", meta.node, meta.metas.get("article:section", "")),
    )


def _page_authors(tree: Any, meta: PageMeta) -> tuple[str, ...]:
    """JSON-LD names them best; the search through the page is the costlier way."""
    names = names_of(meta.node, "author")
    if not names:
        stated = meta.metas.get("author") or meta.metas.get("article:author") or ""
        found = stated if " " in stated and "://" not in stated else str(extract_author(tree) or "")
        names = found.split(";")
    return tuple(dict.fromkeys(name for part in names if (name := clean_line(part)[:200])))[:50]


def _stated_date(meta: PageMeta) -> datetime | None:
    """When the page itself says that it was published."""
    stated = text_of(meta.node, "datePublished"), meta.metas.get("article:published_time")
    return next((moment for text in stated if (moment := real(parse_date(text)))), None)


def _guessed_date(tree: Any, url: str, meta: PageMeta) -> datetime | None:
    """A day found on the page, which costs time: no bare year's first, no reader's comment's, not that of a change."""
    try:
        found = parse_date(find_date(tree, url=url, original_date=True, extensive_search=False))
    except (ValueError, OverflowError):  # a date that no calendar has
        return None
    if found is None or (found.month, found.day) == (1, 1):
        return None
    others = [text_of(meta.node, "dateModified"), *tree.xpath(COMMENT_DATES), *tree.xpath(MODIFIED_DATES)]
    days = {moment.date() for text in others if (moment := parse_date(str(text)))}
    return None if found.date() in days else found


def _modified(meta: PageMeta) -> datetime | None:
    return parse_date(text_of(meta.node, "dateModified")) or parse_date(meta.metas.get("article:modified_time"))


def _canonical(tree: Any) -> str | None:
    return next((link.get("href") for link in tree.iter("link") if link.get("rel") == "canonical"), None)


def _feed_text(entry: FeedEntry) -> str:
    content, summary = (plain_text(without_others(markup)) for markup in (entry.content, entry.summary))
    return max(content, summary, key=len)


def _extraction(text: str, status: BodyStatus, facts: PageFacts, entry: FeedEntry, found: PageText) -> Extraction:
    title = clean_line(entry.title or facts.title)[:TITLE_LIMIT]
    body, truncated = cut(text, TEXT_LIMIT)
    published_at, source = best_date(facts.published_at, entry)
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
        language=language_of(body, facts.language or entry.language),
        canonical_url=facts.canonical_url,
        page_title=clean_line(facts.title)[:TITLE_LIMIT],
        form=facts.form if facts.form != "article" else form_of(entry.link or "", title, body),
        blocks=found.hashes,
        removed=found.removed,
    )
