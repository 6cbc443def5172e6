"""Sentences end where a reader would end them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tag import sources
from processors.tag.sentences import Splitter

SPLITTER = Splitter(sources.read("abbreviations"), sources.read("contexts")["sentence_openers"])

CASES = [
    ("One came. Two left.", ["One came.", "Two left."]),
    ("The U.S. Army moved. It stopped.", ["The U.S. Army moved.", "It stopped."]),
    ("They live in the U.S. The army does not.", ["They live in the U.S.", "The army does not."]),
    (
        "Gen. Smith met Mr. Jones on Oct. 8 in St. Petersburg.",
        ["Gen. Smith met Mr. Jones on Oct. 8 in St. Petersburg."],
    ),
    ("It cost $1.5 billion. Nobody paid.", ["It cost $1.5 billion.", "Nobody paid."]),
    ("J. K. Rowling wrote. He read.", ["J. K. Rowling wrote.", "He read."]),
    ('"Stop it!" he said. She did.', ['"Stop it!" he said.', "She did."]),
    ("No full stop\nNext paragraph", ["No full stop", "Next paragraph"]),
    ("That was ill. He knew.", ["That was ill.", "He knew."]),
    ("Why? Because! So…", ["Why?", "Because!", "So…"]),
    ("第一句。第二句。", ["第一句。", "第二句。"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_split(text: str, expected: list[str]) -> None:
    """Abbreviations, initials, decimals and paragraphs are known."""
    assert [text[start:end] for start, end in SPLITTER.split(text)] == expected


@given(st.text(alphabet="aB. !?\n\"'U1é…", max_size=200))
def test_spans_are_ordered_and_lose_nothing(text: str) -> None:
    """Sentences do not overlap, and what is between them is blank."""
    spans = SPLITTER.split(text)
    gaps = [0, *(place for span in spans for place in span), len(text)]

    assert gaps == sorted(gaps)
    assert not "".join(text[gaps[place] : gaps[place + 1]] for place in range(0, len(gaps), 2)).strip()


@pytest.mark.parametrize("run", [".", "!?", "….", ".)", "。", ".\n"])
def test_a_run_of_dots_costs_its_length(run: str) -> None:
    """An article that is nothing but full stops is split in no time: the cost grows with the length, not its square."""
    begun = time.process_time()

    spans = SPLITTER.split(run * 100_000)

    assert time.process_time() - begun < 3
    assert spans[0][0] == 0
