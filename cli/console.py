"""What a person sees: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from geowire.logs import ROOMS, JsonLines, TextLines
from geowire.settings import Settings

NOTES = logging.getLogger("cli")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
"""What moves a terminal's cursor, changes its colours or its title, or turns the order of letters around."""


def visible(text: str) -> str:
    """The text with a mark in the place of each control character: titles come from anybody."""
    return CONTROL.sub("\ufffd", text)


def visible_json(line: str) -> str:
    """The same for JSON: escaped, so that its meaning stays."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def say(line: str) -> None:
    """A result, as it is: nothing in it is markup."""
    out.print(Text(visible(line)), soft_wrap=True)


def note(line: str, level: int = logging.INFO) -> None:
    """A word on the way, on standard error; a record like any other where those are JSON."""
    if writes_json():
        NOTES.log(level, "%s", line)
    else:
        err.print(Text(visible(line)), soft_wrap=True)


def print_json(value: Any) -> None:
    """One line of JSON, for a program."""
    out.file.write(visible_json(json.dumps(value, ensure_ascii=False)) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; cells are plain text, whatever is in them."""
    out.print(Text(visible(title), style="bold"))
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[Text("" if cell is None else visible(str(cell))) for cell in row])
    out.print(table)


def print_counts(title: str, counts: Mapping[str, int], total_name: str) -> None:
    """Counts that add up, with their sum."""
    rows: list[tuple[object, object]] = [(name, count) for name, count in counts.items()]
    print_table(title, (total_name, "count"), [*rows, ("in all", sum(counts.values()))])


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar on standard error; silent where that is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}"),
        console=err,
        transient=True,
        disable=quiet or not err.is_terminal,
    )


def in_one_line(record: logging.LogRecord) -> bool:
    """What broke, without the traceback: for that there is GEOWIRE_LOG_LEVEL=DEBUG."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()}: {type(error).__name__}: {error}", ()
        record.exc_info = record.exc_text = None
    return True


class VisibleLines(TextLines):
    """Log lines name feeds and pages: nothing in them reaches the terminal as a command."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return visible(super().format(record))


def set_up_logging(settings: Settings, process: str) -> None:
    """Warnings of geowire and of libraries go to standard error, one line each, none with a secret in it."""
    logging.basicConfig(level=logging.WARNING, handlers=[log_handler(settings, process)], force=True)
    for room in ROOMS:
        logging.getLogger(room).setLevel(settings.log_level)
    NOTES.setLevel(logging.INFO)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters comes back as an error of our own


def log_handler(settings: Settings, process: str) -> logging.Handler:
    """Writes to standard error in the format of the settings; in colour for a person at a terminal."""
    if settings.log_format == "json":
        handler: logging.Handler = logging.StreamHandler()
        handler.setFormatter(JsonLines(process, settings.secrets))
    elif not err.is_terminal:
        handler = logging.StreamHandler()
        handler.setFormatter(VisibleLines("%(levelname)s %(message)s", settings.secrets))
    else:
        handler = RichHandler(console=err, show_path=False, show_time=False, markup=False, rich_tracebacks=False)
        handler.setFormatter(VisibleLines(secrets=settings.secrets))
    if settings.log_format == "text" and settings.log_level != "DEBUG":
        handler.addFilter(in_one_line)
    return handler


def writes_json() -> bool:
    """Whether standard error is read by a program."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)
