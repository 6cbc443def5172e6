"""`geowire poll`: one poll of the feeds that are due, the same work that a deployment's flow runs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from cli.console import note, print_counts, print_json, progress, say
from cli.stages import ready_bus
from geowire.bus import Bus
from geowire.settings import Settings, load_settings
from ingest.once import poll_once
from ingest.report import FeedReport, PollReport


def poll(
    all_feeds: Annotated[bool, typer.Option("--all", help="Poll every feed, due or not.")] = False,
    feeds: Annotated[str, typer.Option("--feeds", help="A feed list instead of GEOWIRE_FEEDS: path or address.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one line of JSON.")] = False,
) -> None:
    """Poll the feeds that are due, publish what is new, and say what came of every entry.

    Example: [bold]geowire poll --all --feeds feeds.opml[/bold]
    """
    settings = load_settings(feeds=feeds) if feeds else load_settings()
    with ready_bus(settings, absent="later") as bus:
        report = asyncio.run(poll_with_progress(settings, bus, all_feeds=all_feeds))
    if as_json:
        print_json(report_facts(report))
    else:
        print_report(report)


async def poll_with_progress(settings: Settings, bus: Bus, *, all_feeds: bool) -> PollReport:
    """One poll with a bar that counts feeds."""
    done = entries = 0
    with progress() as bar:
        row = bar.add_task("feeds", total=None, detail="")

        def show(feed: FeedReport) -> None:
            nonlocal done, entries
            done, entries = done + 1, entries + feed.entries_seen
            bar.update(row, completed=done, detail=f"{entries} entries")

        return await poll_once(settings, bus, all_feeds=all_feeds, on_progress=show)


def report_facts(report: PollReport) -> dict[str, Any]:
    """The report for a program."""
    return {
        "feeds": len(report.feeds),
        "results": report.results,
        "entries_seen": report.entries_seen,
        "entries": report.entries,
        "undelivered": report.undelivered,
        "failures": [{"url": feed.url, "error": feed.error} for feed in report.failures],
        "by_feed": [feed_facts(feed) for feed in report.feeds],
    }


def feed_facts(feed: FeedReport) -> dict[str, Any]:
    """One feed's part of it."""
    return {
        "url": feed.url,
        "result": feed.result,
        "state": feed.state,
        "http_status": feed.http_status,
        "entries": dict(feed.entries),
        "problems": dict(feed.problems),
        "seconds": round(feed.duration.total_seconds(), 3),
        "bytes": feed.bytes_read,
        "error": feed.error,
    }


def print_report(report: PollReport) -> None:
    """The report for a person."""
    if not report.feeds:
        say("no feed is due; write --all to poll every one")
        return
    results = ", ".join(f"{count} {result}" for result, count in report.results.items())
    say(f"{len(report.feeds)} feeds: {results}")
    print_counts(f"{report.entries_seen} entries", report.entries, "outcome")
    for feed in report.failures[:20]:
        say(f"failed: {feed.title or feed.url}: {feed.error}")
    if report.undelivered:
        note(
            f"geowire: {report.undelivered} messages wait in the outbox until the bus answers; the next poll sends them"
        )
