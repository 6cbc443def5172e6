"""`geowire feeds list|add|remove|import|export|check`: the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli.console import note, out, print_json, print_table, progress, say
from geowire.errors import Misconfigured
from geowire.events import first_problem
from geowire.settings import Settings, load_settings
from ingest.catalogue import Feed, Listing, feed_of, is_remote, locate, parse_listing, read_catalogue
from ingest.catalogue_edit import Form, add_feed, export_feeds, form_of, import_feeds, remove_feed, write_list
from ingest.feed_check import Checker, FeedCheck, check_feeds
from ingest.feed_list import FeedRow
from ingest.fetch import Fetcher
from ingest.starter import starter_feeds
from ingest.workers import Workers

SHOWN = 20
"""Rows that cannot be read are named up to this many."""

app = typer.Typer(
    help="The catalogue: which feeds there are.\n\n"
    "Example: [bold]geowire feeds import starter --region europe[/bold], then [bold]geowire feeds check[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("list")
def list_feeds(
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each feed.")] = False,
) -> None:
    """List the feeds of the catalogue.

    Example: [bold]geowire feeds list[/bold]
    """
    settings = load_settings()
    feeds = read_catalogue(settings.feeds_location, settings)
    if as_json:
        for feed in feeds:
            print_json(feed.model_dump(mode="json"))
        return
    columns = ("folder", "title", "url", "publisher", "country", "lang")
    print_table(f"{len(feeds)} feeds in {settings.feeds_location}", columns, [_listed(feed) for feed in feeds])


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Address of the feed.")],
    title: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Name of the publisher.")] = None,
    country: Annotated[str | None, typer.Option(help="Where it is based: two letters (ISO 3166).")] = None,
    family: Annotated[str | None, typer.Option(help="Its owner's id: one owner counts as one voice.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of its articles, such as en.")] = None,
) -> None:
    """Add a feed to the catalogue's file; the file is made if it is missing.

    Example: [bold]geowire feeds add https://news.example/rss.xml --publisher "Example News"[/bold]
    """
    row = feed_row(url=url, title=title, language=language, publisher=compact(publisher, country, family))
    feed = add_feed(load_settings().feeds_location, row)
    say(f"added {feed.url}")


@app.command()
def remove(url: Annotated[str, typer.Argument(help="Address or id of the feed.")]) -> None:
    """Remove a feed from the catalogue's file; what it brought stays.

    Example: [bold]geowire feeds remove https://news.example/rss.xml[/bold]
    """
    remove_feed(load_settings().feeds_location, url)
    say(f"removed {url}")


@app.command("import")
def import_list(
    source: Annotated[
        str, typer.Argument(metavar="FILE|starter", help="An OPML or YAML file or its address, or `starter`.")
    ],
    region: Annotated[list[str] | None, typer.Option(help="Of the starter only this region; may be repeated.")] = None,
) -> None:
    """Add the feeds of a list to the catalogue's file; `starter` is the list that comes with geowire.

    Example: [bold]geowire feeds import starter --region ukraine[/bold]
    """
    settings = load_settings()
    listing = offered(source, region or [], settings)
    for problem in listing.unreadable[:SHOWN]:
        note(f"geowire: {problem}")
    if not listing.feeds and listing.unreadable:
        raise Misconfigured(f"{source}: no feed in it could be read; write an OPML or YAML list")
    done = import_feeds(settings.feeds_location, listing.feeds)
    counts = f"{len(done.added)} new, {done.listed} listed already, {done.repeated} there twice"
    say(f"{settings.feeds_location}: {counts}, {len(listing.unreadable)} could not be read")


@app.command("export")
def export_list(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output if left out.")] = None,
    form: Annotated[Form | None, typer.Option("--format", help="By default what the file's name says.")] = None,
) -> None:
    """Write the catalogue as OPML, which every feed reader knows, or as YAML.

    Example: [bold]geowire feeds export backup.opml[/bold]
    """
    settings = load_settings()
    feeds = read_catalogue(settings.feeds_location, settings)
    if file is None:
        out.file.write(export_feeds(feeds, form or "opml").decode())
        return
    if not is_remote(settings.feeds_location) and file.resolve() == Path(settings.feeds_location).resolve():
        raise Misconfigured(f"{file} is the catalogue itself; name another file")
    write_list(file, export_feeds(feeds, form or form_of(str(file))))
    say(f"wrote {len(feeds)} feeds to {file}")


@app.command()
def check(
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[URL]...", help="Listed or not; all if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each feed.")] = False,
) -> None:
    """Ask feeds without publishing, and say what is wrong with them. Exit code 1 if anything is.

    Example: [bold]geowire feeds check https://news.example/rss.xml[/bold]
    """
    settings = load_settings()
    listed, feeds = to_check(urls or [], settings)
    checks = asyncio.run(check_with_progress(feeds, listed, settings))
    if as_json:
        for one in checks:
            print_json(check_facts(one))
    else:
        print_checks(checks)
    if not all(one.is_well for one in checks):
        raise typer.Exit(1)


def compact(name: str | None, country: str | None, family: str | None) -> dict[str, str]:
    """What is said of the publisher."""
    said = {"name": name, "country": country and country.upper(), "family": family}
    return {field: value for field, value in said.items() if value}


def feed_row(**fields: Any) -> FeedRow:
    """The row of a new feed. Raises `Misconfigured` that names what is wrong."""
    try:
        return FeedRow.model_validate(fields)
    except ValidationError as error:
        raise Misconfigured(first_problem(error)) from error


def offered(source: str, regions: Sequence[str], settings: Settings) -> Listing:
    """The feeds that are to be imported. Raises `Misconfigured`."""
    if source == "starter":
        return Listing(starter_feeds(regions), ())
    if regions:
        raise Misconfigured("--region: only the starter has regions; write geowire feeds import starter --region ...")
    if not is_remote(source) and not Path(source).exists():
        raise Misconfigured(f"there is no file {source}; write starter, or the path or address of an OPML or YAML list")
    return parse_listing(locate(source, settings))


def to_check(urls: Sequence[str], settings: Settings) -> tuple[tuple[Feed, ...], tuple[Feed, ...]]:
    """The catalogue, and the feeds of it (or beside it) that are meant."""
    location = settings.feeds_location
    is_missing = not is_remote(location) and not Path(location).exists()
    listed = () if urls and is_missing else read_catalogue(location, settings)
    known = {key: feed for feed in listed for key in (feed.id, feed.url)}
    wanted = {feed.id: feed for feed in (known.get(url) or _unlisted(url) for url in urls)}
    return listed, tuple(wanted.values()) if urls else listed


async def check_with_progress(
    feeds: Sequence[Feed], listed: Sequence[Feed], settings: Settings
) -> tuple[FeedCheck, ...]:
    """Check feeds with a bar that counts them."""
    bad = 0
    with progress() as bar:
        row = bar.add_task("feeds", total=len(feeds), detail="")

        def show(one: FeedCheck) -> None:
            nonlocal bad
            bad += not one.is_well
            bar.update(row, advance=1, detail=f"{bad} not well")

        async with Fetcher(settings) as fetcher, Workers(settings) as workers:
            return await check_feeds(feeds, listed, Checker(fetcher, workers, datetime.now(UTC)), show)


def check_facts(one: FeedCheck) -> dict[str, Any]:
    """A check for a program."""
    return {
        "url": one.url,
        "title": one.title,
        "well": one.is_well,
        "status": one.status,
        "final_url": one.final_url,
        "entries": one.entries,
        "undated": one.undated,
        "newest": one.newest and one.newest.isoformat(),
        "seconds": round(one.seconds, 2),
        "findings": [{"kind": finding.kind, "said": finding.said} for finding in one.findings],
        "discovered": one.discovered,
    }


def print_checks(checks: Sequence[FeedCheck]) -> None:
    """Checks for a person: those that are not well last, where they are seen."""
    rows = [_checked(one) for one in sorted(checks, key=lambda one: not one.is_well)]
    bad = sum(not one.is_well for one in checks)
    print_table(f"{len(checks)} feeds checked", ("feed", "status", "entries", "newest", "what to do"), rows)
    say(f"{bad} of {len(checks)} feeds are not well" if bad else "all feeds are well")


def _listed(feed: Feed) -> tuple[object, ...]:
    publisher = feed.publisher
    return feed.folder, feed.title, feed.url, publisher.name or publisher.id, publisher.country, feed.language


def _checked(one: FeedCheck) -> tuple[object, ...]:
    name = f"{one.title}\n{one.url}" if one.title else one.url
    newest = one.newest and f"{one.newest:%Y-%m-%d}"
    said = "\n".join(f"{finding.kind}: {finding.said}" for finding in one.findings)
    return name, one.status, one.entries, newest, said or "well"


def _unlisted(url: str) -> Feed:
    feed = feed_of(feed_row(url=url))
    if feed is None:
        raise Misconfigured(f"{url!r} is not the address of a feed; write http://... or https://...")
    return feed
