"""`geowire prefect setup`: makes a Prefect server ready for geowire."""

from __future__ import annotations

import asyncio

import typer

from cli.console import say
from geowire.settings import load_settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def prefect() -> None:
    """The Prefect server that runs the polls on a schedule.

    Example: [bold]geowire prefect setup[/bold]
    """


@app.command()
def setup() -> None:
    """Make work pool, queues, deployments and automations on the server that PREFECT_API_URL names.

    Twice is the same as once. GEOWIRE_ALERT_WEBHOOK says where alerts go.
    Example: [bold]PREFECT_API_URL=http://127.0.0.1:4200/api geowire prefect setup[/bold]
    """
    from flows.setup import set_up  # noqa: PLC0415  # prefect takes two seconds to import

    for line in asyncio.run(set_up(load_settings().alert_webhook)):
        say(line)
