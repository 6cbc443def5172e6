"""When an article's page is read again: often while it is young, then seldom, then never. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

JITTER = 0.1
"""Part of an age that is left to chance: articles of one hour are not all visited in one."""
CONFIRM_AFTER = timedelta(hours=6)
"""A page that is gone is asked for once more before anybody is told."""
GONE: dict[int, str] = {404: "gone", 410: "gone", 451: "taken-down"}
"""Why an article is withdrawn whose page answers so; 451: for legal reasons (RFC 7725)."""
CONFIRMATIONS = 2
CONFIRMATIONS_IN_DOUBT = 6
NOT_FOUND = 404


def next_visit(born_at: datetime, now: datetime, ages: Sequence[timedelta], chance: float) -> datetime | None:
    """Soon after the first of the ages that is still ahead; None if it has passed them all. `chance` is from 0 to 1.

    Chance only delays: an age once passed is never due again, whatever is drawn the next time.
    """
    ahead = next((age for age in sorted(ages) if born_at + age > now), None)
    return None if ahead is None else born_at + ahead * (1 + JITTER * chance)


def born_at(published_at: datetime | None, first_seen_at: datetime) -> datetime:
    """When an article's age begins."""
    return min(published_at or first_seen_at, first_seen_at)


def is_gone_for_good(status: int | None, missing: int, *, is_broken: bool) -> str | None:
    """Why the article is to be withdrawn, after so many visits before this one found no page; None if it is not.

    A site that has lost most of its pages is broken and may come back; but 410 and 451 are said on purpose.
    """
    enough = CONFIRMATIONS_IN_DOUBT if is_broken and status == NOT_FOUND else CONFIRMATIONS
    return GONE.get(status or 0) if missing + 1 >= enough else None
