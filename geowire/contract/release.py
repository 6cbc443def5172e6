"""The schemas as they were released, beside the current ones: what this code writes is held against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from geowire.contract.compatibility import breaks
from geowire.contract.generate import as_json, schema_of
from geowire.errors import Misconfigured
from geowire.topics import MODELS

RELEASED = Path(__file__).parent / "released" / "v1"
"""One file for each message. The number is the topics': a release replaces the copies, a `v2` would stand beside."""


def current_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each message, by name."""
    return {model.__name__: schema_of(model) for model in MODELS.values()}


def released_schemas(folder: Path = RELEASED) -> dict[str, dict[str, Any]]:
    """What the last release had, by name of the message."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def problems(released: dict[str, dict[str, Any]], current: dict[str, dict[str, Any]]) -> list[str]:
    """What of the current schemas is no additive change of the released ones, one line each."""
    gone = [f"{name}: the message is gone" for name in released.keys() - current.keys()]
    both = sorted(released.keys() & current.keys())
    return gone + [f"{name}.{line}" for name in both for line in breaks(released[name], current[name])]


def release(folder: Path = RELEASED) -> None:
    """Copy the current schemas to the released ones. Raises `Misconfigured` if that would break a reader."""
    if found := problems(released_schemas(folder), current_schemas()):
        raise Misconfigured("not additive, so it needs a topic of its own (.v2): " + "; ".join(found))
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in current_schemas().items():
        (folder / f"{name}.json").write_text(as_json(schema), encoding="utf-8")
