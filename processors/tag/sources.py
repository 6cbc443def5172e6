"""The hand-written data as it stands in `data/`: read and checked at build time only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
"""Where the hand-written files are."""

ENTITY_FILES = (
    "agencies",
    "armed_forces",
    "armed_groups",
    "metonyms",
    "organisations",
    "peoples",
    "regions",
    "waters",
    "weapons",
)
"""Files of plain entities: one row has id, label and names; the kind is the first part of the id."""

WORD_FILES = ("city_stop_list", "first_names", "person_like_places")
"""Files that are one sorted list of words."""


def read(name: str) -> Any:
    """The content of `data/<name>.yaml`."""
    return yaml.load((DATA / f"{name}.yaml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where there is one


def read_themes() -> list[dict[str, Any]]:
    """Every theme, one file each."""
    return [read(f"themes/{path.stem}") for path in sorted((DATA / "themes").glob("*.yaml"))]


def read_divisions() -> list[dict[str, Any]]:
    """The parts of countries, one file a country."""
    paths = sorted((DATA / "divisions").glob("*.yaml"))
    return [row for path in paths for row in read(f"divisions/{path.stem}")]


def read_persons() -> list[dict[str, Any]]:
    """Every person; one file a country."""
    paths = sorted((DATA / "persons").glob("*.yaml"))
    return [row for path in paths for row in read(f"persons/{path.stem}")]


def read_languages() -> list[dict[str, Any]]:
    """What is read in other languages than English, one file each."""
    return [read(f"languages/{path.stem}") for path in sorted((DATA / "languages").glob("*.yaml"))]


def schema_of(path: Path) -> str:
    """The name of the JSON Schema that a data file follows."""
    folder = path.parent.name
    if folder in {"languages", "persons", "themes"}:
        return folder
    if path.stem in ENTITY_FILES or folder == "divisions":
        return "entities"
    if path.stem.startswith("theme_model"):
        return "theme_model"
    return "words" if path.stem in WORD_FILES else path.stem


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
