"""Which of an article's dates is the one of its publication, and where it comes from. Pure."""

from __future__ import annotations

from datetime import datetime

from geowire.messages.article import DateSource
from ingest.feed_entry import FeedEntry


def real(moment: datetime | None) -> datetime | None:
    """A moment, unless it is the first second of a year: what systems write when they know no date."""
    if moment is None or (moment.month, moment.day, moment.hour, moment.minute, moment.second) == (1, 1, 0, 0, 0):
        return None
    return moment


def best_date(on_page: datetime | None, entry: FeedEntry) -> tuple[datetime | None, DateSource | None]:
    """When it was published and who says so: the feed before the page, the page before the date of a change."""
    choices: tuple[tuple[datetime | None, DateSource], ...] = (
        (real(entry.published_at), "feed"),
        (on_page, "page"),
        (real(entry.updated_at), "feed_updated"),
        (entry.published_at, "feed"),
        (entry.updated_at, "feed_updated"),
    )
    return next(((moment, source) for moment, source in choices if moment is not None), (None, None))
