"""`geowire rebuild`: ingest's lost database from what was published."""

from __future__ import annotations

import random
from typing import Annotated

import typer

from cli.console import progress, say
from cli.stages import ready_bus
from geowire.settings import load_settings
from geowire.topics import ARTICLES
from ingest.poll import utc_now
from ingest.rebuild import Rebuilt, VisitPlan, rebuild_state


def rebuild(
    into_existing: Annotated[
        bool, typer.Option("--into-existing", help="Add to a database that knows articles already.")
    ] = False,
) -> None:
    """Rebuild the database of ingest from geowire.articles.v1, so that nothing is published twice.

    Poll only when it is done. Example: [bold]geowire rebuild[/bold]
    """
    settings = load_settings()
    plan = VisitPlan(utc_now(), settings.revisit_ages, random.SystemRandom().random)
    with ready_bus(settings) as bus, progress() as bar:
        row = bar.add_task("articles", total=None, detail="")

        def show(so_far: Rebuilt) -> None:
            bar.update(row, completed=len(so_far.articles), detail=f"{so_far.messages} messages")

        rebuilt = rebuild_state(settings, bus, plan, into_existing=into_existing, on_progress=show)
    say(
        f"{len(rebuilt.articles)} articles from {rebuilt.messages} messages of {ARTICLES.name}, "
        f"{len(rebuilt.withdrawn)} of them withdrawn; the next poll reads the pages that feeds still list once more"
    )
