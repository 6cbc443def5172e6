"""`geowire revisit` and `geowire forget`: what becomes of articles after they were published."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.console import print_counts, print_json, say
from cli.stages import ready_bus
from geowire.errors import Misconfigured
from geowire.settings import load_settings
from ingest.identity import repair_link
from ingest.once import forget_once, revisit_once


def revisit(
    limit: Annotated[int, typer.Option(help="Read at most so many pages.", min=1, max=10_000)] = 2_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one line of JSON.")] = False,
) -> None:
    """Read again the pages of young articles that are due: publish what changed, withdraw what is gone.

    GEOWIRE_REVISIT_AGES says at which ages. Example: [bold]geowire revisit --limit 500[/bold]
    """
    settings = load_settings()
    with ready_bus(settings, absent="later") as bus:
        report = asyncio.run(revisit_once(settings, bus, limit))
    if as_json:
        print_json({"visited": report.visited, "outcomes": dict(report.outcomes)})
    elif report.visited:
        print_counts(f"{report.visited} pages", report.outcomes, "outcome")
    else:
        say("no page is due")


def forget(
    url: Annotated[str, typer.Argument(help="Any address that leads to the article.")],
) -> None:
    """Take back an article: its readers are told to drop it, and geowire keeps nothing of it.

    What is on the topics stays there until it is too old (14 days). Example: [bold]geowire forget https://example.org/story[/bold]
    """
    address = repair_link(url)
    if address is None:
        raise Misconfigured(f"{url[:200]!r} is not the address of an article; write http://... or https://...")
    settings = load_settings()
    with ready_bus(settings, absent="later") as bus:
        forgotten = forget_once(settings, bus, address)
    if forgotten is None:
        raise Misconfigured(f"no article is known at {address}; write its address as geowire tail shows it")
    say(f"forgotten: {forgotten.id}; version {forgotten.version} tells every reader to drop it")
