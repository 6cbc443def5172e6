"""A chaos run as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.chaos_faults import Suffered


def fault_row(suffered: Suffered) -> tuple[str, str, str, str, str]:
    """Fault, at second, target, process, recovery."""
    recovery = "NOT IN TIME" if suffered.recovery is None else f"{suffered.recovery:.1f} s"
    recovery += ", then idle" if suffered.was_idle else ""
    kind = suffered.fault.kind
    return suffered.fault.title, f"{suffered.at:.0f}", kind.target, str(suffered.pid or ""), recovery


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with aligned columns."""
    cells = [list(columns), *[list(row) for row in rows]]
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
