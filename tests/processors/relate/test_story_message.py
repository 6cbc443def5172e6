"""The story message: its parts one by one, and the largest that can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from geowire.events import encode, story_event
from geowire.messages import Tagged
from geowire.topics import STORIES
from processors.relate import Grouping
from processors.relate.member_facts import MemberFacts, facts_of
from processors.relate.newcomer import article_time
from processors.relate.pace import pace
from processors.relate.story_message import story_message

Build = Callable[..., Tagged]

HOUR = 3600.0
WIDE = "\U0001f6a9"
THEMES = (
    "military-aid", "foreign-troops", "armed-conflict", "military-posture", "sanctions", "peace-talks", "diplomacy",
    "nuclear", "terrorism", "cyber-information", "human-rights", "humanitarian", "energy-trade", "domestic-politics",
)  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([], None),
        ([0], "new"),
        ([0, 5, 20], "new"),
        ([0, 1, 2, 3, 4], "burst"),
        ([0, 20, 40, 41, 42, 43, 44], "burst"),
        ([0, 10, 20, 30, 40], "steady"),
        ([0, 1, 8, 15, 22, 30, 47], "fading"),
    ],
)
def test_pace_follows_the_times_of_members(hours: list[float], expected: str | None) -> None:
    """New in its first day, a burst at five in six hours, fading when a day has half of the day before."""
    assert pace([hour * HOUR for hour in hours]) == expected


def largest_article(article: Build, number: int) -> Tagged:
    """An article with every list full and every text as long as it may be, in characters of four bytes."""
    evidence = [{"field": "text", "start": 0, "end": 5_000, "rule": WIDE * 60} for _ in range(20)]
    items = [WIDE * 98 + f"{item:02}" for item in range(20)]
    aid: list[dict[str, Any]] = [
        {
            "action": "pledged",
            "donor": WIDE * 190 + f"{act}",
            "recipient": WIDE * 200,
            "items": items,
            "evidence": evidence,
        }
        for act in range(20)
    ]
    entity = {"kind": "person", "field": "title", "start": 0, "end": 1, "surface": "x", "score": 1, "rule": "r"}
    return article(
        f"{number:064}",
        WIDE * 998 + f"{number:02}",
        (WIDE * 498 + ". ") * 40,
        hours=number / 10,
        url="https://x.example/" + WIDE * 2_000,
        publisher={"id": WIDE * 200, "name": WIDE * 200, "family": WIDE * 200},
        language="x" * 35,
        entities=[entity | {"id": WIDE * 116 + f"{place:04}", "label": WIDE * 120} for place in range(2_000)],
        countries=[
            {"iso": chr(65 + place % 26) + chr(65 + place // 26), "mentions": 9, "roles": ["actor", "target", "place"]}
            for place in range(250)
        ],
        themes=[{"theme": theme, "score": 1, "evidence": evidence} for theme in THEMES],
        aid=aid,
    )


def test_the_largest_story_fits_its_topic(article: Build) -> None:
    """Sixty members with everything full give a message below the topic's limit, headers included."""
    grouping, facts = Grouping(), list[MemberFacts]()
    for number in range(60):
        tagged = largest_article(article, number)
        facts.append(facts_of(tagged, grouping.add(tagged), article_time(tagged)))
    story = grouping.story_of(facts[0].added.article_id)
    assert story is not None
    story.merged_from = ["f" * 64] * 80

    message = story_message(story, facts, added=[facts[-1].added])

    record = encode(story_event(message, datetime(2026, 3, 2, tzinfo=UTC)))
    assert len(record.value or b"") + 2_000 < STORIES.max_message_bytes
    assert len(message.articles) == 20
    assert len(message.timeline) <= 50
