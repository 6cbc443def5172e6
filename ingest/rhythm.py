"""How often a feed brings news, learned from poll to poll. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

HALF_LIFE = timedelta(days=7)
"""What was seen so long ago counts half: a week, so that every weekday has its say."""
PRIOR = 4
"""The starting interval weighs like so many entries, so that one quiet night does not make a feed slow."""
SOONER = 2 / 3
"""Media Cloud's rss-fetcher polls sooner where under a third of the entries are known."""
WEEK_SMOOTHING = 0.3


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what and from what the learned rest moves."""

    start: timedelta
    shortest: timedelta
    longest: timedelta

    def clamp(self, rest: timedelta) -> timedelta:
        """The rest, within the bounds."""
        return max(self.shortest, min(rest, self.longest))


@dataclass(frozen=True, slots=True)
class Brought:
    """What a good poll brought. An entry is new if neither it, nor its link, nor its time was known."""

    at: datetime
    new: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of a feed's rhythm. Sums decay with their age."""

    entries: float = 0.0
    seconds: float = 0.0
    asked_at: float | None = None
    """The last good poll."""
    news_at: float | None = None
    """The last poll that brought something new."""
    fresh_share: float = 0.0
    """New among the entries of the last poll."""
    week: tuple[float | None, ...] = (None,) * 7
    """New entries expected on each weekday (UTC), Monday first; None where no whole day was seen."""
    first_day: int | None = None
    """The day of the first poll, as an ordinal: it is never a whole one."""
    day: int | None = None
    day_entries: int = 0
    missed: float = 0.0
    """Entries that were expected on the whole days since the last news."""


def learn(rhythm: Rhythm, brought: Brought) -> Rhythm:
    """The rhythm after a good poll. What the first one finds was there before and tells nothing."""
    at, today = brought.at.timestamp(), brought.at.toordinal()
    if rhythm.asked_at is None:
        return replace(rhythm, asked_at=at, first_day=today, day=today)
    passed = max(0.0, at - rhythm.asked_at)
    kept = 0.5 ** (passed / HALF_LIFE.total_seconds())
    turned = _turn_day(rhythm, today)
    total = brought.new + brought.known
    return replace(
        turned,
        entries=rhythm.entries * kept + brought.new,
        seconds=rhythm.seconds * kept + passed,
        asked_at=at,
        news_at=at if brought.new else rhythm.news_at,
        fresh_share=brought.new / total if total else 0.0,
        day_entries=turned.day_entries + brought.new,
        missed=0.0 if brought.new else turned.missed,
    )


def learned_rest(rhythm: Rhythm, bounds: Bounds) -> timedelta:
    """The mean time between entries: news that come at random are then met by two polls of three (1 - 1/e).

    Where a poll found nothing that was known, entries may have passed unseen: then it is the shortest.
    """
    if rhythm.fresh_share >= 1:
        return bounds.shortest
    seconds = (rhythm.seconds + PRIOR * bounds.start.total_seconds()) / (rhythm.entries + PRIOR)
    return bounds.clamp(timedelta(seconds=seconds / 2 if rhythm.fresh_share > SOONER else seconds))


def entries_per_day(rhythm: Rhythm) -> float | None:
    """What the feed brings on a mean day of its week; None before a whole day was seen."""
    seen = [expected for expected in rhythm.week if expected is not None]
    return sum(seen) / len(seen) if seen else None


def _turn_day(rhythm: Rhythm, today: int) -> Rhythm:
    if rhythm.day is None or today <= rhythm.day:
        return rhythm
    # A day after which nobody looked may have brought what later polls found: it is not judged.
    is_whole = rhythm.day != rhythm.first_day and today == rhythm.day + 1
    turned = _judge_day(rhythm) if is_whole else rhythm
    return replace(turned, day=today, day_entries=0)


def _judge_day(rhythm: Rhythm) -> Rhythm:
    assert rhythm.day is not None
    weekday, count = date.fromordinal(rhythm.day).weekday(), rhythm.day_entries
    expected = rhythm.week[weekday]
    smoothed = count if expected is None else expected + WEEK_SMOOTHING * (count - expected)
    week = (*rhythm.week[:weekday], float(smoothed), *rhythm.week[weekday + 1 :])
    return replace(rhythm, week=week, missed=0.0 if count else rhythm.missed + (expected or 0.0))
