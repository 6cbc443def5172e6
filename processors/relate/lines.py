"""Lines of the filter `geowire relate`: what is missing gets a value that changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from geowire.messages import Tagged

FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
NOWHERE = "https://nowhere.invalid/"


def tagged_from_lines(lines: Iterable[dict[str, Any]]) -> Iterator[Tagged]:
    """Tagged articles from lines; one without a time follows a second after the line before it."""
    before: datetime | None = None
    for order, line in enumerate(lines):
        tagged = tagged_from_line(line, order, before)
        before = tagged.published_at or tagged.fetched_at
        yield tagged


def tagged_from_line(line: dict[str, Any], order: int, before: datetime | None = None) -> Tagged:
    """A tagged article from a line with at least id, title and text.

    Without a time it follows a second after `before`, the time of the line before it, or takes its time from `order`.
    Raises pydantic's `ValidationError` if a field is wrong.
    """
    undated = before + timedelta(seconds=1) if before else FIRST_MOMENT + timedelta(seconds=order)
    defaults: dict[str, Any] = {
        "version": 1,
        "url": NOWHERE,
        "fetched_at": undated,
        "publisher": {"id": "unknown"},
        "feed": {"id": "lines", "url": NOWHERE},
        "body_status": "full",
        "content_hash": hashlib.sha256(f"{line.get('title')}\0{line.get('text')}".encode()).hexdigest(),
        "model": "none",
    }
    given = {name: value for name, value in line.items() if value is not None}
    return Tagged.model_validate(defaults | given)
