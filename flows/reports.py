"""Reports as tables and text: pure, so that what a person sees in the UI is tested without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from ingest.report import FeedReport, PollReport

ROWS_LIMIT = 200


class Markdown(str):
    """A text that was made here and may be markup; every other text is shown as it is."""

    __slots__ = ()


def poll_markdown(report: PollReport) -> str:
    """What came of every entry, and of every feed that failed."""
    lines = [
        f"## {report.entries_seen} entries of {len(report.feeds)} feeds",
        "",
        markdown_table(
            ("outcome", "entries"), [*report.entries.items(), (Markdown("**in all**"), sum(report.entries.values()))]
        ),
        "",
        "### Feeds",
        "",
        markdown_table(("result", "feeds"), list(report.results.items())),
    ]
    if failing := report.failures:
        rows = [(link(feed), feed.error or "") for feed in failing[:20]]
        lines += ["", f"### {len(failing)} failing", "", markdown_table(("feed", "why"), rows)]
    if turned := report.turned:
        changes = [(link(feed), f"{feed.state_before} -> {feed.state}", feed.why or "") for feed in turned[:20]]
        lines += ["", f"### {len(turned)} with a new state", "", markdown_table(("feed", "state", "why"), changes)]
    return "\n".join(lines)


def link(feed: FeedReport) -> Markdown:
    """The feed's title, leading to its address if that is one of the web."""
    title = escape(feed.title or feed.url)
    return Markdown(f"[{title}](<{address(feed.url)}>)" if is_web_address(feed.url) else title)


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
        "error": None if feed.error is None else escape(feed.error),
        "url": address(feed.url) if is_web_address(feed.url) else escape(feed.url),
    }


def outcome_rows(outcomes: Mapping[str, int]) -> list[dict[str, object]]:
    """A row for each outcome, the most frequent first."""
    ordered = sorted(outcomes.items(), key=lambda row: (-row[1], row[0]))
    return [{"outcome": outcome, "pages": count} for outcome, count in ordered]


def lag_rows(lags: Mapping[str, int]) -> list[dict[str, object]]:
    """A row for each stage."""
    return [{"stage": stage, "still to read": lag} for stage, lag in lags.items()]


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; whatever stands in a cell stays in it."""
    head = [" | ".join(columns), " | ".join("---" for _ in columns)]
    body = [" | ".join(cell_text(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in [*head, *body])


def cell_text(cell: object) -> str:
    """One line that stays in its cell."""
    text = cell if isinstance(cell, Markdown) else escape(str(cell))
    return " ".join(text.split())


def escape(text: str) -> str:
    """Feeds choose their titles: nothing in one may be markup, a link or a control character."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).replace("&", "&amp;").replace("<", "&lt;")
    marked = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", plain)
    return marked.replace("://", "&#58;//").replace("www.", "www&#46;")  # else a bare address becomes a link


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: `javascript:` and the like run what they hold."""
    return url.lower().startswith(("https://", "http://"))


def address(url: str) -> str:
    """The address with everything percent-encoded that means something in Markdown."""
    return quote(url, safe="/:?#@!$&'+,;=%~._-")
