"""The hand-written phrases keep their schemas."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
import yaml

from ingest.phrases import Words, begins, phrases, plain

DATA = files("ingest").joinpath("data")


@pytest.mark.parametrize("name", ["phrases", "forms", "platforms"])
def test_file_follows_its_schema(name: str) -> None:
    """So that a slip in a list fails here, and not in a crawl."""
    schema = json.loads(DATA.joinpath("schema", f"{name}.json").read_text("utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(DATA.joinpath(f"{name}.yaml").read_bytes()), schema)


def test_no_phrase_names_a_site() -> None:
    """The rules must hold for publishers that nobody has looked at."""
    lists = (phrases().openers, phrases().notices, phrases().credits, phrases().missing)

    assert not [phrase for each in lists for phrase in each if ".com" in phrase or "www" in phrase]


def test_a_phrase_ends_where_a_word_ends() -> None:
    """In scripts that have spaces."""
    assert begins(plain("→ Read more"), phrases().openers) == "read more"
    assert not begins(plain("Read moreover"), phrases().openers)
    assert begins(plain("関連記事一覧"), phrases().openers) == "関連記事"


def test_words_are_whole() -> None:
    """Inflected only where a language inflects."""
    words = Words(("app", "рассылк"))

    assert words.first("the app now") == 4
    assert words.first("it happened") is None
    assert words.first("на рассылку") == 3
