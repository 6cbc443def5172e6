"""`geowire status`: what is wrong and what to do next; feeds by health, entries by outcome, lag, dead letters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.console import print_counts, print_json, print_table, say
from cli.status_faults import BusFacts, Fault, Observed, Trouble, faults
from cli.status_observe import observe
from geowire.settings import load_settings
from ingest.overview import Overview


def status(as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False) -> None:
    """How everything is, and each fault with the next step. Ends with 1 if something is wrong, with 0 if nothing is.

    Example: [bold]geowire status[/bold]
    """
    settings = load_settings()
    observed = observe(settings)
    found = faults(observed)
    if as_json:
        print_json(facts(observed) | {"bus": settings.bus_url, "faults": [fault_facts(fault) for fault in found]})
    else:
        print_status(observed, settings.bus_url)
        for fault in found:
            say(f"fault: {fault.line}")
    if found:
        raise typer.Exit(1)


def fault_facts(fault: Fault) -> dict[str, str]:
    """For a program."""
    return {"kind": fault.kind, "what": fault.what, "next": fault.next_step}


def facts(observed: Observed) -> dict[str, Any]:
    """What could be read, for a program; a source that did not answer has no facts."""
    found: dict[str, Any] = {} if isinstance(observed.state, Trouble) else observed.state.facts()
    return found if isinstance(observed.bus, Trouble) else found | bus_facts(observed.bus)


def bus_facts(bus: BusFacts) -> dict[str, Any]:
    """Messages on each topic, lag and members of each stage, dead letters that wait."""
    return {
        "topics": dict(bus.topics),
        "lag": {stage: look.lag for stage, look in bus.stages.items()},
        "members": {stage: look.members for stage, look in bus.stages.items()},
        "dead_letters": sum(bus.dead_letters.values()),
    }


def print_status(observed: Observed, bus_url: str) -> None:
    """For a person: what is well in a line, what is not in rows."""
    if not isinstance(observed.state, Trouble):
        print_state(observed.state)
    if not isinstance(observed.bus, Trouble):
        print_bus(observed.bus, bus_url)


def print_state(overview: Overview) -> None:
    """What the state of ingest tells."""
    if not any(overview.states.values()):
        say("no feed was polled yet; name some (geowire feeds add URL), then geowire poll")
    print_counts("Feeds by health", overview.states, "state")
    print_counts("Entries by outcome", overview.outcomes, "outcome")
    failing = [
        (feed.title or feed.url, feed.state, minute(feed.since), feed.why or feed.error) for feed in overview.failing
    ]
    if failing:
        print_table("Feeds that need a look", ("feed", "state", "since", "why"), failing[:20])
    say(f"outbox: {overview.waiting} waiting; last poll: {minute(overview.last_poll)}; feeds due: {overview.due}")


def minute(moment: datetime | None) -> str:
    """A moment as a person reads it, in UTC; `never` if there is none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else "never"


def print_bus(bus: BusFacts, url: str) -> None:
    """What the bus tells."""
    print_table("Topics", ("topic", "messages written"), list(bus.topics.items()))
    rows = [(stage, look.lag, look.members) for stage, look in bus.stages.items()]
    print_table("Stages", ("stage", "still to read", "running"), rows)
    say(f"dead letters: {sum(bus.dead_letters.values())} waiting; bus: {url}")
