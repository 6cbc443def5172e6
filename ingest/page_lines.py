"""Lines of the filter `geowire extract`: a page in, what is known of its article out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geowire.errors import Rejected
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.identity import accepted_canonical, article_id, entry_key, normalise_url
from ingest.site_reader import SiteReader
from ingest.workers import WorkFailed


def page_of_line(line: Mapping[str, Any], number: int) -> Page:
    """The page of a line `{"url", "html"}`. Raises `Rejected` that names the line and what to write."""
    url, html = line.get("url"), line.get("html")
    if not isinstance(url, str) or not isinstance(html, str):
        raise Rejected(f"line {number}", 'write {"url": "https://...", "html": "..."}')
    return Page(url, html.encode("utf-8", "replace"), "text/html; charset=utf-8")


async def page_answer(reader: SiteReader, page: Page) -> dict[str, Any]:
    """The article of a page, or why there is none; `requested_url` is the line's own address."""
    link = normalise_url(page.url)
    entry = FeedEntry(key=entry_key(page.url, link, guid_is_unique=True), guid=page.url, link=link)
    try:
        extraction = await reader.extract(page, entry)
    except WorkFailed as error:
        return {"requested_url": page.url, "error": f"extract-{error.reason}", "detail": error.detail}
    return article_line(page, extraction)


def article_line(page: Page, found: Extraction) -> dict[str, Any]:
    """The fields of an article message that a page alone can fill."""
    canonical = accepted_canonical(found.canonical_url, page.url)
    addresses = [address for address in (page.url, canonical) if address]
    return {
        "id": article_id(addresses, "lines", page.url),
        "url": page.url,
        "requested_url": page.url,
        "canonical_url": canonical,
        "title": found.title,
        "text": found.text,
        "text_truncated": found.text_truncated,
        "language": found.language,
        "authors": list(found.authors),
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "date_source": found.date_source,
        "form": found.form,
        "body_status": found.body_status,
        "removed": dict(found.removed),
        "content_hash": found.content_hash,
    }
