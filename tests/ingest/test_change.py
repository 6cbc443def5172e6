"""What differs between two versions, and of what kind that is."""

from __future__ import annotations

import pytest

from ingest.change import describe_change

BEFORE = "Ferries stopped on Monday. The harbour lost 40 tonnes of grain."


def kind(text: str, *, title: str = "Ferries stop", form: str | None = None) -> str | None:
    """The class of the change from one text to another."""
    return describe_change("Ferries stop", BEFORE, title, text, form).class_  # type: ignore[arg-type]


def test_change_names_sentences() -> None:
    """What is new and what is gone, each with its count."""
    change = describe_change("T", "One. Two.", "T", "One. Three! Four.")

    assert (change.added, change.removed, change.class_) == (("Three!", "Four."), ("Two.",), "other")
    assert (change.added_count, change.removed_count) == (2, 1)


@pytest.mark.parametrize(
    "note",
    [
        "Correction: An earlier report gave the wrong port.",
        "This article has been corrected.",
        "Anmerkung der Redaktion: Der Name war falsch.",
        "Corrección: el puerto era otro.",
        "Исправление: порт назван неверно.",
        "更正：港口名称有误。",
    ],
)
def test_a_note_of_correction_is_one(note: str) -> None:
    """In several languages, also if numbers change with it."""
    assert kind(f"{BEFORE.replace('40', '4')} {note}") == "correction"


def test_other_numbers_in_the_same_sentences() -> None:
    """In figures or in words, in the text or in the headline."""
    assert kind(BEFORE.replace("40", "1,400")) == "numbers"
    assert describe_change("Two ships lost", BEFORE, "Three ships lost", BEFORE).class_ == "numbers"


def test_a_number_and_a_new_sentence_are_more_than_numbers() -> None:
    """Something else was written too."""
    assert kind(BEFORE.replace("40", "60") + " A crane fell.") == "other"


def test_a_headline_alone_is_told_as_such() -> None:
    """The text is the same."""
    assert kind(BEFORE, title="No ferries") == "headline"
    assert kind(BEFORE) is None


def test_only_more_text_is_an_extension() -> None:
    """Of a live blog it is the next entry."""
    assert kind(BEFORE + " A crane fell.") == "extended"
    assert kind(BEFORE + " A crane fell.", form="live") == "live"


def test_a_sentence_about_a_correction_is_not_one() -> None:
    """The market's correction, and prisons."""
    assert kind(BEFORE + " Analysts had long expected a correction of grain prices.") == "extended"
