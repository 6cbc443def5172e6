"""The measure of the text benchmark is the one that it says it is."""

from __future__ import annotations

import pytest

from benchmarks.text_quality import Score, runs, score


def test_runs_of_four_words_are_counted() -> None:
    """A text of fewer words is one run."""
    assert runs("a b c d e") == {("a", "b", "c", "d"): 1, ("b", "c", "d", "e"): 1}
    assert runs("a b") == {("a", "b"): 1}
    assert not runs("")


def test_score_is_the_share_of_runs() -> None:
    """Half of what was found is expected, and all that is expected was found."""
    found = score("a b c d e", "a b c d e f g")

    assert (found.precision, found.recall) == (0.5, 1.0)
    assert found.f1 == pytest.approx(2 / 3)
    assert score("a b c d", "") == Score(0.0, 0.0, 0.0)


def test_composition_and_soft_hyphens_are_no_difference() -> None:
    """They are not seen by a reader."""
    assert score("Zürich bleibt heute zu", "Zu\u0308rich bleibt heu\xadte zu").f1 == 1.0
