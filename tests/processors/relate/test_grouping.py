"""What the grouping decides, without any table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from geowire.messages import ArticleWithdrawn, Tagged
from processors.relate import Grouping
from processors.relate.grouping import story_id
from processors.relate.merge_score import MergeScore, shipped_score

Build = Callable[..., Tagged]


def withdrawal(article: Tagged) -> ArticleWithdrawn:
    """The article goes, one version later."""
    return ArticleWithdrawn(
        id=article.id, version=article.version + 1, url=article.url, reason="gone", withdrawn_at=article.fetched_at
    )


def test_tellings_of_one_event_share_a_story(telling: Build) -> None:
    """Three tellings of each of four events make four stories."""
    grouping = Grouping()

    assigned = {
        (event, teller): grouping.add(telling(event, teller, hours=teller)).story_id
        for teller in range(3)
        for event in ("harbour", "vote", "quake", "orchestra")
    }

    assert len(set(assigned.values())) == 4
    assert all(assigned[event, 0] == assigned[event, teller] for event, teller in assigned)


def test_a_story_is_named_after_its_first_article(telling: Build) -> None:
    """The id of a story follows from the id of its first article alone."""
    assignment = Grouping().add(telling("harbour", 0))

    assert assignment.story_id == story_id("harbour-0")
    assert assignment.why is not None
    assert assignment.why.rule == "started"
    assert assignment.why.score is None


def test_why_names_terms_and_hours(telling: Build) -> None:
    """An article that joins says what it shares and how far it is from the nearest member."""
    grouping = Grouping()
    grouping.add(telling("harbour", 0))

    why = grouping.add(telling("harbour", 1, hours=3)).why

    assert why is not None
    assert why.rule == "joined"
    assert why.score is not None
    assert why.score > 0.5
    assert "veldoran" in why.terms
    assert why.hours_apart == 3.0
    assert why.model == "relate-3 tag-1"


def test_same_event_long_after_is_another_story(telling: Build) -> None:
    """A story takes nothing in once the window has passed."""
    grouping = Grouping(window=timedelta(days=7))
    first = grouping.add(telling("harbour", 0))

    second = grouping.add(telling("harbour", 1, hours=24 * 9))

    assert second.story_id != first.story_id


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("EU adopts 12th sanctions package against Belmark", "EU adopts 13th sanctions package against Belmark"),
        ("EU adopts twelfth sanctions package on Belmark", "EU adopts thirteenth sanctions package on Belmark"),
        ("Belmark talks end round 3 without result", "Belmark talks end round 4 without result"),
    ],
)
def test_numbered_things_stay_apart(article: Build, left: str, right: str) -> None:
    """The 12th package of sanctions is not the 13th, however alike the words."""
    grouping = Grouping()
    text = "Ambassadors agreed on measures against banks, shipping and trade in timber from Belmark on Friday. " * 3

    first = grouping.add(article("a", left, text))
    second = grouping.add(article("b", right, text, hours=5))

    assert first.story_id != second.story_id
    assert second.duplicate_of is None


def test_a_version_held_changes_nothing(telling: Build) -> None:
    """The same version again, or a lower one, is ignored and names the same story."""
    grouping = Grouping()
    first = grouping.add(telling("harbour", 0, version=2))

    again = [grouping.add(telling("harbour", 0, version=version)) for version in (2, 1)]

    assert [each.story_id for each in again] == [first.story_id] * 2
    assert [each.why for each in again] == [None, None]


def test_a_higher_version_takes_the_place(telling: Build) -> None:
    """A new version, or the same tagged by a newer model, stays in its story whatever it says now."""
    grouping = Grouping()
    first = grouping.add(telling("harbour", 0))

    newer = grouping.add(telling("vote", 1, article_id="harbour-0", version=2))
    retagged = grouping.add(telling("vote", 1, article_id="harbour-0", version=2, model="tag-2"))

    assert {newer.story_id, retagged.story_id} == {first.story_id}
    assert newer.why is not None
    assert newer.why.rule == "replaced"
    assert retagged.why is not None


def test_a_replaced_member_shapes_the_story_anew(telling: Build) -> None:
    """What a replaced version said draws nothing in any more; what the new one says does."""
    grouping = Grouping()
    first = grouping.add(telling("harbour", 0))
    grouping.add(telling("vote", 1, article_id="harbour-0", version=2))

    assert grouping.add(telling("vote", 2)).story_id == first.story_id
    assert grouping.add(telling("harbour", 1)).story_id != first.story_id


def test_a_withdrawn_article_is_taken_out_once(telling: Build) -> None:
    """A withdrawal counts once, leaves the story without the article's words, and unknown ones are ignored."""
    grouping = Grouping()
    article = telling("harbour", 0)
    first = grouping.add(article)

    taken_out = grouping.withdraw(withdrawal(article))

    assert taken_out is not None
    assert taken_out.story_id == first.story_id
    assert grouping.withdraw(withdrawal(article)) is None
    assert grouping.withdraw(withdrawal(telling("vote", 0))) is None
    assert grouping.add(article).why is None
    assert grouping.add(telling("harbour", 1)).story_id != first.story_id


