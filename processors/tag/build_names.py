"""The table of entries and names that the build fills."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Name = str | dict[str, Any]
"""A name as written in the data: the text, or a mapping with the text and its limits."""

_LIMIT_FIELDS = ("not_after", "not_before", "blocked_by", "languages", "only_after")


class NameTable:
    """Entries by id, and for each name its readings."""

    def __init__(self) -> None:
        self._entries: list[list[Any]] = []
        self._indices: dict[str, int] = {}
        self._readings: dict[str, dict[tuple[int, str], int | None]] = {}
        self._limits: list[list[Any]] = []
        self._limit_indices: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._readings

    def names_other(self, name: str, kinds: frozenset[str]) -> bool:
        """True if something of none of these kinds has that name."""
        readings = self._readings.get(name, ())
        return any(self._entries[entry][0] not in kinds for entry, _ in readings)

    def has(self, entry_id: str) -> bool:
        """True if an entry with that id is there."""
        return entry_id in self._indices

    def add(self, row: dict[str, Any]) -> None:
        """Add an entry with its names. Raises `ValueError` if the id is taken."""
        if row["id"] in self._indices:
            raise ValueError(f"{row['id']} is there twice")
        self._indices[row["id"]] = len(self._entries)
        self._entries.append(_compiled_entry(row))
        self.add_names(row["id"], row["names"])

    def add_names(self, entry_id: str, names: Iterable[Name], form: str = "full") -> None:
        """Add more names to an entry."""
        entry = self._indices[entry_id]
        for name in names:
            text = name if isinstance(name, str) else name["name"]
            limits = None if isinstance(name, str) else self._limits_index(name)
            spelling = text.replace("’", "'")
            self._readings.setdefault(spelling, {}).setdefault((entry, form), limits)

    def compiled(self) -> dict[str, Any]:
        """The table as it stands in the artefact."""
        names = sorted(self._readings)
        readings = [[[entry, form, limits] for (entry, form), limits in self._readings[name].items()] for name in names]
        return {
            "entries": _lines(self._entries),
            "names": "\n".join(names),
            "readings": _lines(readings),
            "limits": self._limits,
        }

    def _limits_index(self, name: dict[str, Any]) -> int | None:
        row = [
            *(sorted(map(str.lower, name.get(field, ()))) for field in _LIMIT_FIELDS),
            name.get("after_comma", False),
        ]
        if not any(row):
            return None
        index = self._limit_indices.setdefault(repr(row), len(self._limits))
        if index == len(self._limits):
            self._limits.append(row)
        return index


def _lines(rows: Iterable[Any]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)


def _compiled_entry(row: dict[str, Any]) -> list[Any]:
    kind = row["id"].partition("/")[0]
    ids = [row.get("wikidata"), row.get("geonames"), row.get("admin"), row.get("population", 0)]
    compiled = [kind, row["id"], row["label"], row.get("country"), *ids]
    if row.get("offices"):
        offices = [_compiled_office(office, row.get("country")) for office in row["offices"]]
        return [*compiled, offices, row.get("family_first", False)]
    return [*compiled, [], True] if row.get("family_first") else compiled


def _compiled_office(office: dict[str, Any], country: str | None) -> list[Any]:
    return [office["role"], office.get("country", country), office["from"], office.get("to", "9999-12-31")]
