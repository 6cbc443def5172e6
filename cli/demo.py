"""`geowire demo`: the whole pipeline on the sample news web, on loopback, with the embedded bus."""

from __future__ import annotations

import asyncio
import ipaddress
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.console import note, out, print_counts, progress, say
from cli.poll import poll_with_progress
from cli.process import waiting
from cli.sample_web import SampleServer
from cli.stages import READS, loop_options, open_stage, ready_bus
from cli.wire_lines import aid_line, at, countries_line, flagged_lines, themes_line
from geowire.bus import Bus
from geowire.bus_reading import published_events
from geowire.messages import Flagged, Tagged
from geowire.monitor import Counts
from geowire.settings import Settings, load_settings
from geowire.topics import FLAGGED, TAGGED
from ingest.report import PollReport

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
EVER = timedelta(days=36_500)
SAMPLE_SPAN = timedelta(days=21)  # the sample's articles come all at once: none of them is late
ARTICLES_SHOWN = 5
FLAGS_SHOWN = 6


def demo(
    data: Annotated[
        Path | None, typer.Option("--data", help="Keep the files in this folder, to look at them with tail and status.")
    ] = None,
) -> None:
    """Show the whole way of an article on a sample news web: no broker, no network, nothing left behind.

    Example: [bold]geowire demo --data /tmp/geowire[/bold], then
    [bold]GEOWIRE_DATA=/tmp/geowire geowire tail stories --from-beginning[/bold]
    """
    with data_folder(data) as folder:
        settings = demo_settings(folder)
        with ready_bus(settings) as bus:
            reports = asyncio.run(run_demo(settings, bus))
            print_demo(reports, bus)
        if data is not None:
            note(f"geowire: kept in {data}; look with GEOWIRE_DATA={data} geowire tail stories --from-beginning")


@contextmanager
def data_folder(kept: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that is gone at the end."""
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="geowire-demo-") as folder:
        yield Path(folder)


def demo_settings(folder: Path) -> Settings:
    """Embedded files in the folder, loopback allowed, the sample's articles never too old; nothing else is changed."""
    nothing = dict.fromkeys(("watches", "flag_feeds", "spacy_model", "member"))
    embedded = {"data": folder, "bus": "", "state": "", **nothing}
    return load_settings(**embedded, allow_private_networks=LOOPBACK, max_age=EVER, story_window=SAMPLE_SPAN)


async def run_demo(settings: Settings, bus: Bus) -> list[PollReport]:
    """Poll, run the stages, let a publisher correct an article, poll and run them again."""
    reports = []
    async with SampleServer() as server:
        sites, articles = len(server.web.publishers), len(server.web.articles)
        note(f"geowire: a sample news web of {sites} publishers and {articles} articles at {server.opml_url}")
        sample = settings.with_(feeds=server.catalogue_url)
        for correct in (False, True):
            if correct:
                server.publish_corrections()
            reports.append(await poll_with_progress(sample, bus, all_feeds=True))
            await asyncio.to_thread(run_stages, sample, bus)
    return reports


def run_stages(settings: Settings, bus: Bus) -> None:
    """Each stage until it has read everything."""
    for name, topic in READS.items():
        with open_stage(name, settings) as opened, progress() as bar:
            row = bar.add_task(name, total=waiting(bus, name, topic), detail="")

            def show(counts: Counts) -> None:
                bar.update(row, completed=counts.taken, detail=f"{counts.published} published")  # noqa: B023

            opened.loop(bus, loop_options(settings, until_idle=True), show).run()


def print_demo(reports: list[PollReport], bus: Bus) -> None:
    """Counts that add up, articles with their tags, flags with their evidence."""
    first, second = reports
    print_counts(f"First poll: {first.entries_seen} entries of {len(first.feeds)} feeds", first.entries, "outcome")
    results = ", ".join(f"{count} {result}" for result, count in second.results.items())
    print_counts(f"Second poll, after a publisher's correction: {results}", second.entries, "outcome")
    heading("Tagged articles")
    for tagged in best_tagged(bus):
        print_tagged(tagged)
    heading("Flagged: military aid")
    for flag in military_aid_flags(bus):
        for line in flagged_lines(flag):
            say(line)


def heading(text: str) -> None:
    """A line that stands out."""
    out.print(f"\n[bold]{text}[/bold]")


def print_tagged(tagged: Tagged) -> None:
    """One article with its countries and themes."""
    say(f"{at(tagged.published_at or tagged.fetched_at)}  {tagged.title}")
    say(f"    countries  {countries_line(tagged.countries) or '-'}   (* what it is about)")
    say(f"    themes     {themes_line(tagged.themes) or '-'}")
    for fact in tagged.aid:
        say(f"    aid        {aid_line(fact)}")


def best_tagged(bus: Bus) -> list[Tagged]:
    """The five articles with the most facts, then themes, in the order of their dates."""
    tagged = {data.id: data for event in published_events(bus, TAGGED.name) if isinstance(data := event.data, Tagged)}
    ranked = sorted(tagged.values(), key=lambda one: (-len(one.aid), -len(one.themes), one.id))
    return sorted(ranked[:ARTICLES_SHOWN], key=lambda one: one.published_at or one.fetched_at)


def military_aid_flags(bus: Bus) -> list[Flagged]:
    """Flags of the watches on military aid and arms, the first ones by time."""
    flags = [data for event in published_events(bus, FLAGGED.name) if isinstance(data := event.data, Flagged)]
    chosen = [flag for flag in flags if "aid" in flag.watch or "arms" in flag.watch]
    return sorted(chosen, key=lambda flag: flag.flagged_at)[:FLAGS_SHOWN]
