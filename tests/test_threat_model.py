"""The threat model names modules and tests, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
NAMED = sorted(
    {word for word in re.findall(r"`([\w./-]+)`", TEXT) if re.search(r"\.py$|/$", word) and word != ".geowire/"}
)


@pytest.mark.parametrize("named", NAMED)
def test_what_is_named_is_there(named: str) -> None:
    """By its path, or beside the file that is named before it."""
    beside = [path for room in ("tests", "ingest") for path in (ROOT / room).rglob(named) if "/" not in named]

    assert (ROOT / named).exists() or beside


def test_every_defence_is_tested() -> None:
    """Each row of an attack names a test."""
    rows = [row for row in re.findall(r"^\| (.+) \|$", TEXT, flags=re.MULTILINE) if row.count(" | ") == 2]
    attacks = [row for row in rows if not row.startswith(("attack", "---"))]

    assert len(NAMED) > 30
    assert len(attacks) > 20
    assert not [row for row in attacks if "test" not in row.rpartition(" | ")[2]]
