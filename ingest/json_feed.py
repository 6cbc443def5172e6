"""Reads JSON Feed 1.0 and 1.1. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from html import escape
from typing import Any

from ingest.feed_entry import CUT
from ingest.written_feed import ENTRY_LIMIT, WrittenEntry, WrittenFeed

VERSION = "https://jsonfeed.org/version/"
ITEMS = re.compile(r'"items"\s*:\s*\[')
SEPARATOR = re.compile(r"[\s,]*")
DECODER = json.JSONDecoder(strict=False)

Fields = dict[str, Any]


def read_json_feed(data: bytes) -> WrittenFeed:
    """The feed in a JSON document; of one that breaks off, the entries before the break."""
    text = data.decode("utf-8", "replace")
    try:
        document = DECODER.decode(text)
    except RecursionError:
        return WrittenFeed(error="unparsable")
    except ValueError:
        return _broken_feed(text)
    if not isinstance(document, dict) or not _is_feed(document):
        return WrittenFeed(error="not-a-feed")
    items = document.get("items")
    return _rows(document, items if isinstance(items, list) else [], Counter())


def _is_feed(document: Fields) -> bool:
    return _text(document, "version").lower().replace("http://", "https://", 1).startswith(VERSION)


def _broken_feed(text: str) -> WrittenFeed:
    found = ITEMS.search(text)
    if found is None or VERSION.partition("//")[2] not in text.replace("\\/", "/"):
        return WrittenFeed(error="unparsable" if found else "not-a-feed")
    items: list[Any] = []
    start = found.end()
    try:
        while len(items) <= ENTRY_LIMIT:
            item, start = DECODER.raw_decode(text, SEPARATOR.match(text, start).end())  # type: ignore[union-attr]
            items.append(item)
    except (ValueError, RecursionError):
        pass
    return _rows({}, items, Counter({CUT: 1}))


def _rows(document: Fields, items: list[Any], problems: Counter[str]) -> WrittenFeed:
    named = [item for item in items if isinstance(item, dict)]
    problems["unreadable-entry"] = len(items) - len(named)
    return WrittenFeed(
        rows=[_row(item, document) for item in named],
        title=escape(_text(document, "title")),
        language=_text(document, "language"),
        site=_text(document, "home_page_url"),
        problems=problems,
    )


def _row(item: Fields, document: Fields) -> WrittenEntry:
    guid = _text(item, "id")
    links = (_text(item, "url"), _text(item, "external_url"), guid if "://" in guid else "")
    return WrittenEntry(
        guid=guid,
        links=tuple(link for link in links if link),
        media=frozenset(_text(file, "url") for file in _members(item, "attachments")),
        title=escape(_text(item, "title"), quote=False),
        summary=escape(_text(item, "summary"), quote=False),
        content=_text(item, "content_html") or _as_markup(_text(item, "content_text")),
        authors=_authors(item) or _authors(document),
        published=_text(item, "date_published"),
        updated=_text(item, "date_modified"),
        language=_text(item, "language"),
    )


def _authors(fields: Fields) -> tuple[str, ...]:
    people = [*_members(fields, "authors"), fields.get("author")]
    return tuple(escape(_text(person, "name"), quote=False) for person in people if isinstance(person, dict))


def _members(fields: Fields, name: str) -> list[Fields]:
    value = fields.get(name)
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def _as_markup(text: str) -> str:
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in text.splitlines() if line.strip())


def _text(fields: Fields, name: str) -> str:
    """The value as text; an id may be a number."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode().strip()
