"""Markdown as the UI shows it. Feeds choose their titles and their addresses: nothing in one may be markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

LONGEST_CELL = 300


class Markdown(str):
    """Text that is markup on purpose; every other text is escaped where it is shown."""

    __slots__ = ()


def escape(text: str) -> str:
    """The text on one line, as it is read, whatever it holds."""
    one_line = " ".join(text.split())[:LONGEST_CELL]
    entities = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~:])", r"\\\1", entities)


def link(text: str, url: str) -> Markdown:
    """The text, leading to an http(s) address; anything else leads nowhere."""
    if not url.lower().startswith(("http://", "https://")):
        return Markdown(escape(text))
    return Markdown(f"[{escape(text)}](<{quote(url, safe=':/?#@!$&*+,;=%~.-_[]')}>)")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; whatever stands in a cell stays in it."""
    head = [" | ".join(columns), " | ".join("---" for _ in columns)]
    body = [" | ".join(cell(value) for value in row) for row in rows]
    return "\n".join(f"| {line} |" for line in [*head, *body])


def cell(value: object) -> str:
    """A value as a cell: nothing for None, numbers with separators, text escaped."""
    if value is None:
        return ""
    if isinstance(value, Markdown):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(str(value))


def section(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, most: int = 20) -> list[str]:
    """A heading and a table of the first rows; nothing if there are none."""
    if not rows:
        return []
    left = [f"\n... and {len(rows) - most:,} more"] if len(rows) > most else []
    return ["", f"### {title}", "", table(columns, rows[:most]), *left]


def count_rows(counts: Mapping[str, int]) -> list[tuple[object, object]]:
    """Counts that add up, the most frequent first, with their sum in the last row."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return [*ordered, (Markdown("**in all**"), sum(counts.values()))]


def plain(text: str) -> str:
    """For the cell of a table artifact, which knows no markup but takes HTML: on one line, without it."""
    return " ".join(text.replace("<", "\u2039").replace(">", "\u203a").split())[:LONGEST_CELL]
