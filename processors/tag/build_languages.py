"""Names in other languages than English, from CLDR and from `data/languages/`: an input of the build only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from babel import Locale

from processors.tag import sources
from processors.tag.build_names import NameTable

LANGUAGES = ("ar", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv", "tr", "uk")
"""Languages of which CLDR's names of countries are known, each only in texts of the languages that have it."""

SHORTEST = 4
"""Letters below which a name of CLDR is a common word somewhere."""


class Form(NamedTuple):
    """One spelling of a name, and in which language."""

    entry: str
    spelling: str
    language: str


def add_translated_names(table: NameTable, *, of_cities: bool) -> None:
    """Each spelling with all the languages that have it. Raises `ValueError` for an entry that is not there."""
    languages: dict[tuple[str, str], set[str]] = {}
    for form in (*_from_cldr(table), *_from_data()):
        if form.entry.startswith("city/") == of_cities:
            languages.setdefault((form.entry, form.spelling), set()).add(form.language)
    for (entry, spelling), shared in languages.items():
        if _names_the_country(entry, spelling, languages):
            continue
        if not table.has(entry):
            raise ValueError(f"data/languages: {entry}, called {spelling}, is in none of the files of entities")
        table.add_names(entry, [{"name": spelling, "languages": sorted(shared)}])


def words_of_languages() -> dict[str, Any]:
    """Groups, themes and claims by language, as they stand in the artefact."""
    parts = ("groups", "themes", "claims")
    return {row["language"]: {part: row[part] for part in parts} for row in sources.read_languages()}


def forms(name: str | Mapping[str, Any], endings: Mapping[str, list[str]]) -> Iterator[str]:
    """The spellings of a name: a stem with each of its endings. What is written small may begin a sentence."""
    spellings = [name] if isinstance(name, str) else [name["stem"] + ending for ending in endings[name["endings"]]]
    for spelling in spellings:
        yield spelling
        if spelling[0].islower():
            yield spelling[0].upper() + spelling[1:]


def _names_the_country(entry: str, spelling: str, languages: Collection[tuple[str, str]]) -> bool:
    """Whether an adjective that begins a sentence would hide the country that is spelled alike: `Argentina`."""
    kind, _, iso = entry.partition("/")
    return kind == "demonym" and (f"country/{iso}", spelling) in languages


def _from_cldr(table: NameTable) -> Iterator[Form]:
    for language in LANGUAGES:
        for iso, name in sorted(Locale.parse(language).territories.items()):
            entry = f"country/{iso.lower()}"
            if table.has(entry) and len(name) >= SHORTEST:
                yield Form(entry, name, language)


def _from_data() -> Iterator[Form]:
    for row in sources.read_languages():
        for entry, names in row["names"].items():
            for name in names:
                for spelling in forms(name, row["endings"]):
                    yield Form(entry, spelling, row["language"])
