"""Reports on how everything stands, from what ingest's state holds. Pure."""

from __future__ import annotations

from datetime import datetime

from flows.markup import Markdown, link, section, table
from ingest.last_day import LastDay
from ingest.overview import Overview

STATES = {
    "healthy": "as they should be",
    "new": "not polled yet",
    "failing": "could not be read at the last poll",
    "silent": "answer, but bring nothing that was to be expected",
    "gone": "answered 410; asked again every 30 days",
}


def health_markdown(overview: Overview) -> str:
    """Feeds by health; those that need a look with links and reasons, the longest unwell first."""
    unwell = len(overview.failing)
    head = (
        f"## {unwell:,} of {sum(overview.states.values()):,} feeds need a look" if unwell else "## All feeds are well"
    )
    states = [(state, count, STATES.get(state, "")) for state, count in overview.states.items()]
    rows = [
        (link(feed.title or feed.url, feed.url), feed.state, moment(feed.since), feed.why or feed.error or "")
        for feed in overview.failing
    ]
    return "\n".join(
        [
            head,
            "",
            table(("state", "feeds", "which are"), states),
            *section("Feeds that need a look", ("feed", "state", "since", "why"), rows, most=100),
        ]
    )


def day_markdown(day: LastDay, overview: Overview) -> str:
    """Today and yesterday beside each other, the busiest feeds, and what waits."""
    outcomes = sorted({*day.today, *day.yesterday}, key=lambda outcome: -day.yesterday.get(outcome, 0))
    rows = [(outcome, day.today.get(outcome, 0), day.yesterday.get(outcome, 0)) for outcome in outcomes]
    sums = (Markdown("**in all**"), sum(day.today.values()), sum(day.yesterday.values()))
    busiest = [(link(feed.title, feed.url), feed.published) for feed in day.busiest]
    return "\n".join(
        [
            f"## {day.today.get('published', 0):,} new articles today, {day.yesterday.get('published', 0):,} yesterday",
            "",
            f"{day.polled:,} of {day.feeds:,} feeds were polled within 24 hours; {overview.pending:,} entries are "
            f"tried again at the next poll, {overview.waiting:,} messages wait for the bus.",
            *section("Entries by outcome", ("outcome", "today", "yesterday"), [*rows, sums], most=100),
            *section("Feeds with the most new articles", ("feed", "new"), busiest),
        ]
    )


def moment(when: datetime | None) -> str:
    """A time to the minute."""
    return f"{when:%Y-%m-%d %H:%M}" if when else ""
