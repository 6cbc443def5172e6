"""Places: in text whose tokens stand apart, made of nouns, told by their states; and what tagging costs."""

from __future__ import annotations

import time

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from processors.tag import sources
from processors.tag.build_languages import LANGUAGES
from processors.tag.document import Sources
from processors.tag.spaced import Squeezed, squeeze
from processors.tag.tag import ArticleTagger

PIECES = st.sampled_from(["U . S .", "Guinea - Bissau", "Côte d ' Ivoire", "A . B", " . ", "🚀", "e\u0301", "\n", "İ"])
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=20).map(" ".join)

LINE = "Police in Paris, Texas, said that Joe Biden met Putin near the Silala River in Bolivia. Biden left. "


@given(text=TEXTS, data=st.data())
def test_squeezed_text_keeps_every_letter_at_its_place(text: str, data: st.DataObject) -> None:
    """A span of the squeezed text is, blanks aside, the same letters in the text."""
    squeezed = Squeezed(text)
    start = data.draw(st.integers(0, max(0, len(squeezed.text) - 1)))
    end = data.draw(st.integers(start, len(squeezed.text)))

    place = squeezed.span(start, end) if end > start else None

    assert squeezed.text.replace(" ", "") == text.replace(" ", "")
    if place is not None:
        assert text[slice(*place)].replace(" ", "") == squeezed.text[start:end].replace(" ", "")


def test_usual_text_is_not_squeezed() -> None:
    """Only text whose tokens stand apart is read a second time."""
    assert squeeze("The U.S. and Guinea-Bissau signed. So did Mali.") is None


def test_town_told_by_its_state_is_known_afterwards(tagger: ArticleTagger) -> None:
    """A town that no list has counts wherever it is named again."""
    text = "A fire broke out in Elmsworth Hollow, Kentucky. Crews from Elmsworth Hollow put it out."

    towns = [entity for entity in tagger.tag_entities("", text, Sources()) if entity.surface == "Elmsworth Hollow"]

    assert [(town.kind, town.country, town.rule) for town in towns] == [("city", "US", "named-within")] * 2


@pytest.mark.parametrize(("publisher", "country"), [("GB", "GB"), ("CA", "CA")])
def test_publishers_country_decides_between_namesakes(publisher: str, country: str, tagger: ArticleTagger) -> None:
    """The same sentence means another town in another country's paper."""
    text = "The council in Cambridge met on Monday."

    entities = tagger.tag_entities("", text, Sources(publisher_country=publisher))

    assert [entity.country for entity in entities if entity.surface == "Cambridge"] == [country]


def test_every_mention_says_how_sure_it_is_and_why(tagger: ArticleTagger) -> None:
    """Rule and score stand on each mention."""
    entities = tagger.tag_entities("", LINE, Sources())

    assert entities
    assert all(entity.rule and 0 < entity.score <= 1 for entity in entities)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("uk", "Володимир Зеленський говорив із НАТО.", {"person/volodymyr-zelenskyy", "alliance/nato"}),
        ("ru", "Владимир Путин и КНДР, заявил Кремль.", {"person/vladimir-putin", "country/kp", "metonym/kremlin"}),
        ("ko", "김정은은 러시아에 군인을 보냈다고 한국이 말했다.", {"person/kim-jong-un", "country/ru", "country/kr"}),
        ("ar", "قال بوتين إن حماس و إسرائيل", {"person/vladimir-putin", "armed_group/hamas", "country/il"}),
        ("zh", "习近平与普京在北京谈乌克兰。", {"person/xi-jinping", "person/vladimir-putin", "country/ua"}),
    ],
)
def test_names_in_other_scripts(language: str, text: str, expected: set[str], tagger: ArticleTagger) -> None:
    """The most important names are found in Cyrillic, Hangul, Arabic and Chinese."""
    entities = tagger.tag_entities("", text, Sources(language=language))

    assert expected <= {entity.id for entity in entities}


OTHERWISE = {("de", "Island"), ("sv", "Island"), ("es", "Congo"), ("fr", "Argentine"), ("tr", "Somali")}
"""Names that are an English noun, two countries, or an English word for a people."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_countries_are_found_in_texts_of_each_language(language: str, tagger: ArticleTagger) -> None:
    """What several languages call a country alike is found in each of them, not in the first alone."""
    names = {iso: name for iso, name in Locale.parse(language).territories.items() if len(name) > 3}
    known = {row["iso"] for row in sources.read("countries")} & names.keys()

    found = {iso: tagger.tag_entities("", f"x {names[iso]} x", Sources(language=language)) for iso in known}
    missed = {names[iso] for iso in known if f"country/{iso.lower()}" not in {entity.id for entity in found[iso]}}

    otherwise = {name for spoken, name in OTHERWISE if spoken == language}
    words = {word for row in sources.read_languages() for word in row["names"].get("trap/phrases", ())}
    assert len(known) > 240
    assert missed >= otherwise
    assert missed - otherwise <= words


def test_a_countrys_name_in_another_language_is_none_here(tagger: ArticleTagger) -> None:
    """`Polen` is Poland in German, Dutch and Swedish, and nothing in English."""
    assert tagger.tag_entities("", "x Polen x", Sources(language="en")) == ()


def test_cost_grows_with_the_length_only(tagger: ArticleTagger) -> None:
    """Sixteen times the text costs about sixteen times as much."""
    short, long = LINE * 100, LINE * 1_600
    tagger.tag_text("", short, Sources())

    costs = []
    for text in (short, long):
        begin = time.process_time()
        tagger.tag_text("", text, Sources())
        costs.append(time.process_time() - begin)

    assert costs[1] < 16 * 3 * costs[0]


@pytest.mark.parametrize(
    "words", ["Georgia said the US in Kyiv sent weapons to the rebels and Kurds ", "Turkey Jordan Mr Lincoln against "]
)
def test_one_endless_sentence_costs_its_share(words: str, tagger: ArticleTagger) -> None:
    """A megabyte without a full stop costs no more for each letter than a short text."""
    short, long = (words * 20 + ".\n") * 60, words * (1_000_000 // len(words))
    tagger.tag_text("", short, Sources())

    costs = []
    for text in (short, long):
        begin = time.process_time()
        tagger.tag_text("", text, Sources())
        costs.append((time.process_time() - begin) / len(text))

    assert costs[1] < 5 * costs[0]
