"""The markup of a feed made fit for a strict parser, and small enough for any. Pure."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from html.entities import html5
from itertools import pairwise
from typing import NamedTuple
from xml.parsers import expat

from ingest.dates import parse_date

FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel", "urlset", "sitemapindex"})
ROOT_SEARCH = 100_000
AUTHOR_LIMIT = 1_000
ATTRIBUTES_LIMIT = 20_000

PROLOG = re.compile(
    rb"""\s*+(?:<\?[^>]*+>|<!--.*?(?:-->|\Z)|<!DOCTYPE(?:[^\[>"']|"[^"]*+"|'[^']*+')*+(?:\[.*?\]\s*+>|>))""",
    re.DOTALL | re.IGNORECASE,
)
ELEMENT = re.compile(rb"<([A-Za-z_][\w.-]*+)(?::([A-Za-z_][\w.-]*+))?")
FEED_ROOT = re.compile(rb"<(?:[\w.-]++:)?(?:rss|rdf|feed|urlset|sitemapindex)(?=[\s>])", re.IGNORECASE)
HTML_SIGN = re.compile(rb"<(?:!doctype\s+html|html|head|body|div|script|meta|title)\b", re.IGNORECASE)
UNREAD = rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
CDATA = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
ITEM = re.compile(UNREAD + rb"|<(?:[A-Za-z][\w.-]*+:)?(item|entry)(?=[\s>/])", re.DOTALL | re.IGNORECASE)
ITEM_END = re.compile(rb"</(?:[A-Za-z][\w.-]*+:)?(?:item|entry)\s*>", re.IGNORECASE)
DATE = re.compile(
    rb"<(?:\w+:)?(?:pubDate|published|issued|date|updated|modified)\b[^>]{0,200}>([^<]{6,60})<", re.IGNORECASE
)

BARE_AMPERSAND = re.compile(rb"&(?!(?:[A-Za-z]\w*|#\d+|#x[0-9A-Fa-f]+);)")
HTML_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")
NUMBERED = re.compile(rb"&#(?:(\d+)|x([0-9A-Fa-f]+));")
LONG_AUTHOR = re.compile(
    rb"(<(?:\w+:)?(?:author|creator|managingEditor|webMaster|publisher|owner|contributor|name|email)\b[^>]{0,500}>"
    rb"\s{0,100}(?:<!\[CDATA\[)?[^<\]]{%d})[^<\]]+" % AUTHOR_LIMIT,
    re.IGNORECASE,
)
BAD_NAMESPACE = re.compile(
    rb"""\sxmlns(?::[\w.-]{1,50})?\s?=\s?(["'])[^"'<>]{0,300}?[^\x21-\x7e"'<>][^"'<>]{0,300}\1"""
)
FRAME = re.compile(rb"<(?:[\w.-]+:)?(?:rss|rdf|feed|channel)\b[^>]*>", re.IGNORECASE)
EXTENSION = re.compile(rb"<(?!dc:|content:|atom:)([\w.-]++:[\w.-]++)(?:[^>]*/>|[^>]*>.{0,2000}?</\1\s*>)", re.DOTALL)
LONG_TAG = re.compile(rb"<([A-Za-z][\w.:-]*)\s[^<>]{%d,}>" % ATTRIBUTES_LIMIT)


@dataclass(frozen=True, slots=True)
class Markup:
    """A document from its root element on: no declaration, no DOCTYPE and so no entities of its own."""

    data: bytes
    root: str
    """The local name of the root element in lower case; empty if there is no element."""

    @property
    def is_html(self) -> bool:
        """Whether it looks like a web page."""
        return self.root not in FEED_ROOTS and HTML_SIGN.search(self.data[:ROOT_SEARCH]) is not None


def find_markup(data: bytes) -> Markup:
    """The document without what stands before it: blank lines, warnings of a script, DOCTYPE."""
    start = 0
    while found := PROLOG.match(data, start):
        start = found.end()
    first = ELEMENT.search(data, start)
    if first is None or _local_name(first) not in FEED_ROOTS:
        feed = FEED_ROOT.search(data, start, start + ROOT_SEARCH)
        first = ELEMENT.match(data, feed.start()) if feed else first
    return Markup(data[first.start() :], _local_name(first)) if first else Markup(b"", "")


def _local_name(element: re.Match[bytes]) -> str:
    return (element[2] or element[1]).decode("ascii", "replace").lower()


def is_well_formed(data: bytes) -> bool:
    """Whether a strict parser reads it to the end. Cheap: nothing is built."""
    try:
        expat.ParserCreate("utf-8", " ").Parse(data, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def is_truncated(markup: Markup) -> bool:
    """Whether the document ends before its root element does."""
    end = rb"</(?:[\w.-]+:)?" + re.escape(markup.root.encode()) + rb"\s*>"
    return re.search(end, markup.data[-2_000:], re.IGNORECASE) is None


def mend(data: bytes) -> bytes:
    """Ampersands that stand for themselves, entities of HTML and characters that XML forbids, as XML has them."""
    parts = CDATA.split(NUMBERED.sub(_numbered_character, data))
    parts[::2] = [_mended(part) for part in parts[::2]]
    return b"".join(parts)


def _mended(part: bytes) -> bytes:
    part = HTML_ENTITY.sub(lambda found: _html_character(found[1].decode()), part)
    return BARE_AMPERSAND.sub(b"&amp;", part)


def _html_character(name: str) -> bytes:
    known = html5.get(name) or html5.get(name.lower())
    return known.encode() if known and known not in "&<>" else b"&amp;" + name.encode()


def _numbered_character(found: re.Match[bytes]) -> bytes:
    digits = (found[1] or found[2])[:12]
    number = int(digits, 10 if found[1] else 16)
    is_allowed = (
        number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < 0x110000
    )
    return found[0] if is_allowed else b""


def tame(data: bytes) -> bytes:
    """The document without what feedparser fails on, or takes the square of its length for."""
    return BAD_NAMESPACE.sub(b"", LONG_TAG.sub(rb"<\1>", LONG_AUTHOR.sub(rb"\1", data)))


def item_starts(data: bytes) -> array[int]:
    """Where the entries begin, apart from what only looks like one inside a text."""
    return array("q", (found.start() for found in ITEM.finditer(data) if found[1]))


class Chunks(NamedTuple):
    """A document in pieces."""

    before: bytes
    items: list[bytes]
    after: bytes


def item_chunks(data: bytes) -> Chunks:
    """What stands before the entries, each entry, and what stands behind them."""
    starts = item_starts(data)
    if not starts:
        return Chunks(data, [], b"")
    end = _items_end(data, starts[-1])
    edges = [*starts, end]
    return Chunks(data[: starts[0]], [data[start:stop] for start, stop in pairwise(edges)], data[end:])


def bare_frame(before: bytes) -> bytes:
    """The beginning of a document with nothing but the elements that its entries stand in."""
    return b"".join(FRAME.findall(before)[:2])


def drop_extensions(item: bytes) -> bytes:
    """An entry without elements of other vocabularies, except the texts that matter."""
    return EXTENSION.sub(b"", item)


def cut_items(data: bytes, most_items: int, most_bytes: int) -> tuple[bytes, int]:
    """The document with its newest entries, as many as the limits allow, and how many were left out."""
    starts = item_starts(data)
    if len(starts) <= most_items and len(data) <= most_bytes:
        return data, 0
    if len(starts) < 2:
        return data, 0
    end = _items_end(data, starts[-1])
    first, last = data[starts[0] : starts[1]], data[starts[-1] : end]
    if _is_newer(last, first):
        kept = _fitting([end - start for start in reversed(starts)], most_items, most_bytes)
        return data[: starts[0]] + data[starts[-kept] :], len(starts) - kept
    sizes = [start - starts[0] for start in (*starts[1:], end)]
    kept = _fitting(sizes, most_items, most_bytes)
    return data[: starts[0] + sizes[kept - 1]] + data[end:], len(starts) - kept


def _fitting(sizes: list[int], most_items: int, most_bytes: int) -> int:
    """How many entries may stay, at least one; `sizes` are sums."""
    return max(1, sum(1 for size in sizes[:most_items] if size <= most_bytes))


def _items_end(data: bytes, last_start: int) -> int:
    ends = [found.end() for found in ITEM_END.finditer(data, last_start)]
    return ends[-1] if ends else len(data)


def _is_newer(item: bytes, other: bytes) -> bool:
    moments = [
        parse_date(found[1].decode("utf-8", "replace")) if found else None for found in map(DATE.search, (item, other))
    ]
    return moments[0] is not None and moments[1] is not None and moments[0] > moments[1]
