"""A small feed list that means a huge one is refused at once, with its line: lists may come from an address."""

from __future__ import annotations

import time

import pytest

from geowire.errors import Misconfigured
from ingest.catalogue import Located, parse_catalogue

DEPTH = 30
"""Levels of nine aliases each: nobody could ever read them all."""


def laughs() -> str:
    """Lists of lists of lists, each nine times the one before."""
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, DEPTH)]
    return "\n".join(["a0: &a0 [x]", *levels, f"feeds: *a{DEPTH - 1}"])


def merges() -> str:
    """Mappings that take in nine times the one before."""
    levels = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, DEPTH)]
    return "\n".join(["a0: &a0 {url: x}", *levels, f"feeds: [*a{DEPTH - 1}]"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (laughs(), "line 1: an alias stands for this"),
        (merges(), "line 1: an alias stands for this"),
        ("feeds: &a [*a]", "an alias stands for this"),
        ("feeds:\n- url: " + "1:" * 500_000 + "1", "line 2: nothing in a feed list is so long a number"),
        ("feeds:\n- url: " + "9" * 500_000, "line 2: nothing in a feed list is so long a number"),
        ("feeds: !!python/object/apply:os.system [exit]", "f: this is not a feed list"),
        ("feeds: " + "[" * 100_000, "too many brackets"),
        ("feeds: " + "{a: " * 50_000, "f: "),
        ("<!DOCTYPE o [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><opml>&b;</opml>", "entities are not allowed"),
        ("<!DOCTYPE o [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><opml>&a;</opml>", "entities are not allowed"),
    ],
)
def test_a_bomb_is_one_line_and_costs_nothing(text: str, said: str) -> None:
    """Aliases of aliases, merges of merges, endless numbers, objects, brackets without end, entities of entities."""
    begun = time.process_time()

    with pytest.raises(Misconfigured) as caught:
        parse_catalogue(Located("f", text.encode()))

    assert said in str(caught.value)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)
    assert time.process_time() - begun < 5
