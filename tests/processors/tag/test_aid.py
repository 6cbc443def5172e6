"""Military-aid facts: who does what for whom in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from processors.tag.aid import in_passing
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data/tag/aid.yaml").read_text(encoding="utf-8")
)


SAID: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data/tag/said.yaml").read_text(encoding="utf-8")
)
MONDAY = Sources(datetime(2024, 10, 14, 8, tzinfo=UTC))


@pytest.mark.parametrize("case", SAID, ids=lambda case: case["text"][:50])
def test_who_says_it_and_when_it_was(case: dict[str, Any], tagger: ArticleTagger) -> None:
    """Speaker and day stand in the fact where the sentence tells them plainly, and are null elsewhere."""
    (fact,) = tagger.tag_text("", case["text"], MONDAY).aid

    assert (fact.said_by, fact.date) == (case["said_by"], case["date"])


def test_undated_article_resolves_only_what_has_a_year(tagger: ArticleTagger) -> None:
    """Without the article's date a weekday is no date."""
    text = "Germany sent tanks to Ukraine on Monday. Poland sent tanks to Israel in May 2021."

    facts = tagger.tag_text("", text, Sources()).aid

    assert {fact.donor: fact.date for fact in facts} == {"DE": None, "PL": "2021-05"}


@pytest.mark.parametrize("day", ["yesterday", "on Friday", "in December", "tomorrow"])
@pytest.mark.parametrize("year", [1, 9999])
def test_article_at_the_end_of_time_has_no_days(year: int, day: str, tagger: ArticleTagger) -> None:
    """A feed's absurd date resolves no weekday and loses no article."""
    published = datetime(year, 1, 1, tzinfo=UTC) if year == 1 else datetime(year, 12, 31, tzinfo=UTC)

    (fact,) = tagger.tag_text("", f"Germany sent tanks to Ukraine {day}.", Sources(published)).aid

    assert fact.date is None


def test_endless_word_is_no_item(tagger: ArticleTagger) -> None:
    """A word that only begins like a weapon and never ends is left out; the fact stays."""
    (fact,) = tagger.tag_text("", f"Germany sent tanks and munition{'x' * 300} to Ukraine.", Sources()).aid

    assert fact.items == ("tanks",)


@pytest.mark.parametrize(("year", "donors"), [(2022, {"NL"}), (2024, set())])
def test_who_heads_a_body_of_many_gives_nothing_for_a_country(
    year: int, donors: set[str], tagger: ArticleTagger
) -> None:
    """A prime minister gives for a country; the same person as NATO's secretary general does not."""
    text = "Mark Rutte gave howitzers to Ukraine."

    facts = tagger.tag_text("", text, Sources(datetime(year, 11, 1, tzinfo=UTC))).aid

    assert {fact.donor for fact in facts if fact.donor} == donors


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:50])
def test_facts_of_a_sentence(case: dict[str, Any], tagger: ArticleTagger) -> None:
    """Each act has its donor and its recipient; fighting and food are no military aid."""
    found = [[fact.action, fact.donor, fact.recipient] for fact in tagger.tag_text("", case["text"], Sources()).aid]

    assert sorted(found, key=str) == sorted(case["facts"], key=str)


def test_one_act_told_twice_is_one_fact(tagger: ArticleTagger) -> None:
    """Title and text tell the same: one fact with both sentences as evidence, and high confidence."""
    tags = tagger.tag_text("Germany sends tanks to Ukraine", "Germany sent tanks to Ukraine on Monday.", Sources())

    (fact,) = tags.aid
    assert [item.field for item in fact.evidence] == ["title", "text"]
    assert fact.confidence == "high"


def test_two_sums_are_two_acts(tagger: ArticleTagger) -> None:
    """Who pledges twice pledges two sums."""
    text = "Norway pledged $200 million in military aid to Ukraine. Oslo pledged another $50 million in arms for Kyiv."

    facts = tagger.tag_text("", text, Sources()).aid

    assert {(fact.action, fact.amount) for fact in facts} == {("pledged", 200_000_000), ("pledged", 50_000_000)}


def test_fact_in_passing_is_never_sure(tagger: ArticleTagger) -> None:
    """In an article that treats something else a fact stands, but with low confidence."""
    (fact,) = tagger.tag_text("", "Germany sent tanks to Ukraine.", Sources()).aid

    (passing,) = in_passing((fact,))

    assert (fact.confidence, passing.confidence) == ("high", "low")
    assert passing.evidence == fact.evidence


