"""`geowire replay tag|relate|flag`: a stage once more over what its topic holds, beside the live pipeline."""

from __future__ import annotations

import signal
from dataclasses import asdict
from typing import Annotated

import typer

from cli.console import note, print_json, progress, say
from cli.stages import StageName, ready_bus
from flows.replaying import Report, open_replay, parse_time
from geowire.monitor import Counts
from geowire.replay import Plan
from geowire.settings import load_settings

app = typer.Typer(
    help="Run a stage again over what its topic holds now, into topics of its own: <topic>.<label>. Stopped, the same "
    "command goes on. Times are those of publication, in UTC.\n\n"
    "Example: [bold]geowire replay tag --label retag-2 --from 2026-11-01[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Label = Annotated[str, typer.Option(help="Name of this replay; its topics are called <topic>.<label>.")]
Since = Annotated[str, typer.Option("--from", help="Only what was published since, such as 2026-11-01.")]
Until = Annotated[str, typer.Option("--to", help="Only what was published before.")]
Source = Annotated[str | None, typer.Option("--input", help="Read what the replay of this label wrote.")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Stop after about so many messages.")]
Json = Annotated[bool, typer.Option("--json", help="Print what was done as one line of JSON.")]


@app.command()
def tag(
    label: Label,
    since: Since = "",
    until: Until = "",
    live: Annotated[
        bool, typer.Option("--live", help="Into the live topic; refused unless the model is newer.")
    ] = False,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Tag articles again: articles -> tagged.<label>, or with --live -> tagged.

    Example: [bold]geowire replay tag --label retag-2 --live[/bold]
    """
    replay("tag", Plan(label, parse_time(since), parse_time(until), live), limit, as_json=as_json)


@app.command()
def relate(
    label: Label,
    since: Since = "",
    until: Until = "",
    source: Source = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Group articles again, from nothing: tagged -> stories.<label>.

    Example: [bold]geowire replay relate --label retag-2 --input retag-2[/bold]
    """
    replay("relate", Plan(label, parse_time(since), parse_time(until), source_label=source), limit, as_json=as_json)


@app.command()
def flag(
    label: Label,
    since: Since = "",
    until: Until = "",
    source: Source = None,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Fire the watches again, from nothing: stories -> flagged.<label>.

    Example: [bold]geowire replay flag --label retag-2 --input retag-2[/bold]
    """
    replay("flag", Plan(label, parse_time(since), parse_time(until), source_label=source), limit, as_json=as_json)


def replay(name: StageName, plan: Plan, limit: int | None, *, as_json: bool) -> None:
    """Run a replay until it is done or stopped."""
    settings = load_settings()
    with ready_bus(settings) as bus, open_replay(name, settings, bus, plan) as opened, progress() as bar:
        total = opened.still_to_read()
        row = bar.add_task(f"{name} {plan.label}", total=total or None, detail="")

        def show(counts: Counts) -> None:
            bar.update(row, completed=total - opened.still_to_read(), detail=f"{counts.dead} dead letters")

        loop = opened.loop(show, limit)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        report = opened.report(loop.run())
    if as_json:
        print_json(asdict(report))
    else:
        print_report(report)


def print_report(report: Report) -> None:
    """For a person."""
    letters = f", {report.dead_letters} dead letters in geowire.deadletters.v1.{report.label}"
    say(
        f"{report.stage}: {report.read} read from {report.reads}, {report.published} published to "
        f"{', '.join(report.writes)}{letters if report.dead_letters else ''}"
    )
    if report.still_to_read:
        note(f"geowire: {report.still_to_read} still to read; the same command goes on from here")
