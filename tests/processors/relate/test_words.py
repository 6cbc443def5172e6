"""Texts to terms, and numbered things."""

from __future__ import annotations

import pytest

from processors.relate.document_counts import DocumentCounts
from processors.relate.ordinals import contradict, ordinals
from processors.relate.words import terms


def test_stop_words_and_plurals_go() -> None:
    """Stop words are dropped, plural and singular are one term, the country is not the pronoun."""
    assert terms("The US sends missiles and a missile to us; Kyiv’s armies, glass, crisis") == [
        "u.s", "send", "missile", "missile", "kyiv", "army", "glass", "crisis",
    ]  # fmt: skip


def test_unspaced_scripts_give_pairs() -> None:
    """Text without spaces is cut into pairs of characters."""
    assert terms("北京会谈") == ["北京", "京会", "会谈"]


def test_frequent_words_weigh_less_from_the_start() -> None:
    """Before anything was counted a frequent news word weighs less than any other."""
    counts = DocumentCounts()

    assert counts.weight("president") < counts.weight("veldoran")


def test_counts_change_weights() -> None:
    """A term weighs less once many stories have it."""
    counts = DocumentCounts()
    before = counts.weight("drone")

    for _ in range(50):
        counts.start(["drone"])

    assert counts.weight("drone") < before


@pytest.mark.parametrize(
    ("text", "thing", "number"),
    [
        ("EU adopts 12th sanctions package", "package", 12),
        ("EU beschließt 13. Sanktionspaket", "sanktionspaket", 13),
        ("The third round of talks", "round", 3),
        ("Round three of talks ends", "round", 3),
        ("War in Ukraine: day 900", "day", 900),
    ],
)
def test_numbered_things_are_found(text: str, thing: str, number: int) -> None:
    """Ordinals in digits and words, and counted rounds."""
    assert ordinals(text)[thing] == {number}


def test_only_different_numbers_of_one_thing_contradict() -> None:
    """The 12th package contradicts the 13th, not the 13th summit."""
    twelfth, thirteenth = ordinals("12th package"), ordinals("13th package")

    assert contradict(twelfth, thirteenth)
    assert not contradict(twelfth, ordinals("13th summit"))
    assert not contradict(twelfth, twelfth)
