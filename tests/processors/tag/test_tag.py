"""What a whole article is about, and promises that hold for any text."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger, Tags

ARTICLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data/tag/article.json").read_text(encoding="utf-8"))

PIECES = st.sampled_from(
    [
        "Ukraine",
        "North Korea",
        "US Congress",
        "Qatar Airways",
        "İstanbul",
        "🚀",
        "e\u0301",
        "Kyiv says",
        "Putin",
        "\n",
        ". ",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=30).map(" ".join)


@pytest.fixture(scope="module")
def tags(tagger: ArticleTagger) -> Tags:
    """The article's tags."""
    sources = Sources(datetime.fromisoformat(ARTICLE["published_at"]), "GB", ARTICLE["language"])
    return tagger.tag_text(ARTICLE["title"], ARTICLE["text"], sources)


@pytest.mark.parametrize("expected", ARTICLE["entities"], ids=lambda row: f"{row[0]}-{row[1]}")
def test_entity_is_found(expected: list[str], tags: Tags) -> None:
    """Each expected entity is tagged with its kind and country."""
    assert expected in [[entity.surface, entity.kind, entity.country] for entity in tags.entities]


def test_focus(tags: Tags) -> None:
    """The article is about the countries that act in its title and first sentences."""
    assert {country.iso for country in tags.countries if country.focus} == set(ARTICLE["focus"])


def test_themes(tags: Tags) -> None:
    """The themes are found, each with evidence."""
    assert {theme.theme for theme in tags.themes} >= set(ARTICLE["themes"])
    assert all(theme.evidence for theme in tags.themes)


def test_aid_facts(tags: Tags) -> None:
    """Who gives, asks and promises, told once each; the sum belongs to the pledge."""
    facts = [[fact.action, fact.donor, fact.recipient, fact.status] for fact in tags.aid]
    pledge = next(fact for fact in tags.aid if fact.action == "pledged")

    assert sorted(facts, key=str) == sorted(ARTICLE["aid"], key=str)
    assert (pledge.amount, pledge.currency, pledge.code) == (200_000_000, "USD", "0332")


def test_denial_is_evidence_of_a_denial(tags: Tags) -> None:
    """The sentence in which a party denies is marked so."""
    start = ARTICLE["text"].index(ARTICLE["denied"])
    evidence = [item for theme in tags.themes for item in theme.evidence if (item.field, item.start) == ("text", start)]

    assert {item.status for item in evidence} == {"denied"}


def test_office_holder_depends_on_the_date(tagger: ArticleTagger) -> None:
    """The US president is whoever held the office on the article's day."""
    holders = {}
    for day in ("2024-06-01", "2025-06-01"):
        tags = tagger.tag_text("", "The US president spoke.", Sources(datetime.fromisoformat(f"{day}T12:00:00Z")))
        holders[day] = [entity.label for entity in tags.entities if entity.kind == "person"]

    assert holders == {"2024-06-01": ["Joe Biden"], "2025-06-01": ["Donald Trump"]}


def test_another_language_has_entities(tagger: ArticleTagger) -> None:
    """Names that the gazetteer knows are found in other languages; themes need a lexicon."""
    tags = tagger.tag_text("Selenskyj dankt Deutschland", "Die Ukraine und Frankreich.", Sources(language="de"))

    assert [entity.country for entity in tags.entities] == ["UA", "DE", "UA", "FR"]
    assert tags.themes == ()


def test_text_without_spaces(tagger: ArticleTagger) -> None:
    """Scripts that put no blank between words have names too."""
    tags = tagger.tag_text("", "习近平在北京说。", Sources(language="zh"))

    assert "person/xi-jinping" in [entity.id for entity in tags.entities]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TEXTS, text=TEXTS)
def test_offsets_point_at_the_surface(tagger: ArticleTagger, title: str, text: str) -> None:
    """Offsets are code points of the field, in whatever script."""
    tags = tagger.tag_text(title, text, Sources())
    fields = {"title": title, "text": text}

    assert all(fields[entity.field][entity.start : entity.end] == entity.surface for entity in tags.entities)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TEXTS, text=TEXTS)
def test_inside_points_at_an_earlier_mention_around_it(tagger: ArticleTagger, title: str, text: str) -> None:
    """A nested mention names the one that contains it; sentences contain theirs."""
    tags = tagger.tag_text(title, text, Sources())

    for place, entity in enumerate(tags.entities):
        if entity.inside is not None:
            outer = tags.entities[entity.inside]
            assert entity.inside < place
            assert (outer.field, outer.start <= entity.start, outer.end >= entity.end) == (entity.field, True, True)
        if entity.sentence is not None:
            start, end = tags.sentences[entity.sentence]
            assert start <= entity.start < end


def test_surfaces_with_unusual_letters(tagger: ArticleTagger) -> None:
    """Emoji, dotted capital I and combining marks shift no offset."""
    text = "🚀🚀 İİ e\u0301 met in Kyiv. İstanbul hosted Russia’s envoy."

    tags = tagger.tag_text("", text, Sources())

    assert [text[entity.start : entity.end] for entity in tags.entities if entity.inside is None] == [
        "Kyiv",
        "İstanbul",
        "Russia’s envoy",
    ]
