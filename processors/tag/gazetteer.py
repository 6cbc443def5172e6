"""The compiled gazetteer: every name, what it may stand for, and the automaton that finds them all at once."""

from __future__ import annotations

import gzip
import json
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple, cast

from ahocorasick_rs import AhoCorasick

from geowire.errors import Misconfigured

ARTEFACT = files("processors.tag") / "data" / "gazetteer.json.gz"
"""What `processors.tag.build` writes."""

ARTEFACT_FORMAT = 2
"""Raised when the layout of the artefact changes."""


class Office(NamedTuple):
    """An office that a person holds or held; the dates are ISO text, so that they compare as text."""

    role: str
    country: str | None
    since: str
    until: str


class Entry(NamedTuple):
    """Something that has names."""

    kind: str
    id: str
    label: str
    country: str | None = None
    wikidata: str | None = None
    geonames: int | None = None
    admin: str | None = None
    population: int = 0
    offices: tuple[Office, ...] = ()
    family_first: bool = False

    def holds_at(self, date: str) -> bool:
        """True if the person is in some office on that day."""
        return any(office.since <= date <= office.until for office in self.offices)


class Limits(NamedTuple):
    """Where a name does not stand for its entry. Words are compared in lower case."""

    not_after: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    blocked_by: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    only_after: frozenset[str] = frozenset()
    after_comma: bool = False


class Candidate(NamedTuple):
    """One reading of a name: `full`, `surname` (counts after the full name) or `alone` (a surname that suffices)."""

    entry: Entry
    form: str = "full"
    limits: Limits | None = None


class Readings:
    """What a name may stand for."""

    __slots__ = ("_by_kinds", "candidates", "is_limited")

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self.candidates = candidates
        self.is_limited = any(candidate.limits is not None for candidate in candidates)
        self._by_kinds: dict[frozenset[str], tuple[Candidate, ...]] = {}

    def of_kinds(self, kinds: frozenset[str]) -> tuple[Candidate, ...]:
        """The candidates of these kinds."""
        found = self._by_kinds.get(kinds)
        if found is None:
            found = tuple(candidate for candidate in self.candidates if candidate.entry.kind in kinds)
            self._by_kinds[kinds] = found
        return found


class Gazetteer:
    """All names with their readings, and the lexicons that came with them.

    Entries and readings are lines of JSON, each read when a text first has the name: most never are.
    """

    def __init__(self, compiled: dict[str, Any]) -> None:
        self.version: str = compiled["version"]
        self.names: list[str] = compiled["names"].split("\n")
        self.lexicon: dict[str, Any] = compiled["lexicon"]
        self.neighbours: dict[str, list[str]] = compiled["neighbours"]
        self.automaton = AhoCorasick(self.names)
        self._written_by_hand: int = compiled["written_by_hand"]
        self._limits = [_limits(row) for row in compiled["limits"]]
        self._entry_lines: list[str] = compiled["entries"].split("\n")
        self._reading_lines: list[str] = compiled["readings"].split("\n")
        self._entries: dict[int, Entry] = {}
        self._readings: dict[int, Readings] = {}

    def readings(self, name: int) -> Readings:
        """The readings of the name with this index."""
        known = self._readings.get(name)
        if known is None:
            known = self._readings[name] = Readings(
                tuple(
                    Candidate(self.entry(entry), form, None if limits is None else self._limits[limits])
                    for entry, form, limits in json.loads(self._reading_lines[name])
                )
            )
        return known

    def entry(self, index: int) -> Entry:
        """The entry with this index."""
        known = self._entries.get(index)
        if known is None:
            known = self._entries[index] = _entry(json.loads(self._entry_lines[index]))
        return known

    @property
    def entries(self) -> list[Entry]:
        """All entries."""
        return [self.entry(index) for index in range(len(self._entry_lines))]

    @cached_property
    def by_id(self) -> dict[str, Entry]:
        """Every entry written by hand, by its id."""
        return {entry.id: entry for entry in map(self.entry, range(self._written_by_hand))}

    @cached_property
    def holders(self) -> dict[tuple[str, str], list[tuple[Office, Entry]]]:
        """Who held an office, by country and role."""
        found: dict[tuple[str, str], list[tuple[Office, Entry]]] = {}
        for entry in self.by_id.values():
            for office in entry.offices:
                if office.country is not None:
                    found.setdefault((office.country, office.role), []).append((office, entry))
        return found


def _entry(row: list[Any]) -> Entry:
    if len(row) > 8:
        row = [*row[:8], tuple(Office(*office) for office in row[8]), *row[9:]]
    return Entry(*row)


def _limits(row: list[Any]) -> Limits:
    not_after, not_before, blocked_by, languages, only_after = map(frozenset, row[:5])
    return Limits(not_after, not_before, blocked_by, languages, only_after, row[5])


def load_gazetteer() -> Gazetteer:
    """The gazetteer that ships with geowire. Raises `Misconfigured` if it is missing or of another format."""
    try:
        compiled = cast("dict[str, Any]", json.loads(gzip.decompress(ARTEFACT.read_bytes())))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"cannot read {ARTEFACT}: run `python -m processors.tag.build`") from error
    if compiled.get("format") != ARTEFACT_FORMAT:
        raise Misconfigured(f"{ARTEFACT} has format {compiled.get('format')}: run `python -m processors.tag.build`")
    return Gazetteer(compiled)
