"""Dates as feeds and pages write them, read without guessing. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

YEAR_FIRST = re.compile(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def parse_date(text: str | None) -> datetime | None:
    """The moment that the text names, in UTC; None if it names none. A time without a zone is taken as UTC."""
    plain = (text or "").strip()[:100]
    if not plain:
        return None
    return _sane(_iso(plain) or _year_first(plain) or _rfc822(plain))


def _sane(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment >= EARLIEST else None


def _iso(text: str) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _year_first(text: str) -> datetime | None:
    """`2016/6/29 15:07:41`, which some parsers take for 1 June."""
    found = YEAR_FIRST.match(text)
    if found is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None
        zone = timezone(timedelta(seconds=parts[9] or 0))
        return _in_utc(datetime(*parts[:6], tzinfo=zone))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
