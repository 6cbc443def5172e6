"""What a feed says about when to ask it again, read from its own elements. Pure."""

from __future__ import annotations

import math
import re

from ingest.dates import weekday_number
from ingest.feed_entry import FeedHints

EDGE = 50_000
"""Bytes at either end of the document in which a channel's own elements are looked for."""
LONGEST = 4_000
VALUE = re.compile(
    rb"<(?:sy:)?(ttl|updatePeriod|updateFrequency)\b[^>]{0,200}>\s*(?:<!\[CDATA\[)?\s*([^<\]]{1,40})", re.IGNORECASE
)
LISTS = re.compile(
    rb"<skip(hours|days)\b[^>]{0,200}>(.{0,%d}?)</skip(?:hours|days)" % LONGEST, re.IGNORECASE | re.DOTALL
)
MEMBER = re.compile(rb"<(?:hour|day)\b[^>]{0,200}>\s*(?:<!\[CDATA\[)?\s*(\w{1,12})", re.IGNORECASE)


def read_hints(before_items: bytes, after_items: bytes) -> FeedHints:
    """The hints of a channel, which may stand before or behind its entries."""
    edges = before_items[:EDGE] + after_items[-EDGE:]
    values = {name.lower(): value.decode("utf-8", "replace").strip() for name, value in VALUE.findall(edges)}
    lists = {
        name.lower(): [word.decode("utf-8", "replace") for word in MEMBER.findall(body)]
        for name, body in LISTS.findall(edges)
    }
    return FeedHints(
        ttl_minutes=_number(values.get(b"ttl")),
        update_period=values.get(b"updateperiod", "").lower() or None,
        update_frequency=_number(values.get(b"updatefrequency")),
        skip_hours=frozenset(int(hour) % 24 for hour in lists.get(b"hours", ()) if _is_hour(hour)),
        skip_days=frozenset(day for name in lists.get(b"days", ()) if (day := weekday_number(name)) is not None),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _is_hour(text: str) -> bool:
    """Whether it is an hour of the day; some feeds count to 24."""
    return text.isascii() and text.isdigit() and int(text) <= 24
