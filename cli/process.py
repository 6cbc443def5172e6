"""`geowire process tag|relate|flag`: one stage as a long-lived consumer."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from cli.console import note, print_json, progress, say, set_up_logging
from cli.monitored import monitored
from cli.stages import StageName, loop_options, open_stage, ready_bus
from geowire.bus import Bus
from geowire.monitor import Counts
from geowire.settings import load_settings
from geowire.stage import group_of

app = typer.Typer(
    help="Run one stage as a long-lived consumer; Ctrl-C or SIGTERM finishes the batch in hand.\n\n"
    "Example: [bold]geowire process tag --until-idle[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

UntilIdle = Annotated[bool, typer.Option("--until-idle", help="End when everything there is has been read.")]
Json = Annotated[bool, typer.Option("--json", help="Print the counts as one line of JSON.")]


@app.command()
def tag(until_idle: UntilIdle = False, as_json: Json = False) -> None:
    """Find entities, countries, themes and military-aid facts: articles -> tagged.

    Example: [bold]geowire process tag --until-idle[/bold]
    """
    process("tag", until_idle=until_idle, as_json=as_json)


@app.command()
def relate(until_idle: UntilIdle = False, as_json: Json = False) -> None:
    """Group articles into stories: tagged -> stories.

    Example: [bold]geowire process relate --until-idle[/bold]
    """
    process("relate", until_idle=until_idle, as_json=as_json)


@app.command()
def flag(until_idle: UntilIdle = False, as_json: Json = False) -> None:
    """Fire the watches: stories -> flagged.

    Example: [bold]geowire process flag --until-idle[/bold]
    """
    process("flag", until_idle=until_idle, as_json=as_json)


def process(name: StageName, *, until_idle: bool, as_json: bool) -> None:
    """Run a stage until it is stopped, or idle."""
    settings = load_settings()
    set_up_logging(settings, f"process {name}")
    with (
        ready_bus(settings, absent="fails" if until_idle else "waits") as bus,
        open_stage(name, settings) as opened,
        monitored(settings, opened) as monitor,
        progress() as bar,
    ):
        row = bar.add_task(name, total=waiting(bus, name, opened.stage.topic) or None, detail="")

        def show(counts: Counts) -> None:
            bar.update(row, completed=counts.taken, detail=f"{counts.published} published, {counts.dead} dead letters")

        loop = opened.loop(bus, loop_options(settings, until_idle=until_idle), show, monitor)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        if not until_idle:
            note(f"geowire: {group_of(name)} reads {opened.stage.topic}; Ctrl-C ends it")
        counts = loop.run()
    report(name, counts, as_json=as_json)


def waiting(bus: Bus, name: StageName, topic: str) -> int:
    """How many messages the stage has still to read."""
    return sum(extent.lag for extent in bus.extents(group_of(name), [topic]).values())


def report(name: str, counts: Counts, *, as_json: bool) -> None:
    """What the stage has done."""
    facts = {"stage": name, "taken": counts.taken, "published": counts.published, "dead_letters": counts.dead}
    if as_json:
        print_json(facts | {"reasons": counts.reasons, "retries": counts.retries})
        return
    reasons = "".join(f", {reason} {count}" for reason, count in counts.reasons.items())
    say(f"{name}: {counts.taken} read, {counts.published} published, {counts.dead} dead letters{reasons}")
