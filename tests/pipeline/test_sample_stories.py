"""What relate makes of the sample news web, whose articles say which running story they belong to."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from random import Random

import pytest

from cli.sample_web.content import load_sample_web
from geowire.bus import open_bus
from geowire.events import decode
from geowire.messages import Tagged
from geowire.settings import Settings
from geowire.topics import TAGGED
from processors.relate import Grouping

WINDOW = timedelta(days=21)
"""The sample spans ten days and comes all at once."""

WRONG_PAIRS = 2
"""Pairs of articles of two running stories that may stand in one; an article of a live blog may truly treat both."""


def letters(title: str) -> str:
    """A title by its letters and digits alone: markup and quotation marks differ on the way."""
    return "".join(letter for letter in title.lower() if letter.isalnum())


@pytest.fixture(scope="module")
def articles(sample_run: Settings) -> list[Tagged]:
    """The sample's articles as they were tagged, the oldest first."""
    found: dict[str, Tagged] = {}
    with open_bus(sample_run.bus_url) as bus, bus.read(TAGGED.name) as reader:
        while not reader.at_end():
            for delivery in reader.poll(500, 1.0):
                match decode(delivery).data:
                    case Tagged() as tagged:
                        found[tagged.id] = tagged
    return sorted(found.values(), key=lambda tagged: (tagged.published_at or tagged.fetched_at, tagged.id))


def together(articles: list[Tagged]) -> set[tuple[str, str]]:
    """The pairs of titles that stand in one story once all have come in this order."""
    grouping = Grouping(window=WINDOW)
    for tagged in articles:
        grouping.add(tagged)
    stories = {tagged.id: story for tagged in articles if (story := grouping.story_of(tagged.id)) is not None}
    assert len(stories) == len(articles)
    return {
        (letters(one.title), letters(other.title))
        for one, other in combinations(sorted(articles, key=lambda tagged: letters(tagged.title)), 2)
        if stories[one.id].id == stories[other.id].id
    }


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4])
def test_its_stories_are_its_stories(articles: list[Tagged], seed: int | None) -> None:
    """In order of time and in any other: hardly two articles of different stories meet, and many of one do."""
    running = {letters(article.title): article.story or article.slug for article in load_sample_web().articles}
    in_order = articles if seed is None else Random(seed).sample(articles, len(articles))

    pairs = together(in_order)

    known = [(running[one], running[other]) for one, other in pairs if one in running and other in running]
    wrong = [pair for pair in known if pair[0] != pair[1]]
    assert len(wrong) <= WRONG_PAIRS, wrong
    assert len(known) - len(wrong) >= 10
