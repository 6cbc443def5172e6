"""Copies of one text, and who counts as telling it."""

from __future__ import annotations

from collections.abc import Callable

from geowire.messages import Tagged
from processors.relate import Grouping
from processors.relate.contribution import first_words
from processors.relate.near_duplicates import NearDuplicates, Sketch, containment, pack, sketch

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


def sketched(text: str) -> Sketch:
    """The sketch of a text that is long enough."""
    hashes = sketch(first_words(text))
    assert hashes is not None
    return hashes


def contained(left: Sketch, right: Sketch) -> float:
    """How much of the smaller of two texts the other has."""
    return containment(left, frozenset(left), right)


def test_sketches_estimate_containment() -> None:
    """A text is wholly in itself and in a longer one; its words in another order are not in it."""
    whole = sketched(WIRE)

    assert contained(whole, whole) == 1.0
    assert contained(sketched(WIRE.partition("Divers")[0]), whole) > 0.9
    assert contained(whole, sketched(" ".join(reversed(WIRE.split())))) < 0.1


def test_texts_without_spaces_are_compared_by_characters() -> None:
    """A Chinese text that lost a sentence is still in the whole."""
    text = (
        "港口局周一关闭了五个码头中的两个因为一台起重机砸中了一艘货轮。发言人说没有人受伤但是四十艘船只正在港外等待。"
    )

    assert contained(sketched(text[:31]), sketched(text)) > 0.9


def test_days_that_are_over_are_forgotten() -> None:
    """After so many days a text is no copy any more, and nothing of it is kept, while younger copies are found."""
    ring, signed = NearDuplicates(days=2), sketched(WIRE)
    ring.add("old", pack(signed), 0.0)
    ring.add("young", pack(signed), 86_400.0)
    assert [name for _, name in ring.alike(signed)] == ["old", "young"]

    ring.add("other", pack(tuple(range(100))), 2 * 86_400.0)

    assert [name for _, name in ring.alike(signed)] == ["young"]
    assert ring.oldest == 1


def test_the_ring_is_bounded_in_number() -> None:
    """With a full ring the oldest part of a day goes."""
    ring, signed = NearDuplicates(most=80), sketched(WIRE)
    ring.add("first", pack(signed), 0.0)

    for number in range(90):
        ring.add(f"other-{number}", pack(tuple(range(number * 200, number * 200 + 128))), 0.0)

    assert ring.alike(signed) == []
    assert 0 < ring.count - ring.oldest <= 80


def test_the_ring_is_bounded_in_days() -> None:
    """A text of a week and a day ago is forgotten, one of yesterday is known."""
    ring, signed, day = NearDuplicates(days=8), sketched(WIRE), 86_400.0
    ring.add("old", pack(signed), 0.0)
    ring.add("young", pack(signed), 7 * day)
    assert {article_id for _, article_id in ring.alike(signed)} == {"old", "young"}

    ring.add("other", pack(tuple(range(128))), 8 * day)

    assert [article_id for _, article_id in ring.alike(signed)] == ["young"]
