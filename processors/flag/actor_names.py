"""Who acts, as facts name them: the names that people write, by which a watches file is checked."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any

import yaml

ARMED = ("Kurds", "rebels", "separatists")
"""Armed bodies that a fact names by their country's people."""
NEAR = 0.75
"""Likeness from which one name may be meant by another."""


def _rows(name: str) -> Any:
    text = (files("processors.tag") / "data" / f"{name}.yaml").read_text("utf-8")
    return yaml.load(text, yaml.CBaseLoader)  # noqa: S506 - builds only texts, lists and mappings; `NO` stays a text


@lru_cache(maxsize=1)
def country_codes() -> dict[str, str]:
    """ISO 3166-1 alpha-2 codes by what people write: the code itself and names such as `USA`, all in lower case."""
    rows = _rows("countries")
    codes = {str(row["iso"]).lower(): str(row["iso"]) for row in rows}
    labels = {str(row["label"]).lower(): str(row["iso"]) for row in rows}
    names = {_text(name).lower(): str(row["iso"]) for row in rows for name in row["names"]}
    return names | labels | codes


@lru_cache(maxsize=1)
def actor_names() -> dict[str, str]:
    """Names that facts give to alliances, armed groups and groups of states, by what people write in lower case."""
    aid = _rows("aid")
    short = aid["short_names"]
    bodies = [row for name in ("organisations", "armed_groups") for row in _rows(name)]
    acting = [row for row in bodies if row["id"].startswith(("alliance/", "armed_group/"))]
    names = {_text(name): short.get(row["label"], row["label"]) for row in acting for name in row["names"]}
    own = [*names.values(), *_groups(aid["groups_of_states"])]
    return {name.lower(): meant for name, meant in (names | {name: name for name in own} | short).items()}


def _groups(states: dict[str, list[str]]) -> Iterator[str]:
    yield from (f"{people} {noun}" for people, nouns in states.items() for noun in nouns)
    yield from ARMED
    peoples = [_text((row.get("demonyms") or [row["label"]])[0]) for row in _rows("countries")]
    yield from (f"{people} {noun}" for people, noun in product(peoples, ARMED))


def nearest_actor(name: str) -> str | None:
    """The code or name that may be meant by one that is unknown."""
    known = actor_names() | country_codes()
    near = get_close_matches(name.lower(), known, 1, NEAR)
    return known[near[0]] if near else None


def _text(name: str | dict[str, Any]) -> str:
    return name if isinstance(name, str) else str(name["name"])
