"""What a poll and its kin report: pure, so that what a person sees in the UI is tested without it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from flows.markup import Markdown, address, count_rows, escape, link, section, table
from ingest.backfill import Period
from ingest.housekeeping import Housekeeping
from ingest.report import FeedReport, PollReport

ROWS_LIMIT = 200
SLOW_HOSTS = 10
SLOW = timedelta(seconds=1)
OUTCOMES = {
    "published": "new articles",
    "updated": "articles with a new version",
    "unchanged": "known, and as they were",
    "duplicate": "known from another feed",
    "rejected": "will never be articles",
    "failed": "could not be read this time",
    "withdrawn": "articles taken back",
}
"""What each outcome means to who reads the report."""


def poll_markdown(report: PollReport) -> str:
    """What came of every entry, of every feed that failed, and where the time went."""
    return "\n".join([*headline(report), *outcome_lines(report.entries), *feed_lines(report), *slow_lines(report)])


def backfill_markdown(report: PollReport, period: Period) -> str:
    """The same for a backfill, and which period it was about."""
    days = f"Entries of {period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC."
    return "\n".join(
        ["## Backfill", "", days, "", *headline(report), *outcome_lines(report.entries), *feed_lines(report)]
    )


def one_line(report: PollReport) -> str:
    """The poll for the run's log: feeds by result, entries by outcome."""
    results = ", ".join(f"{count} {result}" for result, count in report.results.items()) or "none was due"
    entries = ", ".join(f"{count} {outcome}" for outcome, count in report.entries.items()) or "none"
    return f"feeds: {results}; entries: {entries}"


def headline(report: PollReport) -> list[str]:
    """The poll in two lines."""
    seconds = report.duration.total_seconds()
    published = report.entries.get("published", 0)
    lines = [f"## {published:,} new articles from {len(report.feeds):,} feeds in {seconds:,.0f} s", ""]
    if report.undelivered:
        lines += [f"**{report.undelivered:,} messages wait**: the bus does not answer; the next poll sends them.", ""]
    if report.unasked:
        lines += [
            f"**{report.unasked:,} feeds were not asked**: the poll's time was over; the next poll asks them.",
            "",
        ]
    return [*lines, f"{report.entries_seen:,} entries of {len(report.feeds):,} feeds were handled."]


def outcome_lines(entries: Mapping[str, int]) -> list[str]:
    """Entries by outcome, which add up, and then the reasons of those that came to nothing."""
    kinds: Counter[str] = Counter()
    for outcome, count in entries.items():
        kinds[outcome.partition(":")[0]] += count
    rows = [(kind, count, OUTCOMES.get(kind, "")) for kind, count in kinds.most_common()]
    lines = section(
        "Entries", ("outcome", "entries", "which are"), [*rows, (Markdown("**in all**"), kinds.total(), "")]
    )
    reasons = [(*outcome.split(":", 1), count) for outcome, count in entries.items() if ":" in outcome]
    return lines + section("Why not", ("outcome", "reason", "entries"), reasons)


def feed_lines(report: PollReport) -> list[str]:
    """Feeds by result and by health, each with what needs a look."""
    states = Counter(feed.state for feed in report.feeds)
    failing = [(feed_link(feed), feed.error or "") for feed in report.failures]
    turned = [(feed_link(feed), f"{feed.state_before} -> {feed.state}", feed.why or "") for feed in report.turned]
    return [
        *section("Feeds by result", ("result", "feeds"), list(report.results.items())),
        *section("Feeds by health", ("state", "feeds"), states.most_common()),
        *section(f"{len(failing)} failing", ("feed", "why"), failing),
        *section(f"{len(turned)} with a new state", ("feed", "state", "why"), turned),
    ]


def slow_lines(report: PollReport) -> list[str]:
    """The hosts that took longest."""
    rows = [(host, feeds, f"{longest:.1f}") for host, feeds, longest in slowest_hosts(report.feeds)]
    return section("Slowest hosts", ("host", "feeds", "longest, s"), rows)


def slowest_hosts(feeds: Iterable[FeedReport]) -> list[tuple[str, int, float]]:
    """Host, number of its feeds, and how many seconds the slowest of them took; only if that is a second or more."""
    by_host: defaultdict[str, list[timedelta]] = defaultdict(list)
    for feed in feeds:
        by_host[urlsplit(feed.url).hostname or feed.url].append(feed.duration)
    rows = [(host, len(took), max(took)) for host, took in by_host.items() if max(took) >= SLOW]
    rows.sort(key=lambda row: (-row[2], row[0]))
    return [(host, number, longest.total_seconds()) for host, number, longest in rows[:SLOW_HOSTS]]


def feed_link(feed: FeedReport) -> Markdown:
    """The feed's title, leading to its address."""
    return link(feed.title or feed.url, feed.url)


def feed_rows(report: PollReport) -> list[dict[str, object]]:
    """A row for each feed: the failing ones first, then the slowest, at most 200."""
    ordered = sorted(report.feeds, key=lambda feed: (feed.error is None, -feed.duration))
    return [feed_row(feed) for feed in ordered[:ROWS_LIMIT]]


def feed_row(feed: FeedReport) -> dict[str, object]:
    """What one feed gave. Prefect's UI renders a table's cells as Markdown, so what others wrote is escaped."""
    return {
        "feed": escape(feed.title or feed.url),
        "result": feed.result,
        "state": feed.state,
        "status": feed.http_status,
        "entries": feed.entries_seen,
        "outcomes": ", ".join(f"{outcome} {count}" for outcome, count in feed.entries.items()),
        "seconds": round(feed.duration.total_seconds(), 2),
        "error": escape(feed.error or ""),
        "url": address(feed.url),
    }


def revisit_markdown(outcomes: Mapping[str, int], visited: int) -> str:
    """What came of the pages that were read again."""
    if not visited:
        return "## No page was due"
    changed = sum(outcomes.get(outcome, 0) for outcome in ("updated", "withdrawn"))
    head = f"## {visited:,} pages were read again, {changed:,} articles changed or went"
    return "\n".join([head, "", table(("outcome", "pages"), count_rows(outcomes))])


def housekeeping_markdown(done: Housekeeping, expired: int, days: int) -> str:
    """What was forgotten."""
    rows = [
        ("entries that were done", done.entries),
        ("texts of articles", done.texts),
        ("daily counts, added up", done.counts),
        ("feeds that left the catalogue", done.feeds),
        ("records of the embedded bus", expired),
    ]
    waiting = f"\n\n**{done.waiting:,} messages wait** in the outbox: the bus does not answer." if done.waiting else ""
    head = f"## {sum(count for _, count in rows):,} rows were dropped"
    return f"{head}\n\nOlder than {days} days, or than their topic keeps.\n\n{table(('what', 'rows'), rows)}{waiting}"
