"""Plug-ins add what the gazetteer does not know, and are off unless asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from geowire.errors import Misconfigured
from processors.tag.document import Sources
from processors.tag.plugins import SpacyNames, load_spacy
from processors.tag.tag import ArticleTagger

TEXT = "Ilka Varmund met the mayor of Drenholm in Warsaw."


def pipeline(text: str) -> Any:
    """What a spaCy pipeline would give: a person, a town, and a place that the gazetteer has as well."""
    found = [("Ilka Varmund", "PERSON"), ("Drenholm", "GPE"), ("Warsaw", "GPE"), ("the mayor", "MISC")]
    ents = [
        SimpleNamespace(start_char=text.index(name), end_char=text.index(name) + len(name), text=name, label_=label)
        for name, label in found
    ]
    return SimpleNamespace(ents=ents)


@pytest.fixture(scope="module")
def helped() -> ArticleTagger:
    """A tagger with the plug-in."""
    return ArticleTagger.load(plugins=[SpacyNames(pipeline, "toy-1.0")])


def test_plugin_adds_names(helped: ArticleTagger) -> None:
    """Names that the gazetteer lacks are tagged with the plug-in's rule; its own names stay as they are."""
    entities = {entity.surface: (entity.kind, entity.rule) for entity in helped.tag_text("", TEXT, Sources()).entities}

    assert entities["Ilka Varmund"] == ("person", "spacy")
    assert entities["Drenholm"] == ("city", "spacy")
    assert entities["Warsaw"][1] != "spacy"


def test_model_says_that_a_plugin_helped(helped: ArticleTagger, tagger: ArticleTagger) -> None:
    """A reader can tell tags with the plug-in from those without."""
    assert helped.model == f"{tagger.model}+toy-1.0"
    assert [entity.rule for entity in tagger.tag_text("", TEXT, Sources()).entities if entity.rule == "spacy"] == []


@pytest.mark.parametrize(("length", "found"), [(119, 1), (121, 0), (400, 0)])
def test_what_is_too_long_for_a_name_loses_no_article(length: int, found: int) -> None:
    """A model takes a whole line for a name: it is left out, and the names beside it stay."""
    name = "Z" * length

    def line(_: str) -> Any:
        return SimpleNamespace(ents=[SimpleNamespace(start_char=0, end_char=length, text=name, label_="ORG")])

    tagger = ArticleTagger.load(plugins=[SpacyNames(line, "toy-1.0")])
    entities = tagger.tag_entities("", f"{name} met in Warsaw.", Sources())

    assert [entity.rule for entity in entities].count("spacy") == found
    assert any(entity.surface == "Warsaw" for entity in entities)


def test_folder_without_a_model(tmp_path: Path) -> None:
    """The error says what to name instead."""
    with pytest.raises(Misconfigured, match=r"meta\.json"):
        load_spacy(tmp_path)


def test_spacy_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    (tmp_path / "meta.json").write_text("{}")
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)

    with pytest.raises(Misconfigured, match="pip install spacy"):
        load_spacy(tmp_path)


def test_model_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever spaCy says stands on one line."""

    def load(*_: object, **__: object) -> None:
        raise ValueError("[E002]\nno factory")

    (tmp_path / "meta.json").write_text("{}")
    monkeypatch.setitem(__import__("sys").modules, "spacy", SimpleNamespace(load=load))

    with pytest.raises(Misconfigured, match=r"does not load as a spaCy model: \[E002\] no factory"):
        load_spacy(tmp_path)
