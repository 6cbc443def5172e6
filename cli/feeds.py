"""`geowire feeds list|add|remove`: the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import print_json, print_table, say
from geowire.errors import Misconfigured
from geowire.settings import Settings, load_settings
from ingest.catalogue import is_remote, read_catalogue
from ingest.feed_list import FeedRow, PublisherRow

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
    from ingest.catalogue_file import add_feed

    row = FeedRow(url=url, title=title, publisher=publisher_row(publisher, country, family), language=language)
    feed = add_feed(writable_file(load_settings()), row)
    say(f"added {feed.url}")


@app.command()
def remove(url: Annotated[str, typer.Argument(help="Address or id of the feed.")]) -> None:
    """Remove a feed from the catalogue's file; what it brought stays."""
    from ingest.catalogue_file import remove_feed

    feed = remove_feed(writable_file(load_settings()), url)
    say(f"removed {feed.url}")


def publisher_row(name: str | None, country: str | None, family: str | None) -> PublisherRow:
    """The publisher of a new feed."""
    return PublisherRow(name=name, country=country, family=family)


def writable_file(settings: Settings) -> Path:
    """The catalogue as a file. Raises `Misconfigured` if it is an address."""
    if is_remote(settings.feeds_location):
        raise Misconfigured(
            f"GEOWIRE_FEEDS: {settings.feeds_location} is read-only; name a file to add or remove feeds"
        )
    return Path(settings.feeds_location)
