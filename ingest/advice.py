"""What a server and a feed advise about when to come back. Pure; whatever makes no sense is no advice."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from ingest.dates import parse_date
from ingest.feed_entry import FeedHints

Headers = Mapping[str, str]

PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
"""Of the RSS 1.0 syndication module; it knows no others."""
MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
NO_STORE = re.compile(r"(?:^|[,\s])(?:no-store|no-cache)(?:$|[,\s=])", re.IGNORECASE)
LIMITING = frozenset({403, 429, 503})
RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
REMAINS = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
A_MOMENT = 10**9
"""From here on a number of seconds is a moment since 1970, not a wait."""
MILLISECONDS = 10**11
LONGEST = 10**8


def retry_after(headers: Headers, now: datetime) -> timedelta | None:
    """How long the server asks us to wait: seconds or a date, which is read against its own clock."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return _seconds(text)
    return _until(parse_date(text), headers, now)


def asks_to_wait(headers: Headers, http_status: int | None, now: datetime) -> bool:
    """Whether a refusal is for a while only, whatever status the server found for it."""
    return retry_after(headers, now) is not None or rate_limit_reset(headers, http_status, now) is not None


def rate_limit_reset(headers: Headers, http_status: int | None, now: datetime) -> timedelta | None:
    """How long until requests are free again, where they are used up: seconds, or a moment since 1970."""
    remaining = next((headers[name].strip() for name in REMAINS if name in headers), None)
    if http_status not in LIMITING and remaining != "0":
        return None
    text = next((headers[name].strip() for name in RESETS if name in headers), "")
    if not (text.isascii() and text.replace(".", "", 1).isdigit()):
        return None
    value = float(text[:20])
    if value < A_MOMENT:
        return timedelta(seconds=min(value, LONGEST))
    passed = value / 1000 if value >= MILLISECONDS else value
    return timedelta(seconds=min(max(0.0, passed - now.timestamp()), LONGEST))


def freshness(headers: Headers, now: datetime) -> timedelta | None:
    """How long the answer stays fresh (RFC 9111, 4.2): max-age, else Expires, less its age. None if not at all."""
    control = headers.get("cache-control", "")
    if NO_STORE.search(control):
        return None
    stated = MAX_AGE.search(control)
    if stated:
        age = headers.get("age", "").strip()
        fresh = _seconds(stated[1]) - (_seconds(age) if age.isascii() and age.isdigit() else timedelta(0))
    else:  # `Expires: 0` is no date, and one in the past no statement: both only keep browsers from caching
        fresh = _until(parse_date(headers.get("expires")), headers, now) or timedelta(0)
    return fresh if fresh > timedelta(0) else None


def feed_interval(hints: FeedHints) -> timedelta | None:
    """How often the feed says that it changes: the longer of `ttl` and the syndication module's period."""
    stated = [rest for rest in (_ttl(hints), _update_interval(hints)) if rest is not None]
    return max(stated, default=None)


def skip_until(due: datetime, hints: FeedHints) -> datetime:
    """The due time, moved past the hours and days in which the feed does not want to be asked."""
    hours = hints.skip_hours if len(hints.skip_hours) < 24 else frozenset[int]()
    days = hints.skip_days if len(hints.skip_days) < 7 else frozenset[int]()
    moment = due
    for _ in range(7 * 24):
        if moment.hour not in hours and moment.weekday() not in days:
            return moment
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def _ttl(hints: FeedHints) -> timedelta | None:
    minutes = hints.ttl_minutes
    if minutes is None or not math.isfinite(minutes) or minutes <= 0:
        return None
    return timedelta(minutes=min(minutes, LONGEST / 60))


def _update_interval(hints: FeedHints) -> timedelta | None:
    period = PERIODS.get((hints.update_period or "").strip().lower())
    if period is None:
        return None
    times = hints.update_frequency
    is_sane = times is not None and math.isfinite(times) and times >= 1  # the module wants a whole number
    return period / times if is_sane and times else period


def _seconds(digits: str) -> timedelta:
    return timedelta(seconds=min(int(digits[:12]), LONGEST))


def _until(moment: datetime | None, headers: Headers, now: datetime) -> timedelta | None:
    if moment is None:
        return None
    return max(timedelta(0), moment - (parse_date(headers.get("date")) or now))
