"""Prefect events: what somebody may want to be told of. Feeds and stages tell of a change, polls of their end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.events import emit_event

from flows.stage_reports import Growth, StageHealth
from ingest.report import FeedReport, PollReport

EVENTS_LIMIT = 100
"""Feeds that one poll tells of; a network that fails must not flood the server."""
POLL_FINISHED = "geowire.poll.finished"
LAG_GREW = "geowire.stage.lag-grew"
DEADLETTERS_GREW = "geowire.deadletters.grew"
FEED_TURNED = "geowire.feed.{state}"


def feed_events(feeds: Iterable[FeedReport]) -> list[dict[str, Any]]:
    """The events of feeds whose state changed, such as `geowire.feed.failing`, as arguments for Prefect."""
    return [
        {
            "event": FEED_TURNED.format(state=feed.state),
            "resource": {
                "prefect.resource.id": f"geowire.feed.{feed.feed_id}",
                "prefect.resource.name": feed.title or feed.url,
                "geowire.url": feed.url,
            },
            "payload": {
                "before": feed.state_before,
                "why": feed.why,
                "error": feed.error,
                "url": feed.url,
                "summary": f"{feed.title or feed.url}: {feed.why or feed.error or feed.state}",
            },
        }
        for feed in feeds
        if feed.has_turned
    ][:EVENTS_LIMIT]


def poll_event(report: PollReport) -> dict[str, Any]:
    """`geowire.poll.finished`, the heartbeat that an automation can miss."""
    return {
        "event": POLL_FINISHED,
        "resource": {"prefect.resource.id": "geowire.poll", "prefect.resource.name": "poll"},
        "payload": {"feeds": len(report.feeds), "results": report.results, "entries": report.entries},
    }


def growth_events(health: StageHealth, grown: Growth) -> list[dict[str, Any]]:
    """One for each stage that falls behind, one if there are new dead letters; none if all is steady."""
    events: list[dict[str, Any]] = [
        {
            "event": LAG_GREW,
            "resource": {"prefect.resource.id": f"geowire.stage.{stage}", "prefect.resource.name": stage},
            "payload": {
                "before": before,
                "lag": now,
                "summary": f"{stage} has {now:,} messages still to read; it were {before:,} at the last look",
            },
        }
        for stage, (before, now) in grown.lags.items()
    ]
    if grown.dead_letters:
        before, now = grown.dead_letters
        resource = {"prefect.resource.id": "geowire.deadletters", "prefect.resource.name": "dead letters"}
        summary = f"{now - before:,} new dead letters; geowire deadletters list shows them"
        payload = {"before": before, "count": now, "lags": health.lags, "summary": summary}
        events.append({"event": DEADLETTERS_GREW, "resource": resource, "payload": payload})
    return events


def emit_poll(report: PollReport) -> None:
    """Tell the server of a finished poll."""
    for event in [*feed_events(report.feeds), poll_event(report)]:
        emit_event(**event)


def emit_growth(health: StageHealth, grown: Growth) -> None:
    """Tell the server of what has grown."""
    for event in growth_events(health, grown):
        emit_event(**event)
