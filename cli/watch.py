"""`geowire watch check|test|send`: a watches file before anybody relies on it, and where flags go beside the topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli.console import note, out, print_json, print_table, say, visible_json
from cli.stages import ready_bus
from cli.tail import deliveries, full_name
from cli.webhook import send
from cli.wire_lines import flagged_lines
from geowire.bus import Reader
from geowire.errors import Misconfigured, Rejected
from geowire.events import Event, decode
from geowire.messages import Flagged
from geowire.settings import Settings, load_settings
from geowire.topics import STORIES
from processors.flag import Watch, read_watches, rehearse, shipped_watches

app = typer.Typer(
    help="Watches: what to flag. How to write one: docs/add-a-watch.md.\n\n"
    "Example: [bold]geowire watch test watches.yaml[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.command()(send)

File = Annotated[Path | None, typer.Argument(help="A watches file; without it the watches in force.", metavar="FILE")]


@app.command()
def check(
    file: File = None, as_json: Annotated[bool, typer.Option("--json", help="One line for each.")] = False
) -> None:
    """Say whether a watches file is good, or which line is wrong and what to write instead.

    Example: [bold]geowire watch check watches.yaml[/bold]
    """
    watches = watches_of(file, load_settings())
    if as_json:
        for watch in watches:
            print_json(watch.model_dump(mode="json", by_alias=True, exclude_unset=True))
        return
    rows = [(watch.id, watch.title, ", ".join(watch.reasons), ", ".join(watch.again_on)) for watch in watches]
    print_table(f"{len(watches)} good watches", ("watch", "title", "fires on", "again on"), rows)


@app.command("test")
def try_out(
    file: File = None,
    source: Annotated[
        str,
        typer.Option("--from", help="The topic with the past: stories, or a replay of it."),
    ] = STORIES.name,
    as_json: Annotated[bool, typer.Option("--json", help="Each flag as one line of JSON, oldest first.")] = False,
) -> None:
    """Show what the watches would have flagged in the stories that are on the bus; publishes and keeps nothing.

    Example: [bold]geowire watch test watches.yaml[/bold]
    """
    settings = load_settings()
    watches = watches_of(file, settings)
    topic = stories_topic(source)
    with ready_bus(settings) as bus, bus.read(topic) as reader:
        flags = sorted(flags_in(rehearse(watches, past(reader))), key=lambda flag: flag.flagged_at)
    for flag in flags:
        if as_json:
            out.file.write(visible_json(flag.model_dump_json()) + "\n")
            continue
        for line in flagged_lines(flag):
            say(line)
    if not as_json:
        print_summary(watches, flags)


def watches_of(file: Path | None, settings: Settings) -> Sequence[Watch]:
    """The watches of a file, else those that the stage would take."""
    path = file or settings.watches
    return read_watches(path) if path else shipped_watches()


def stories_topic(name: str) -> str:
    """The full name of a topic with stories. Raises `Misconfigured` for any other."""
    topic = full_name(name)
    if topic != STORIES.name and not topic.startswith(f"{STORIES.name}."):
        raise Misconfigured(f"--from {name}: watches read stories; write {STORIES.name} or a replay of it")
    return topic


def past(reader: Reader) -> Iterator[Event]:
    """Everything on a topic of stories; what is no story of geowire's is counted and left out."""
    stories = unreadable = 0
    for delivery in deliveries(reader, None, to_end=True):
        try:
            yield decode(delivery)
        except Rejected:
            unreadable += 1
        else:
            stories += 1
    if not stories:
        note("geowire: there are no stories yet; have some with geowire demo --data DIR, and name it in GEOWIRE_DATA")
    if unreadable:
        note(f"geowire: {unreadable} messages are not geowire's and were left out")


def flags_in(events: Iterator[Event]) -> Iterator[Flagged]:
    """The flags among events."""
    return (event.data for event in events if isinstance(event.data, Flagged))


def print_summary(watches: Sequence[Watch], flags: Sequence[Flagged]) -> None:
    """How often each watch would have fired: those that never would are what one looks for."""
    raised = Counter(flag.watch for flag in flags if flag.retracts is None)
    retracted = Counter(flag.watch for flag in flags if flag.retracts is not None)
    stories = {watch.id: len({flag.story_id for flag in flags if flag.watch == watch.id}) for watch in watches}
    rows = [(watch.id, raised[watch.id], stories[watch.id], retracted[watch.id]) for watch in watches]
    print_table("What would have fired", ("watch", "flags", "stories", "taken back"), rows)
