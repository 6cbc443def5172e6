"""Which date is taken, and where it is said to come from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from geowire.messages.article import DateSource
from ingest.article_date import best_date, real
from ingest.extract import extract_page
from ingest.extraction import Page
from ingest.feed_entry import FeedEntry

FEED, PAGE, CHANGE = (datetime(2026, 5, day, 9, tzinfo=UTC) for day in (3, 4, 5))
DEFAULT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("published", "updated", "on_page", "expected"),
    [
        (FEED, CHANGE, PAGE, (FEED, "feed")),
        (None, CHANGE, PAGE, (PAGE, "page")),
        (None, CHANGE, None, (CHANGE, "feed_updated")),
        (DEFAULT, None, PAGE, (PAGE, "page")),
        (DEFAULT, CHANGE, None, (CHANGE, "feed_updated")),
        (DEFAULT, None, None, (DEFAULT, "feed")),
        (None, None, None, (None, None)),
    ],
)
def test_the_best_date_is_taken(
    published: datetime | None,
    updated: datetime | None,
    on_page: datetime | None,
    expected: tuple[datetime | None, DateSource | None],
) -> None:
    """A default gives way to any other; the date of a change comes last."""
    entry = FeedEntry("k", "g", None, published_at=published, updated_at=updated)

    assert best_date(on_page, entry) == expected


def test_only_the_first_second_of_a_year_is_a_default() -> None:
    """In its own zone it may be another."""
    assert real(DEFAULT) is None
    assert real(DEFAULT + timedelta(seconds=1)) is not None


def test_the_zone_of_a_page_is_kept() -> None:
    """The moment is the same, whatever the feed's day was."""
    head = '<meta property="article:published_time" content="2026-05-04T01:30:00+09:00">'
    html = f"<html><head>{head}</head><body><p>Closed.</p></body></html>"
    entry = FeedEntry("k", "g", None, title="T", published_at=DEFAULT, summary="Closed.")

    found = extract_page(Page("https://post.example/a", html.encode()), entry)

    assert found.date_source == "page"
    assert found.published_at == datetime(2026, 5, 4, 1, 30, tzinfo=timezone(timedelta(hours=9)))
