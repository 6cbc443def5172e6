"""Prefect events: what somebody may want to be told of. One for each feed whose state changed, one for each poll."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.events import emit_event

from ingest.report import FeedReport, PollReport

EVENTS_LIMIT = 100
"""Feeds that one poll tells of; a network that fails must not flood the server."""


def feed_events(feeds: Iterable[FeedReport]) -> list[dict[str, Any]]:
    """The events of feeds whose state changed, such as `geowire.feed.failing`, as arguments for Prefect."""
    return [
        {
            "event": f"geowire.feed.{feed.state}",
            "resource": {
                "prefect.resource.id": f"geowire.feed.{feed.feed_id}",
                "prefect.resource.name": feed.title or feed.url,
                "geowire.url": feed.url,
            },
            "payload": {"before": feed.state_before, "why": feed.why, "error": feed.error, "url": feed.url},
        }
        for feed in feeds
        if feed.has_turned
    ][:EVENTS_LIMIT]


def poll_event(report: PollReport) -> dict[str, Any]:
    """`geowire.poll.finished`, the heartbeat that an automation can miss."""
    return {
        "event": "geowire.poll.finished",
        "resource": {"prefect.resource.id": "geowire.poll", "prefect.resource.name": "poll"},
        "payload": {"feeds": len(report.feeds), "results": report.results, "entries": report.entries},
    }


def emit_poll(report: PollReport) -> None:
    """Tell the server of a finished poll."""
    for event in [*feed_events(report.feeds), poll_event(report)]:
        emit_event(**event)
