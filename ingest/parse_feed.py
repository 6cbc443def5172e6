"""Turns the bytes of a feed into entries. Runs in a worker process; no other file knows feedparser."""

from __future__ import annotations

import calendar
import io
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser

from ingest.clean_text import clean_line, plain_text
from ingest.dates import YEAR_FIRST, parse_date
from ingest.feed_bytes import repair_feed_bytes
from ingest.feed_entry import FeedEntry, ParsedFeed
from ingest.identity import entry_key, is_home_page, repair_link

ENTRY_LIMIT = 2_000
MARKUP_LIMIT = 1_000_000
TITLE_LIMIT = 1_000
GUID_LIMIT = 2_000

Fields = dict[str, Any]


def parse_feed(data: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """The feed in the bytes, whatever they are. Links are made absolute against `url`."""
    if data.lstrip()[:1] == b"{":
        return ParsedFeed(error="json-feed")  # the seam for JSON Feed: it needs its own reader, not feedparser
    try:
        document = _document(data, headers)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001  # feedparser raises anything on some bytes
        return ParsedFeed(error="unparsable", problems={type(error).__name__: 1})
    if not document.get("version") and not document["entries"]:
        return ParsedFeed(error="not-a-feed")
    return _parsed(document, url)


def _document(data: bytes, headers: Mapping[str, str]) -> Any:
    clean, content_type = repair_feed_bytes(data, headers.get("content-type", ""))
    # A stream, never the bytes: feedparser takes those for a file's name or an address first.
    return feedparser.parse(
        io.BytesIO(clean),
        response_headers={"content-type": content_type or "application/xml"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _parsed(document: Any, url: str) -> ParsedFeed:
    channel: Fields = document.get("feed") or {}
    rows: list[Fields] = document["entries"]
    problems: Counter[str] = Counter()
    if len(rows) > ENTRY_LIMIT:
        problems["over-limit"] = len(rows) - ENTRY_LIMIT
    guids = Counter(_text(row, "id") for row in rows)
    language = _language(channel)
    entries: dict[str, FeedEntry] = {}
    for row in rows[:ENTRY_LIMIT]:
        entry = _entry(row, url, guids, language)
        _count_problems(entry, entries, problems)
        entries.setdefault(entry.key, entry)
    title = clean_line(plain_text(_text(channel, "title")))[:500] or None
    return ParsedFeed(title, language, tuple(entries.values()), dict(problems))


def _entry(row: Fields, url: str, guids: Counter[str], language: str | None) -> FeedEntry:
    guid = _text(row, "id")
    link = _link(row, url)
    title = clean_line(plain_text(_text(row, "title")))[:TITLE_LIMIT]
    published, updated = _date(row, "published"), _date(row, "updated")
    identity = guid or ("" if link else title)
    return FeedEntry(
        key=entry_key(identity, link, guid_is_unique=guids[guid] == 1 if guid else not link),
        guid=identity[:GUID_LIMIT],
        link=link,
        title=title,
        summary=_text(row, "summary")[:MARKUP_LIMIT],
        content=_content(row),
        authors=_authors(row),
        published_at=published,
        updated_at=updated,
        language=_language(row) or language,
    )


def _count_problems(entry: FeedEntry, known: Mapping[str, FeedEntry], problems: Counter[str]) -> None:
    problems["no-link"] += not entry.link
    problems["no-title"] += not entry.title
    problems["no-date"] += entry.dated_at is None
    problems["same-entry-twice"] += entry.key in known
    for slug in [slug for slug, count in problems.items() if not count]:
        del problems[slug]


def _text(fields: Fields, name: str) -> str:
    """The value as text. Asked of the plain mapping: feedparser's own lookup guesses at other fields."""
    value = dict.get(fields, name)
    return value.encode("utf-8", "replace").decode().strip() if isinstance(value, str) else ""


def _link(row: Fields, url: str) -> str | None:
    for name in ("feedburner_origlink", "link"):
        written = _text(row, name)
        if not written or (dict.get(row, "guidislink") and "://" not in written):
            continue  # a GUID that is no address is no link either, whatever isPermaLink says
        link = repair_link(written, url)
        if link is not None and not is_home_page(link):
            return link
    return None


def _content(row: Fields) -> str:
    parts = [_text(part, "value") for part in dict.get(row, "content") or [] if isinstance(part, dict)]
    return max(parts, key=len, default="")[:MARKUP_LIMIT]


def _authors(row: Fields) -> tuple[str, ...]:
    people = dict.get(row, "authors") or []
    names = [clean_line(plain_text(_text(person, "name"))) for person in people if isinstance(person, dict)]
    return tuple(dict.fromkeys(name[:200] for name in names if name))[:50]


def _date(row: Fields, name: str) -> datetime | None:
    written = _text(row, name)
    moment = parse_date(written)
    guess = dict.get(row, f"{name}_parsed")
    if moment is not None or not guess or YEAR_FIRST.match(written):
        return moment
    try:
        return datetime.fromtimestamp(calendar.timegm(guess), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _language(fields: Fields) -> str | None:
    return short_language(_text(fields, "language"))


def short_language(tag: str) -> str | None:
    """The primary part of a language tag: `en` for `en-GB`."""
    primary = tag.replace("_", "-").partition("-")[0].strip().lower()
    return primary if primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3 else None
