"""Themes and facts of short news: floors on the project's own labelled set, and promises for each tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from processors.tag import sources
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger, Tags
from processors.tag.themes import FEATURES

PARAGRAPHS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data/tag/paragraphs.yaml").read_text(encoding="utf-8")
)


def f1(expected: Iterable[Any], found: Iterable[Any]) -> float:
    """Of two bags."""
    labelled, told = Counter(expected), Counter(found)
    return 2 * (labelled & told).total() / (labelled.total() + told.total())


@pytest.fixture(scope="module")
def read(tagger: ArticleTagger) -> list[tuple[dict[str, Any], Tags]]:
    """Each paragraph with its tags."""
    return [(row, tagger.tag_text(row["title"], row["text"], Sources())) for row in PARAGRAPHS]


def test_there_are_enough_paragraphs() -> None:
    """At least sixty, each with an id of its own, and every theme."""
    themes = {theme for row in PARAGRAPHS for theme in row["themes"]}

    assert len({row["id"] for row in PARAGRAPHS}) == len(PARAGRAPHS) >= 60
    assert themes == {row["theme"] for row in sources.read_themes()}


def test_military_aid_is_found(read: list[tuple[dict[str, Any], Tags]]) -> None:
    """The theme that most watches ask for."""
    expected = [row["id"] for row, _ in read if "military-aid" in row["themes"]]
    found = [row["id"] for row, tags in read if "military-aid" in {theme.theme for theme in tags.themes}]

    assert f1(expected, found) >= 0.92


def test_themes_are_found(read: list[tuple[dict[str, Any], Tags]]) -> None:
    """All themes taken together."""
    expected = [(row["id"], theme) for row, _ in read for theme in row["themes"]]
    found = [(row["id"], theme.theme) for row, tags in read for theme in tags.themes]

    assert f1(expected, found) >= 0.8


def test_facts_are_found(read: list[tuple[dict[str, Any], Tags]]) -> None:
    """Action, donor and recipient, each fact once."""
    expected = [(row["id"], *fact) for row, _ in read for fact in row["facts"]]
    found = [(row["id"], fact.action, fact.donor, fact.recipient) for row, tags in read for fact in tags.aid]

    assert f1(expected, found) >= 0.9


def test_news_without_states_has_no_theme(read: list[tuple[dict[str, Any], Tags]]) -> None:
    """Sport, weather and local crime."""
    assert {tags.themes for row, tags in read if not row["themes"]} == {()}


def test_every_theme_has_evidence(read: list[tuple[dict[str, Any], Tags]]) -> None:
    """Each piece says where it stands, which rule fired and what the sentence does with its claim."""
    evidence = [item for _, tags in read for theme in tags.themes for item in theme.evidence]

    assert all(theme.evidence for _, tags in read for theme in tags.themes)
    assert all(item.rule and item.status and item.end > item.start for item in evidence)


def test_model_knows_every_theme_and_feature() -> None:
    """The weights are for the themes and features that there are."""
    model = sources.read("theme_model")
    themes = {row["theme"] for row in sources.read_themes()}

    assert set(model["bias"]) == set(model["thresholds"]) == set(model["weights"]) == themes
    assert {tuple(sorted(weights)) for weights in model["weights"].values()} == {tuple(sorted(FEATURES))}


def test_an_article_in_which_much_speaks_against_a_theme_is_read(tagger: ArticleTagger) -> None:
    """Words of negative weight alone, again and again, are no error."""
    text = "He says they may invade soon. " * 40

    assert "armed-conflict" not in {theme.theme for theme in tagger.tag_text("", text, Sources()).themes}
