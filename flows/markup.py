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
    """The text on one line, as it is read, whatever it holds: no markup, no link, no control character."""
    one_line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).split())[:LONGEST_CELL]
    # the UI shows the entity of a bare ampersand as it is written
    entities = re.sub(r"&(?=#|\w+;)", "&amp;", one_line).replace("<", "&lt;").replace(">", "&gt;")
    marked = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", entities)
    return marked.replace("://", "&#58;//").replace("www.", "www&#46;")  # else a bare address becomes a link


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: `javascript:` and the like run what they hold."""
    return url.lower().startswith(("http://", "https://"))


def address(url: str) -> str:
    """For the cell of a table artifact: what means something in Markdown is percent-encoded; anything else is text."""
    return quote(url, safe="/:?#@!$&'+,;=%~._-") if is_web_address(url) else escape(url)


def link(text: str, url: str) -> Markdown:
    """The text, leading to an http(s) address; anything else leads nowhere."""
    return Markdown(f"[{escape(text)}](<{address(url)}>)" if is_web_address(url) else escape(text))


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
