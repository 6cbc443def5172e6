"""The hand-written data keeps its schemas, and the artefact is built from it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from processors.tag import build, sources
from processors.tag.gazetteer import load_gazetteer
from processors.tag.tag import ArticleTagger

FILES = sorted(sources.DATA.rglob("*.yaml"))
LISTS = [*sources.ENTITY_FILES, "countries", *(f"persons/{path.stem}" for path in (sources.DATA / "persons").iterdir())]


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
    """At least 1,200 entities and 3,500 names without the cities."""
    gazetteer = load_gazetteer()
    named = {name for place, name in enumerate(gazetteer.names) if _is_ours(gazetteer.readings(place).candidates)}

    assert sum(entry.kind != "city" for entry in gazetteer.entries) >= 1_200
    assert len(named) >= 3_500


def test_artefact_is_built_from_the_data() -> None:
    """Run `python -m processors.tag.build` after a change of the data (zlib versions may pack it otherwise)."""
    assert gzip.decompress(build.compile_artefact()) == gzip.decompress(build.OUTPUT.read_bytes())


def test_model_names_data_and_rules(tagger: ArticleTagger) -> None:
    """The model of a tagged message says which data and which rules decided."""
    version = sources.read("version")

    assert tagger.model == f"tag-{version['version']}-r{version['rules']:02}"


def _is_ours(candidates: tuple[Any, ...]) -> bool:
    return any(
        candidate.entry.kind != "city" and not (candidate.limits and candidate.limits.languages)
        for candidate in candidates
    )
