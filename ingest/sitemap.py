"""Reads news sitemaps as they stream by: memory holds only what is kept. Pure."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from xml.parsers import expat

from ingest.dates import parse_date
from ingest.written_feed import ENTRY_LIMIT, WrittenEntry, WrittenFeed

SITEMAP = re.compile(r"sitemaps\.org|/sitemap/")
ADDRESS = re.compile(rb"<(?:\w+:)?url[\s>]")
WANTED = frozenset({"loc", "lastmod", "news:title", "news:publication_date", "news:language", "news:name"})
TEXT_LIMIT = 10_000
PIECE = 65_536
UNDATED = datetime.min.replace(tzinfo=UTC)

Address = dict[str, str]


def read_sitemap(data: bytes) -> WrittenFeed:
    """The articles of a news sitemap, the newest if there are too many; what is left out is counted."""
    met: Counter[str] = Counter()
    newest = heapq.nlargest(ENTRY_LIMIT, _news(data, met), key=_published_at)
    problems = Counter(
        {
            "over-limit": met["news"] - len(newest),
            "not-news": met["other"],
            "unreadable-entry": max(0, len(ADDRESS.findall(data)) - met.total()),
        }
    )
    title = next((address["news:name"] for address in newest if address.get("news:name")), "")
    error = "sitemap-without-news" if met["other"] and not newest else None
    return WrittenFeed(rows=[_row(address) for address in newest], title=escape(title), problems=problems, error=error)


def _news(data: bytes, met: Counter[str]) -> Iterator[Address]:
    for address in _Reader().addresses(data):
        is_news = any(name.startswith("news:") for name in address)
        met["news" if is_news else "other"] += 1
        if is_news:
            yield address


class _Reader:
    """Collects one `<url>` after the other."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._done: list[Address] = []
        self._address: Address = {}
        self._open = ""

    def addresses(self, data: bytes) -> Iterator[Address]:
        """The addresses of the document, up to where it breaks off."""
        for start in range(0, len(data), PIECE):
            is_broken = not self._reads(data[start : start + PIECE], is_last=start + PIECE >= len(data))
            yield from self._done
            self._done = []
            if is_broken:
                return

    def _reads(self, piece: bytes, *, is_last: bool) -> bool:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError:
            return False
        return True

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        short = _short_name(name)
        if short == "url":
            self._address = {}
        self._open = short if short in WANTED else ""

    def _end(self, name: str) -> None:
        self._open = ""
        if _short_name(name) == "url":
            self._done.append(self._address)

    def _characters(self, text: str) -> None:
        if self._open:
            self._address[self._open] = (self._address.get(self._open, "") + text)[:TEXT_LIMIT]


def _short_name(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    if "sitemap-news" in namespace:
        return f"news:{local}"
    return local if not namespace or SITEMAP.search(namespace) else f"other:{local}"


def _published_at(address: Address) -> datetime:
    return parse_date(address.get("news:publication_date")) or UNDATED


def _row(address: Address) -> WrittenEntry:
    location = address.get("loc", "").strip()
    return WrittenEntry(
        links=(location,) if location else (),
        title=escape(address.get("news:title", "").strip(), quote=False),
        published=address.get("news:publication_date", "").strip(),
        updated=address.get("lastmod", "").strip(),
        language=address.get("news:language", "").strip(),
    )