def test_a_withdrawn_article_that_returns_is_in_its_story(telling: Build) -> None:
    """An article that is published again after its withdrawal is a member again."""
    grouping = Grouping()
    first = grouping.add(telling("harbour", 0))
    grouping.withdraw(withdrawal(telling("harbour", 0)))

    again = grouping.add(telling("harbour", 0, version=3))

    assert again.story_id == first.story_id
    assert again.why is not None
    assert again.why.rule == "replaced"


def test_a_late_article_meets_only_its_own_time(telling: Build) -> None:
    """An article older than the window joins stories of its time, not today's, and says that it is late."""
    grouping = Grouping(window=timedelta(days=7))
    today = grouping.add(telling("harbour", 0, hours=24 * 30))

    late = grouping.add(telling("harbour", 1, hours=0))
    later = grouping.add(telling("harbour", 2, hours=2))

    assert late.story_id != today.story_id
    assert later.story_id == late.story_id
    assert [each.why.rule for each in (late, later) if each.why] == ["late", "late"]


def test_live_blogs_join_but_do_not_shape(article: Build, telling: Build) -> None:
    """A live blog about two events joins one and draws nothing of the other in."""
    grouping = Grouping()
    harbour = grouping.add(telling("harbour", 0))
    blog = telling("harbour", 1).text + " " + telling("vote", 0).text

    joined = grouping.add(article("blog", "Drones hit fuel depots in Veldoran harbour: live", blog, form="live"))
    vote = grouping.add(telling("vote", 1))

    assert joined.story_id == harbour.story_id
    assert vote.story_id != harbour.story_id


def lenient() -> MergeScore:
    """A score that joins readily and merges whatever one article joins."""
    shipped = shipped_score()
    return MergeScore("test", shipped.weights | {"bias": -7.0}, shipped.join, merge=0.0)


def bridge(telling: Build, **fields: str) -> Tagged:
    """An article that belongs to two stories."""
    text = telling("harbour", 1).text + " " + telling("vote", 1).text
    title = "Veldoran depots burn, Korrin pension reform falls"
    return telling("harbour", 1, article_id="bridge", text=text, title=title, **fields)


def test_stories_that_turn_out_to_be_one_merge_into_the_older(telling: Build) -> None:
    """An article that fits two stories lets them merge: the older id lives, members follow."""
    grouping = Grouping(score=lenient())
    older = grouping.add(telling("vote", 0))
    younger = grouping.add(telling("harbour", 0))

    joined = grouping.add(bridge(telling))

    assert [(each.from_, each.to) for each in joined.merged] == [(younger.story_id, older.story_id)]
    assert joined.story_id == older.story_id
    assert grouping.add(telling("harbour", 0)).story_id == older.story_id
    assert grouping.add(telling("harbour", 2)).story_id == older.story_id


def test_a_round_up_merges_nothing(telling: Build) -> None:
    """The same article as a round-up joins one story and leaves both alone."""
    grouping = Grouping(score=lenient())
    grouping.add(telling("vote", 0))
    grouping.add(telling("harbour", 0))

    roundup = grouping.add(bridge(telling, form="roundup"))

    assert roundup.merged == ()
    assert len(grouping.stories) == 2


def test_stories_are_let_go(telling: Build) -> None:
    """A story that nothing happens to is let go after the window and a day."""
    grouping = Grouping(window=timedelta(days=2))
    grouping.add(telling("harbour", 0))

    grouping.add(telling("vote", 0, hours=24 * 3 + 1))

    assert len(grouping.stories) == 1


def test_a_story_that_everybody_tells_holds_together(article: Build, telling: Build) -> None:
    """Two hundred tellings of one event, and nothing else in the stream, stay one story."""
    grouping = Grouping()
    words = " ".join(telling("harbour", teller).text for teller in range(3)).split()
    random = Random(7)

    assigned = {
        grouping.add(
            article(str(number), " ".join(random.sample(words, 8)), " ".join(random.sample(words, 30)), number / 10)
        ).story_id
        for number in range(200)
    }

    assert len(assigned) == 1
