"""Copies of one text, and who counts as telling it."""

from __future__ import annotations

from collections.abc import Callable

from geowire.messages import Tagged
from processors.relate import Grouping
from processors.relate.near_duplicates import GENERATION, GENERATIONS, NearDuplicates, jaccard, signature

Build = Callable[..., Tagged]

WIRE = (
    "The port authority of Veldoran closed two of its five terminals on Monday after a crane fell on a freighter. "
    "Nobody was hurt, a spokesman said, but forty ships are waiting outside the harbour and more are on their way. "
    "Divers will look at the hull of the freighter in the morning, and the terminals stay closed until they are done."
)


def test_a_syndicated_copy_is_known(article: Build) -> None:
    """A text that another publisher cut and headed anew is a copy of the first one seen, and so is a third."""
    grouping = Grouping()
    first = grouping.add(article("wire", "Crane falls on freighter in Veldoran", WIRE))

    second = grouping.add(article("paper", "Port closes terminals", WIRE.replace("on Monday ", "")))
    third = grouping.add(article("site", "Freighter hit", "VELDORAN (Wire) - " + WIRE))

    assert [second.duplicate_of, third.duplicate_of] == ["wire", "wire"]
    assert {second.story_id, third.story_id} == {first.story_id}
    assert second.why is not None
    assert second.why.rule == "duplicate"


def test_short_texts_are_no_copies(article: Build) -> None:
    """Two flashes of a few words are not enough to speak of a copy."""
    grouping = Grouping()
    grouping.add(article("a", "Live updates", "Follow our coverage here."))

    assert grouping.add(article("b", "Live updates", "Follow our coverage here.")).duplicate_of is None


def test_one_title_for_two_stories(article: Build, telling: Build) -> None:
    """Equal titles alone join nothing: two events under one heading are two stories."""
    grouping = Grouping()

    first = grouping.add(article("a", "Harbour notes", telling("harbour", 0).text))
    second = grouping.add(article("b", "Harbour notes", telling("vote", 0).text, hours=20))

    assert first.story_id != second.story_id


def test_signatures_estimate_likeness() -> None:
    """Equal texts are wholly alike, different ones not at all."""
    one, other = signature("", WIRE), signature("", " ".join(reversed(WIRE.split())))

    assert one is not None
    assert other is not None
    assert jaccard(one, one) == 1.0
    assert jaccard(one, other) < 0.1


def test_the_ring_is_bounded() -> None:
    """With a full ring the oldest generation of signatures goes."""
    ring = NearDuplicates()
    signed = signature("", WIRE)
    assert signed is not None
    ring.add("first", signed)

    for number in range(GENERATION * GENERATIONS):
        ring.add(f"other-{number}", number.to_bytes(4, "big") * 128)

    assert ring.alike(signed) == []
    assert ring.oldest == GENERATION
