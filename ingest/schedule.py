"""When a feed is asked again. Pure: history, headers, clock and chance are arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.dates import parse_date

JITTER = 0.1
"""Part of the rest that is left to chance, so that many feeds of one host do not march in step."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often feeds are asked."""

    interval: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class PollEnd:
    """What the next poll depends on."""

    at: datetime
    failures: int
    """Failed polls in a row, this one included; 0 after a good one."""
    headers: Mapping[str, str]


def next_poll(end: PollEnd, rhythm: Rhythm, chance: float) -> datetime:
    """When the feed is due; `chance` is from 0 to 1."""
    rest = min(rhythm.interval * 2 ** min(end.failures, 20), rhythm.longest) if end.failures else rhythm.interval
    asked = retry_after(end.headers, end.at)
    if asked is not None:
        rest = max(rest, min(asked, max(rhythm.longest, rhythm.interval)))
    return end.at + rest * (1 + JITTER * chance)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the server asks us to wait: seconds or a date, which is read against its own clock."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**8))
    moment = parse_date(text)
    if moment is None:
        return None
    return max(timedelta(0), moment - (parse_date(headers.get("date")) or now))
