"""The shape of the project: one arrow between the rooms, modules of a size that fits in a head."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "geowire": set(),
    "ingest": {"geowire"},
    "processors": {"geowire"},
    "flows": {"geowire", "ingest", "processors"},
    "cli": {"geowire", "ingest", "processors", "flows"},
    "local": {"geowire"},
    "audit": set(),
}
FENCES = {
    "kafka": "geowire/kafka_",
    "trafilatura": "ingest/extract.py",
    "feedparser": "ingest/parse_feed.py",
    "prefect": "flows/",
}
NAMELESS = {"utils.py", "common.py", "helpers.py", "misc.py"}
MODULES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imported_names(source: str) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def forbidden(room: str, source: str) -> set[str]:
    """The rooms that a module of a room imports although it may not."""
    return imported_names(source) & MAY_IMPORT.keys() - MAY_IMPORT[room] - {room}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """The arrow: cli -> flows -> ingest | processors -> geowire."""
    for module in (ROOT / room).rglob("*.py"):
        assert not forbidden(room, module.read_text(encoding="utf-8")), module


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("ingest", "from processors.tag import stage"),
        ("processors", "def f():\n    import ingest.poll"),
        ("geowire", "import flows"),
        ("flows", "from cli.main import main"),
    ],
)
def test_a_planted_import_is_found(room: str, line: str) -> None:
    """The check can fail."""
    assert forbidden(room, line)


@pytest.mark.parametrize("library", FENCES)
def test_a_fenced_library_has_one_door(library: str) -> None:
    """Only the module named for it knows the library."""
    doors = [str(path.relative_to(ROOT)) for path in MODULES if library in imported_names(path.read_text("utf-8"))]
    assert doors
    assert all(door.startswith(FENCES[library]) for door in doors), doors


def test_modules_stay_short_and_have_names() -> None:
    """At most 400 lines; no drawer for odds and ends."""
    assert not [path for path in MODULES if len(path.read_text("utf-8").splitlines()) > 400]
    assert not [path for path in MODULES if path.name in NAMELESS]
