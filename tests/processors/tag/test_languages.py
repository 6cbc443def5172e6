"""Other languages than English: floors on news of our own, and promises for each file of words and names."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.quality.labelled import Part, languages, read_news
from benchmarks.quality.languages import judged, measured
from benchmarks.quality.themes_and_aid import Judged
from processors.tag import sources
from processors.tag.build_languages import forms
from processors.tag.document import Sources
from processors.tag.lexicon import Hit, Lexicon
from processors.tag.tag import ArticleTagger

LANGUAGES = [row["language"] for row in sources.read_languages()]
KNOWN_GROUPS = {
    *sources.read("word_groups"),
    *sources.read("aid")["groups"],
    *(group for theme in sources.read_themes() for group in theme.get("groups", ())),
}


@pytest.fixture(scope="module", params=LANGUAGES)
def news(request: pytest.FixtureRequest, tagger: ArticleTagger) -> Judged:
    """The news of each language in turn, tagged."""
    return judged(tagger, request.param)


def test_each_language_has_news() -> None:
    """Words that nothing measures are no words."""
    assert languages() == LANGUAGES
    assert sorted(path.stem for path in (sources.DATA / "languages").glob("*.yaml")) == LANGUAGES


def test_military_aid_is_found(news: Judged) -> None:
    """The theme that most watches ask for."""
    assert measured(news)["theme military-aid, F1"].f1 >= 0.8


def test_themes_are_found(news: Judged) -> None:
    """All themes taken together."""
    assert measured(news)["all themes, F1"].f1 >= 0.75


def test_countries_are_found(news: Judged) -> None:
    """In every case and gender that the language has."""
    assert measured(news)["countries, F1"].f1 >= 0.95


def test_what_is_no_news_of_states_has_no_theme(news: Judged) -> None:
    """Sport, crime, films and prices use the same words."""
    tagged = [tags.themes for row, tags in news if not row["themes"]]

    assert sum(map(bool, tagged)) <= 2


def test_evidence_is_a_sentence_of_the_article(news: Judged) -> None:
    """Offsets are right in every script."""
    pieces = [
        (row[item.field][item.start : item.end], row)
        for row, tags in news
        for theme in tags.themes
        for item in theme.evidence
    ]

    assert pieces
    assert all(piece == piece.strip() and len(piece) > 5 for piece, _ in pieces)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["tuning", "held back"])
def test_half_of_the_news_is_held_back(language: str, part: Part) -> None:
    """Both halves have their share of military aid."""
    rows = read_news(language, part)

    assert len(rows) == 14
    assert sum("military-aid" in row["themes"] for row in rows) >= 3


@pytest.mark.parametrize("row", sources.read_languages(), ids=LANGUAGES)
def test_words_are_for_rules_that_there_are(row: dict[str, Any]) -> None:
    """A group of which no rule knows would never count; every theme has words."""
    assert row["groups"].keys() <= KNOWN_GROUPS
    assert row["themes"].keys() == {theme["theme"] for theme in sources.read_themes()}
    assert {name["endings"] for names in row["names"].values() for name in names if isinstance(name, dict)} == set(
        row["endings"]
    )


def test_facts_are_read_in_english_alone(tagger: ArticleTagger) -> None:
    """The grammar is English: words that look alike must not make facts."""
    text = "Germany sent Ukraine Leopard 2 tanks."

    assert tagger.tag_text("Tanks", text, Sources(language="en")).aid
    assert not tagger.tag_text("Tanks", text, Sources(language="de")).aid


@pytest.mark.parametrize(
    ("language", "text", "entity"),
    [
        ("es", "Roma anunció ayuda para los refugiados.", "metonym/it-capital"),  # and a town in Texas
        ("es", "Argentina anunció ayuda.", "country/ar"),  # and an adjective at the start of a sentence
        ("uk", "У Харкові пролунали вибухи.", "city/ua/kharkiv"),
        ("ru", "Власти обстрелянного Белгорода молчат.", "city/ru/belgorod"),
        ("pl", "W Charkowie słychać było wybuchy.", "city/ua/kharkiv"),
    ],
)
def test_a_name_means_what_the_language_calls_so(tagger: ArticleTagger, language: str, text: str, entity: str) -> None:
    """Towns elsewhere and adjectives that are spelled alike come after it."""
    assert [it.id for it in tagger.tag_text("", text, Sources(language=language)).entities] == [entity]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Dabei ging es um Frieden."),
        ("es", "Reunión en el ayuntamiento."),
        ("pl", "Rada gminy obraduje. Dane pokazują co innego."),
        ("uk", "Того дня йшов дощ. Малі діти грали."),
    ],
)
def test_a_word_of_the_language_is_no_name(tagger: ArticleTagger, language: str, text: str) -> None:
    """Luc Frieden, Réunion, the Verkhovna Rada, Togo: at the start of a sentence all words have a capital."""
    assert not tagger.tag_text("", text, Sources(language=language)).entities


def test_a_star_stands_for_the_rest_of_a_word() -> None:
    """After a word, before it, and inside a phrase."""
    lexicon = Lexicon({"a": ["військов* допомог*"], "b": ["*lieferung*"], "c": ["рука"]})

    assert list(lexicon.find_in("нову військову допомогу")) == [Hit(5, 23, "a")]
    assert not list(lexicon.find_in("військова і допомога"))
    assert not list(lexicon.find_in("велика допомогаю військова"))
    assert list(lexicon.find_in("die panzerlieferungen")) == [Hit(10, 21, "b")]
    assert not list(lexicon.find_in("порука рукав"))


def test_a_name_has_a_spelling_for_each_ending() -> None:
    """What is written small may begin a sentence."""
    endings = {"adjective": ["", "e"]}

    assert list(forms({"stem": "russisch", "endings": "adjective"}, endings)) == [
        "russisch",
        "Russisch",
        "russische",
        "Russische",
    ]
    assert list(forms("НАТО", endings)) == ["НАТО"]
