"""How fast a story grows, by the times of its members."""

from __future__ import annotations

from collections.abc import Sequence

from geowire.messages.story import Pace

HOUR = 3600.0
BURST_HOURS = 6
BURST_FEWEST = 5
BURST_TIMES = 3
DAY_HOURS = 24


def pace(times: Sequence[float]) -> Pace | None:
    """`burst`: many within six hours, three times its rate before; `new`: not a day old; `fading`: half the day before.

    Times are seconds since 1970; copies do not count.
    """
    if not times:
        return None
    first, last = min(times), max(times)
    if _bursts(times, first, last):
        return "burst"
    if last - first < DAY_HOURS * HOUR:
        return "new"
    today = sum(at > last - DAY_HOURS * HOUR for at in times)
    day_before = sum(last - 2 * DAY_HOURS * HOUR < at <= last - DAY_HOURS * HOUR for at in times)
    return "fading" if 2 * today <= day_before else "steady"


def _bursts(times: Sequence[float], first: float, last: float) -> bool:
    recent = sum(at > last - BURST_HOURS * HOUR for at in times)
    hours_before = (last - first) / HOUR - BURST_HOURS
    rate_before = (len(times) - recent) / hours_before if hours_before > 0 else 0.0
    return recent >= BURST_FEWEST and recent / BURST_HOURS >= BURST_TIMES * rate_before
