"""`geowire feeds list|add|remove`: the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli.console import print_json, print_table, say
from geowire.errors import Misconfigured
from geowire.events import first_problem
from geowire.settings import load_settings
from ingest.catalogue import read_catalogue
from ingest.catalogue_edit import add_feed, remove_feed
from ingest.feed_list import FeedRow

app = typer.Typer(
    help="The catalogue: which feeds there are.\n\n"
    "Example: [bold]geowire feeds add https://news.example/rss.xml --publisher 'Example News' --country GB[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("list")
def list_feeds(
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each feed.")] = False,
) -> None:
    """List the feeds of the catalogue."""
    settings = load_settings()
    feeds = read_catalogue(settings.feeds_location, settings)
    if as_json:
        for feed in feeds:
            print_json(feed.model_dump(mode="json"))
        return
    rows = [(f.title, f.url, f.publisher.name or f.publisher.id, f.publisher.country, f.language) for f in feeds]
    print_table(
        f"{len(feeds)} feeds in {settings.feeds_location}", ("title", "url", "publisher", "country", "lang"), rows
    )


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Address of the feed.")],
    title: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Name of the publisher.")] = None,
    country: Annotated[str | None, typer.Option(help="Where it is based: two letters (ISO 3166).")] = None,
    family: Annotated[str | None, typer.Option(help="Its owner's id: one owner counts as one voice.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of its articles, such as en.")] = None,
) -> None:
    """Add a feed to the catalogue's file; the file is made if it is missing."""
    row = feed_row(url=url, title=title, language=language, publisher=compact(publisher, country, family))
    feed = add_feed(load_settings().feeds_location, row)
    say(f"added {feed.url}")


@app.command()
def remove(url: Annotated[str, typer.Argument(help="Address or id of the feed.")]) -> None:
    """Remove a feed from the catalogue's file; what it brought stays."""
    remove_feed(load_settings().feeds_location, url)
    say(f"removed {url}")


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
