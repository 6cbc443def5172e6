"""`geowire status`: feeds by health, entries by outcome, lag of each stage, dead letters."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.console import print_counts, print_json, print_table, say
from cli.stages import READS, ready_bus
from geowire.bus import Bus
from geowire.consume import group_of
from geowire.retries import waiting_letters
from geowire.settings import load_settings
from geowire.topics import TOPICS
from ingest.overview import Overview, read_overview


def status(as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False) -> None:
    """How everything is: feeds by health, entries by outcome, lag of each stage, dead letters.

    Example: [bold]geowire status[/bold]
    """
    settings = load_settings()
    overview = read_overview(settings)
    with ready_bus(settings) as bus:
        facts = {"bus": settings.bus_url} | bus_facts(bus)
    if as_json:
        print_json(overview.facts() | facts)
    else:
        print_status(overview, facts)


def bus_facts(bus: Bus) -> dict[str, Any]:
    """Messages on each topic, lag of each stage, dead letters."""
    ends = {topic.name: written(bus, topic.name) for topic in TOPICS}
    lags = {name: sum(e.lag for e in bus.extents(group_of(name), [topic]).values()) for name, topic in READS.items()}
    return {"topics": ends, "lag": lags, "dead_letters": sum(1 for _ in waiting_letters(bus))}


def written(bus: Bus, topic: str) -> int:
    """Messages ever written to a topic."""
    return sum(extent.end for extent in bus.extents("geowire.status", [topic]).values())


def print_status(overview: Overview, facts: dict[str, Any]) -> None:
    """For a person: what is well in a line, what is not in rows."""
    print_counts("Feeds by health", overview.states, "state")
    print_counts("Entries by outcome", overview.outcomes, "outcome")
    failing = [(feed.title or feed.url, feed.state, feed.since, feed.why or feed.error) for feed in overview.failing]
    if failing:
        print_table("Feeds that need a look", ("feed", "state", "since", "why"), failing[:20])
    print_table("Topics", ("topic", "messages written"), list(facts["topics"].items()))
    print_table("Stages", ("stage", "still to read"), list(facts["lag"].items()))
    say(f"dead letters: {facts['dead_letters']} waiting; outbox: {overview.waiting} waiting; bus: {facts['bus']}")
