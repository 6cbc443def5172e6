"""Compile the hand-written data and GeoNames' cities into the artefact: `python -m processors.tag.build`.

The same inputs give the same bytes. GeoNames (geonames.org) is licensed CC-BY 4.0.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

from processors.tag import build_cities, sources
from processors.tag.build_languages import add_translated_names, words_of_languages
from processors.tag.build_names import NameTable
from processors.tag.gazetteer import ARTEFACT_FORMAT

OUTPUT = sources.DATA / "gazetteer.json.gz"
"""The artefact, checked in."""

LEXICONS = (
    "abbreviations",
    "aid",
    "claims",
    "compounds",
    "contexts",
    "place_nouns",
    "theme_model",
    "theme_model_without_facts",
    "word_groups",
)
"""Files that go into the artefact as they are."""


def compile_artefact() -> bytes:
    """The artefact, gzipped JSON without a time stamp."""
    table = NameTable()
    add_countries(table)
    add_entities(table)
    add_persons(table)
    add_translated_names(table, of_cities=False)
    written_by_hand = len(table)
    build_cities.add_counties(table)
    build_cities.add_cities(table, capitals())
    add_translated_names(table, of_cities=True)
    version = sources.read("version")
    compiled = {
        "format": ARTEFACT_FORMAT,
        "version": f"{version['version']}-r{version['rules']:02}",
        "written_by_hand": written_by_hand,
        "neighbours": build_cities.neighbours(),
        "lexicon": lexicon(),
        **table.compiled(),
    }
    text = json.dumps(compiled, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def add_countries(table: NameTable) -> None:
    """Each country, its demonyms, and its capital as a metonym for its government."""
    for row in sources.read("countries"):
        iso = row["iso"]
        table.add({**row, "country": iso})
        if row.get("demonyms"):
            label = _text(row["demonyms"][0])
            table.add({"id": f"demonym/{iso.lower()}", "label": label, "country": iso, "names": row["demonyms"]})
        if row.get("capitals"):
            label = row["capitals"][0]
            table.add(
                {"id": f"metonym/{iso.lower()}-capital", "label": label, "country": iso, "names": row["capitals"]}
            )


def add_entities(table: NameTable) -> None:
    """The rows of all files of plain entities, and the phrases that only look like names."""
    for name in sources.ENTITY_FILES:
        for row in sources.read(name):
            table.add(row)
    for row in (*sources.read_divisions(), *sources.read("towns")):
        table.add(row)
    table.add({"id": "trap/phrases", "label": "not a name", "names": sources.read("traps")})
    nouns = [row["noun"] for row in sources.read("place_nouns")]
    table.add({"id": "trap/place-nouns", "label": "part of a name", "names": nouns})


def add_persons(table: NameTable) -> None:
    """People: full names, surnames after them, and surnames that stand alone."""
    for row in sources.read_persons():
        form = "alone" if row.get("alone") else "surname"
        table.add(row)
        table.add_names(row["id"], row.get("surnames", []), form)


def capitals() -> dict[str, list[str]]:
    """The spellings of each country's capital."""
    return {row["iso"]: row["capitals"] for row in sources.read("countries") if row.get("capitals")}


def lexicon() -> dict[str, Any]:
    """Word lists, themes and rules."""
    words = {name: sources.read(name) for name in sources.WORD_FILES if name != "city_stop_list"}
    return {
        **{name: sources.read(name) for name in LEXICONS},
        **words,
        "themes": sources.read_themes(),
        "languages": words_of_languages(),
    }


def _text(name: str | dict[str, Any]) -> str:
    return name if isinstance(name, str) else str(name["name"])


def main() -> None:
    """Write the artefact."""
    OUTPUT.write_bytes(compile_artefact())


if __name__ == "__main__":
    main()