UNSURE = [
    "If Austria sends tanks to Ukraine, Russia will respond.",
    "Russia will respond if Austria sends tanks to Ukraine.",
    "Unless Austria sends air defence missiles to Ukraine, the front will break.",
    "Poland will close the border unless Austria sends missiles to Ukraine.",
    "Whether Austria will send tanks to Ukraine is unclear.",
    "It would be a mistake for Austria to send tanks to Ukraine.",
    "Austria should send tanks to Ukraine.",
    "Will Austria send tanks to Ukraine?",
]


@pytest.mark.parametrize("title", ["", "Austria should send tanks to Ukraine"])
@pytest.mark.parametrize("text", UNSURE)
def test_what_is_only_possible_is_never_sure(title: str, text: str, tagger: ArticleTagger) -> None:
    """A condition, a wish and a question are no fact, in a title neither, and however often they are told."""
    facts = tagger.tag_text(title, f"{text} {text}", Sources()).aid

    assert {fact.confidence for fact in facts} == {"low"}
    assert {fact.status for fact in facts} == {"planned"}


@pytest.mark.parametrize("time", ["On Tuesday", "In 2024", "In May", "In the spring"])
def test_giver_after_a_time_is_the_subject(time: str, tagger: ArticleTagger) -> None:
    """A time that begins the sentence takes nothing from the one who gives: the fact is as sure as without it."""
    (fact,) = tagger.tag_text("", f"{time} Finland sent tanks to Ukraine.", MONDAY).aid

    assert (fact.donor, fact.confidence) == ("FI", "high")


def test_what_follows_a_condition_is_told(tagger: ArticleTagger) -> None:
    """The comma ends the condition: the promise after it stands."""
    (fact,) = tagger.tag_text("", "If the war goes on, Austria will send tanks to Ukraine.", Sources()).aid

    assert (fact.action, fact.donor, fact.confidence) == ("pledged", "AT", "high")


@pytest.mark.parametrize(
    ("words", "amount", "currency"),
    [
        ("$1.4 billion", 1_400_000_000, "USD"),
        ("€500m", 500_000_000, "EUR"),
        ("£2.3bn", 2_300_000_000, "GBP"),
        ("300 million euros", 300_000_000, "EUR"),
        ("$61,000", 61_000, "USD"),
    ],
)
def test_amount(words: str, amount: float, currency: str, tagger: ArticleTagger) -> None:
    """Sums of money are read in the usual ways of writing them."""
    (fact,) = tagger.tag_text("", f"Norway pledged {words} in military aid to Ukraine.", Sources()).aid

    assert (fact.amount, fact.currency) == (amount, currency)


CLAUSES = [
    ("Finland, whose defence budget is $7 billion, will send Stinger missiles to Ukraine.", {("FI", None)}),
    ("Norway, which has a $1.7 trillion fund, pledged $200 million in arms to Ukraine.", {("NO", 200_000_000)}),
    (
        "Spain gave Ukraine howitzers, and Greece gave Ukraine tanks worth 20 million euros.",
        {("ES", None), ("GR", 2e7)},
    ),
    ("Norway pledged 10 billion kroner ($1 billion) in military aid to Ukraine.", {("NO", 10_000_000_000)}),
    ("After 50 billion yen ($330 million) of talks Japan sent Ukraine radars worth $2 million.", {("JP", 2_000_000)}),
    ("With a $900 million budget, Finland sent $5 million worth of drones to Ukraine.", {("FI", 5_000_000)}),
    ("Finland will send Ukraine tanks, artillery, and missiles worth $400 million.", {("FI", 400_000_000)}),
]


@pytest.mark.parametrize(("text", "sums"), CLAUSES, ids=[text[:40] for text, _ in CLAUSES])
def test_sum_is_that_of_the_gift(text: str, sums: set[tuple[str, float | None]], tagger: ArticleTagger) -> None:
    """Another clause's sum, a budget and the same sum in another currency are not what is given."""
    facts = tagger.tag_text("", text, Sources()).aid

    assert {(fact.donor, fact.amount) for fact in facts} == sums


def test_items_are_those_of_the_clause(tagger: ArticleTagger) -> None:
    """Each giver of a sentence gives what its own clause names."""
    facts = tagger.tag_text("", "Spain sent Ukraine howitzers and Greece sent Ukraine warships.", Sources()).aid

    assert {fact.donor: fact.items for fact in facts} == {"ES": ("howitzers",), "GR": ("warships",)}
