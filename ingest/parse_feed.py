"""Turns the bytes of a feed into entries. Runs in a worker process; no other file knows feedparser."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import feedparser

from ingest.feed_bytes import decode_feed
from ingest.feed_entry import CUT, FeedHints, ParsedFeed
from ingest.feed_hints import read_hints
from ingest.feed_markup import (
    FEED_ROOTS,
    Chunks,
    Markup,
    bare_frame,
    cut_items,
    drop_extensions,
    find_markup,
    is_truncated,
    is_well_formed,
    item_chunks,
    mend,
    tame,
)
from ingest.json_feed import read_json_feed
from ingest.sitemap import read_sitemap
from ingest.written_feed import ENTRY_LIMIT, WrittenEntry, WrittenFeed, finish_feed, short_language

__all__ = ["parse_feed", "short_language"]

STRICT_BYTES = 8_000_000
LOOSE_BYTES = 2_500_000
"""What is parsed at most, with feedparser's strict parser and with its loose one, which takes five times as long."""
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'
PARSER_HEADERS = {"content-type": "application/xml; charset=utf-8"}

Fields = dict[str, Any]


def parse_feed(data: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """The feed in the bytes, whatever they are. Links are made absolute against `url`."""
    text = decode_feed(data, headers.get("content-type", ""))
    feed = read_json_feed(text.data) if text.data[:1] == b"{" else _read_markup(find_markup(text.data))
    feed.problems["bad-bytes"] = text.bad_bytes
    return finish_feed(feed, url)


def _read_markup(markup: Markup) -> WrittenFeed:
    if markup.is_html:
        return WrittenFeed(error="html")
    if markup.root == "sitemapindex":
        return WrittenFeed(error="sitemap-index")
    problems: Counter[str] = Counter()
    data = markup.data
    is_strict = is_well_formed(data)
    if not is_strict:
        problems[CUT if is_truncated(markup) else "malformed-feed"] = 1
        data = mend(data)
        is_strict = is_well_formed(data)
    if markup.root == "urlset":
        return _with(read_sitemap(data), problems)
    short, problems["over-limit"] = cut_items(data, ENTRY_LIMIT, STRICT_BYTES if is_strict else LOOSE_BYTES)
    feed = _with(_read_feed(tame(short)), problems)
    return feed if feed.rows or markup.root in FEED_ROOTS else WrittenFeed(error=feed.error or "not-a-feed")


def _with(feed: WrittenFeed, problems: Counter[str]) -> WrittenFeed:
    feed.problems.update(problems)
    return feed


def _read_feed(data: bytes) -> WrittenFeed:
    before, items, after = item_chunks(data)
    hints = read_hints(before, after)
    try:
        return _feed(_document(data), hints)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # feedparser raises anything on some bytes
        return _salvaged(Chunks(before, items, after), hints)


def _feed(document: Any, hints: FeedHints) -> WrittenFeed:
    channel: Fields = document.get("feed") or {}
    rows = [_row(row) for row in document["entries"]]
    return WrittenFeed(rows, _text(channel, "title"), _text(channel, "language"), _text(channel, "link"), hints)


def _document(data: bytes) -> Any:
    # A stream, never the bytes: feedparser takes those for a file's name or an address first.
    return feedparser.parse(
        io.BytesIO(DECLARATION + data),
        response_headers=PARSER_HEADERS,
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _salvaged(chunks: Chunks, hints: FeedHints) -> WrittenFeed:
    """The feed without what feedparser fails on: elements of its channel, or entries, which are counted."""
    frame = WrittenFeed(hints=hints)
    try:
        frame = _feed(_document(chunks.before + chunks.after), hints)
    except Exception:  # noqa: BLE001  # as above
        chunks = chunks._replace(before=bare_frame(chunks.before), after=b"")
    rows = _rows_by_halves(chunks)
    failed = max(0, len(chunks.items) - len(rows))
    error = None if rows else "unparsable"
    return replace(frame, rows=rows, problems=Counter({"unreadable-entry": failed}), error=error)


def _rows_by_halves(chunks: Chunks) -> list[WrittenEntry]:
    try:
        return [_row(row) for row in _document(b"".join((chunks.before, *chunks.items, chunks.after)))["entries"]]
    except Exception:  # noqa: BLE001  # as above
        if len(chunks.items) > 1:
            middle = len(chunks.items) // 2
            halves = (chunks.items[:middle], chunks.items[middle:])
            return [row for half in halves for row in _rows_by_halves(chunks._replace(items=half))]
    plain = [drop_extensions(item) for item in chunks.items]
    return [] if plain == chunks.items else _rows_by_halves(chunks._replace(items=plain))


def _row(row: Fields) -> WrittenEntry:
    return WrittenEntry(
        guid=_text(row, "id"),
        links=_links(row),
        media=frozenset(_text(file, "href") for file in _members(row, "links") if file.get("rel") == "enclosure"),
        title=_text(row, "title"),
        summary=_text(row, "summary"),
        content=max((_text(part, "value") for part in _members(row, "content")), key=len, default=""),
        authors=tuple(_text(person, "name") for person in _members(row, "authors")),
        published=_text(row, "published") or _text(row, "created"),
        updated=_text(row, "updated"),
        language=_text(row, "language"),
    )


def _links(row: Fields) -> tuple[str, ...]:
    named = [_text(row, "feedburner_origlink"), _text(row, "link")]
    if dict.get(row, "guidislink"):
        named = [
            link for link in named if "://" in link
        ]  # a GUID that is no address is no link, whatever isPermaLink says
    others = [_text(link, "href") for link in _members(row, "links") if dict.get(link, "rel") == "alternate"]
    guid = _text(row, "id")
    return tuple(dict.fromkeys(link for link in (*named, *others, guid if _is_address(guid) else "") if link))


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _members(fields: Fields, name: str) -> list[Fields]:
    return [member for member in dict.get(fields, name) or [] if isinstance(member, dict)]


def _text(fields: Fields, name: str) -> str:
    """The value as text. Asked of the plain mapping: feedparser's own lookup guesses at other fields."""
    value = dict.get(fields, name)
    return value.encode("utf-8", "replace").decode().strip() if isinstance(value, str) else ""
