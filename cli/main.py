"""`geowire`: the commands, and what every one of them does with an error.

Exit codes: 0 done, 1 failed, 2 used wrongly (a setting, an argument, a file), 130 interrupted.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from cli import (
    backfill,
    deadletters,
    demo,
    exporter,
    feeds,
    filters,
    poll,
    prefect,
    process,
    rebuild,
    replay,
    revisit,
    run,
    status,
    tail,
    watch,
)
from cli.console import note, say, set_up_logging
from geowire import __version__
from geowire.errors import GeowireError, Misconfigured
from geowire.settings import load_settings, misspelt_names

app = typer.Typer(
    name="geowire",
    help="RSS feeds in, Kafka topics of clean, tagged, related world-news articles out.\n\n"
    "Example: [bold]geowire demo[/bold] shows the whole way on a sample news web, offline.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"geowire {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  # its callback does it all
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    set_up_logging(load_settings(), context.invoked_subcommand or "geowire")
    for line in misspelt_names():
        note(f"geowire: {line}", logging.WARNING)


app.command(rich_help_panel="Start here")(demo.demo)
app.command(rich_help_panel="Start here")(run.run)
app.command(rich_help_panel="Pipeline")(poll.poll)
app.command(rich_help_panel="Pipeline")(backfill.backfill)
app.command(rich_help_panel="Pipeline")(revisit.revisit)
app.command(rich_help_panel="Pipeline")(revisit.forget)
app.add_typer(process.app, name="process", rich_help_panel="Pipeline")
app.add_typer(prefect.app, name="prefect", rich_help_panel="Pipeline")
app.command(rich_help_panel="Look")(tail.tail)
app.command(rich_help_panel="Look")(status.status)
app.add_typer(deadletters.app, name="deadletters", rich_help_panel="Run again")
app.add_typer(replay.app, name="replay", rich_help_panel="Run again")
app.command(rich_help_panel="Run again")(rebuild.rebuild)
app.command(rich_help_panel="Look")(exporter.exporter)
app.add_typer(feeds.app, name="feeds", rich_help_panel="Look")
app.add_typer(watch.app, name="watch", rich_help_panel="Look")
app.command(rich_help_panel="Filters: JSON lines in, JSON lines out")(filters.extract)
app.command(rich_help_panel="Filters: JSON lines in, JSON lines out")(filters.tag)
app.command(rich_help_panel="Filters: JSON lines in, JSON lines out")(filters.relate)


def run_app(arguments: list[str] | None = None) -> int:
    """Run a command line; every error that a person can act on is one line on standard error."""
    try:
        return int(app(arguments, prog_name="geowire", standalone_mode=False) or 0)
    except TyperException as error:
        if line := usage_line(error):
            note(f"geowire: {line}", logging.ERROR)
        return error.exit_code
    except Misconfigured as error:
        note(f"geowire: {error}", logging.ERROR)
        return 2
    except GeowireError as error:
        note(f"geowire: {error}", logging.ERROR)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone, and nobody wants to hear of it
        return 1
    except (KeyboardInterrupt, typer.Abort):
        note("geowire: interrupted")
        return 130


def usage_line(error: TyperException) -> str:
    """What was typed wrongly and where to read more; empty if the help itself was shown."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if not message or context is None:
        return message
    return f"{message[0].lower()}{message[1:].rstrip('.')}; see {context.command_path} --help"


def main() -> None:
    """The entry point of the `geowire` script."""
    sys.exit(run_app())


if __name__ == "__main__":
    main()
