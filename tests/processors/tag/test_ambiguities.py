"""Names that mean one thing here and another there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data/tag/ambiguities.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_name_in_context(case: dict[str, Any], tagger: ArticleTagger) -> None:
    """The sentence's expected mentions are found, the forbidden ones are not."""
    entities = tagger.tag_text("", case["text"], Sources()).entities
    found = [[entity.surface, entity.kind, entity.country] for entity in entities]

    assert [expected for expected in case.get("has", ()) if expected not in found] == []
    assert {entity.surface for entity in entities} & set(case.get("has_not", ())) == set()


def test_there_are_enough_cases() -> None:
    """At least forty sentences."""
    assert len(CASES) >= 40


@pytest.mark.parametrize(
    "title", ["KYIV SAYS NORTH KOREA SENDS TROOPS TO RUSSIA", "Kyiv Says North Korea Sends Troops to Russia"]
)
def test_title_in_capitals(title: str, tagger: ArticleTagger) -> None:
    """Titles in capitals and in title case are read like others."""
    entities = tagger.tag_text(title, "", Sources()).entities

    assert [entity.country for entity in entities] == ["UA", "KP", "RU"]
    assert entities[0].kind == "metonym"
