"""What kind of text it is, and in which language."""

from __future__ import annotations

import pytest

from geowire.messages.article import Form
from ingest.form import form_of
from ingest.language import language_of

ADDRESS = "https://post.example/valley/harbour-closed"
ENGLISH = "The harbour stayed closed for a third day while divers searched the basin for the lost barge. " * 2
GERMAN = "Der Hafen blieb den dritten Tag geschlossen, während Taucher das Becken absuchten. " * 2
NORWEGIAN = "Havnen var stengt for tredje dag på rad mens dykkere lette etter den savnede lekteren. " * 2


@pytest.mark.parametrize(
    ("address", "title", "form"),
    [
        (ADDRESS, "Harbour closed", "article"),
        ("https://post.example/live/valley/2026", "Harbour", "live"),
        ("https://post.example/valley/harbour-live-updates-7", "Harbour", "live"),
        ("https://post.example/valley/harbour-crisis-live", "Harbour", "live"),
        (ADDRESS, "Harbour crisis live: divers go down again", "live"),
        (ADDRESS, "En direct : le port reste fermé", "live"),
        (ADDRESS, "Harbour crisis – as it happened", "live"),
        (ADDRESS, "Live music returns to the quay", "article"),
        ("https://post.example/valley/live-cattle-prices", "Cattle", "article"),
        ("https://post.example/meinung/hafen", "Hafen", "opinion"),
        (ADDRESS, "Opinion | Open the harbour", "opinion"),
        (ADDRESS, "Kommentar: Macht den Hafen auf", "opinion"),
        (ADDRESS, "Master declines to comment on barge", "article"),
        ("https://post.example/valley/master-declines-to-comment", "Master", "article"),
        (ADDRESS, "The week in brief: a harbour, a storm", "roundup"),
        ("https://post.example/valley/morning-briefing-3-may", "Good morning", "roundup"),
    ],
)
def test_form_is_told_by_address_and_title(address: str, title: str, form: Form) -> None:
    """In several languages, and not by a word alone."""
    assert form_of(address, title) == form


def test_the_publishers_own_word_comes_first() -> None:
    """JSON-LD and the section."""
    assert form_of(ADDRESS, "Harbour", node={"@type": ["Article", "LiveBlogPosting"]}) == "live"
    assert form_of(ADDRESS, "Live: x", node={"@type": "OpinionNewsArticle"}) == "opinion"
    assert form_of(ADDRESS, "Harbour", section="Opinion") == "opinion"
    assert form_of(ADDRESS, "Harbour", node={"articleSection": "Kommentare"}) == "opinion"


def test_times_at_the_head_of_lines_make_a_live_blog() -> None:
    """A few of them may be a timetable."""
    assert form_of(ADDRESS, "Harbour", "\n".join(f"1{n}:05 Divers go down." for n in range(6))) == "live"
    assert form_of(ADDRESS, "Harbour", "10:05 Divers go down.\n11:05 They are back.") == "article"


@pytest.mark.parametrize("text", [ENGLISH, ENGLISH.upper()])
def test_words_decide_over_tags(text: str) -> None:
    """A template's tag says what its maker speaks."""
    assert language_of(text, "de") == "en"
    assert language_of(text, None) == "en"
    assert language_of(GERMAN, "en") == "de"


def test_the_tag_decides_between_near_relatives_and_of_short_texts() -> None:
    """There words are not enough."""
    assert language_of(NORWEGIAN, "nn") == "nn"
    assert language_of("Harbour closed.", "fr") == "fr"
    assert language_of("1 2 3 4 5 6 7 8 9 " * 20, "fr") == "fr"
    assert language_of("", None) is None
