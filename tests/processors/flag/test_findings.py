"""What a watch finds in a story update, whatever it has found before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from geowire.messages import AddedArticle, Story
from processors.flag import Watch, evaluate

BuildStory = Callable[..., Story]
BuildAdded = Callable[..., AddedArticle]
BuildWatch = Callable[..., Watch]

FULL: dict[str, Any] = {
    "title": "Truce talks in Geneva",
    "entities": ["organisation/iaea"],
    "countries": [{"iso": "NO", "mentions": 3, "roles": ["actor"], "focus": True}],
    "themes": [
        {"theme": "nuclear", "score": 0.7, "evidence": [{"field": "text", "start": 0, "end": 4, "quote": "Fuel"}]}
    ],
    "aid": [
        {
            "action": "provided",
            "donor": "NO",
            "recipient": "UA",
            "amount": 2e9,
            "currency": "NOK",
            "confidence": "medium",
        }
    ],
}


def reasons(watch: Watch, story: Story) -> list[tuple[str, str]]:
    """Kind and value of each reason."""
    return [(finding.reason.kind, finding.reason.value) for finding in evaluate(watch, story)]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"theme": {"name": "nuclear"}}, ("theme", "nuclear")),
        ({"theme": {"name": "nuclear", "min_score": 0.8}}, None),
        ({"theme": {"name": ["sanctions", "cyber-information"]}}, None),
        ({"aid": {"recipient": "UA"}}, ("aid", "provided NO -> UA")),
        ({"aid": {"donor": ["US", "NO"], "action": "provided"}}, ("aid", "provided NO -> UA")),
        ({"aid": {"action": ["pledged", "withheld"]}}, None),
        ({"aid": {"amount": {"at_least": 2e9, "currency": ["EUR", "NOK"]}}}, ("aid", "provided NO -> UA")),
        ({"aid": {"amount": {"at_least": 3e9, "currency": "NOK"}}}, None),
        ({"aid": {"amount": {"at_least": 1, "currency": "USD"}}}, None),
        ({"aid": {"min_confidence": "high"}}, None),
        ({"country": {"iso": "NO", "role": "actor", "focus": True}}, ("country", "NO")),
        ({"country": {"iso": "NO", "role": "target"}}, None),
        ({"country": {"iso": "SE"}}, None),
        ({"entity": "organisation/iaea"}, ("entity", "organisation/iaea")),
        ({"publisher": ["publisher-of-a", "other"]}, ("publisher", "publisher-of-a")),
        ({"words": ["truce", "cease-fire"]}, ("words", "truce")),
        ({"words": "uce"}, None),
        ({"words": "truce  TALKS"}, ("words", "truce  TALKS")),
        ({"words": "fuel"}, ("words", "fuel")),
        ({"pace": "burst"}, ("pace", "burst")),
        ({"pace": ["fading"]}, None),
        ({"all": [{"words": "truce"}, {"country": {"iso": "NO"}}]}, ("words", "truce")),
        ({"all": [{"words": "truce"}, {"country": {"iso": "SE"}}]}, None),
        ({"any": [{"words": "siege"}, {"words": "truce"}]}, ("words", "truce")),
        ({"any": [{"words": "siege"}, {"words": "war"}]}, None),
        ({"all": [{"words": "truce"}, {"not": {"words": ["siege"]}}]}, ("words", "truce")),
        ({"all": [{"words": "truce"}, {"not": [{"words": "siege"}, {"words": "talks"}]}]}, None),
    ],
)
def test_each_condition_finds_its_own(
    story: BuildStory, added: BuildAdded, watch: BuildWatch, condition: dict[str, Any], reason: tuple[str, str] | None
) -> None:
    """A condition that holds gives its reason, one that does not gives none."""
    update = story(1, added("a", **FULL), pace="burst")

    assert reasons(watch(all=[condition]), update)[:1] == ([reason] if reason else [])


def test_denied_aid_is_no_aid(story: BuildStory, added: BuildAdded, watch: BuildWatch, aid: Callable[..., Any]) -> None:
    """What the article denies did not happen; a refusal did."""
    update = story(1, added("a", aid=[aid(status="denied"), aid("refused", status="denied")]))

    assert reasons(watch(), update) == [("aid", "refused US -> UA")]


def test_all_and_any_hold_for_one_article(story: BuildStory, added: BuildAdded, watch: BuildWatch) -> None:
    """Each of `all` and one of `any` must hold, and both for the same article."""
    wanted = watch(all=[{"language": "en"}], any=[{"words": "truce"}, {"country": {"iso": "SE"}}])

    assert reasons(wanted, story(1, added("a", **FULL))) == [("words", "truce")]
    assert reasons(wanted, story(1, added("a", **FULL, language="nb"))) == []
    assert reasons(wanted, story(1, added("a", **FULL, language="nb"), added("b"))) == []


def test_what_must_not_hold_is_looked_for_in_the_same_article(
    story: BuildStory, added: BuildAdded, watch: BuildWatch
) -> None:
    """An article in which one of `not` holds gives no reason, whatever else holds."""
    wanted = watch(any=[{"words": "truce"}], **{"not": [{"language": "nb"}, {"publisher": "tabloid"}]})

    assert reasons(wanted, story(1, added("a", **FULL))) == [("words", "truce")]
    assert reasons(wanted, story(1, added("a", **FULL, language="nb-NO"))) == []
    assert reasons(wanted, story(1, added("a", **FULL, publisher={"id": "tabloid"}))) == []


def test_the_reason_comes_first_then_what_would_be_news(
    story: BuildStory, added: BuildAdded, watch: BuildWatch
) -> None:
    """The first condition is the reason; kinds of `again_on` follow in their order."""
    conditions = [{"country": {"iso": "NO"}}, {"theme": {"name": "nuclear"}}]
    update = story(1, added("a", **FULL))

    assert reasons(watch(all=conditions), update) == [("country", "NO")]
    assert reasons(watch(all=conditions, again_on=["publisher", "theme"]), update) == [
        ("country", "NO"),
        ("publisher", "publisher-of-a"),
        ("theme", "nuclear"),
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("aid", "provided NO -> UA"),
        ("amount", "provided NO -> UA: 2,000,000,000 NOK"),
        ("country", "NO"),
        ("theme", "nuclear"),
        ("publisher", "publisher-of-a"),
        ("language", "en"),
        ("pace", "burst"),
    ],
)
def test_without_a_condition_of_its_kind_whatever_comes_is_news(
    story: BuildStory, added: BuildAdded, watch: BuildWatch, kind: str, value: str
) -> None:
    """A watch on a word can be told of again for each country, publisher, fact ... that the story gains."""
    others = [{"iso": "SE", "mentions": 1}]
    update = story(1, added("a", **FULL | {"countries": [*FULL["countries"], *others]}), pace="burst")

    assert reasons(watch(all={"words": "truce"}, again_on=kind), update) == [("words", "truce"), (kind, value)]


def test_evidence_has_its_source(story: BuildStory, added: BuildAdded, watch: BuildWatch) -> None:
    """Evidence names article, address and publisher; a reason without words has those beside it, else the title."""
    update = story(1, added("a", **FULL))

    (theme,) = evaluate(watch(all=[{"theme": {"name": "nuclear"}}]), update)[0].evidence
    (title,) = evaluate(watch(all=[{"entity": "organisation/iaea"}]), update)[0].evidence
    beside = watch(all=[{"entity": "organisation/iaea"}, {"theme": {"name": "nuclear"}}])

    assert (theme.quote, theme.article_id, theme.url, theme.publisher) == (
        "Fuel",
        "a",
        "https://a.example/",
        "The Courier",
    )
    assert (title.field, title.quote) == ("title", "Truce talks in Geneva")
    assert [piece.quote for piece in evaluate(beside, update)[0].evidence] == ["Fuel"]


@pytest.mark.parametrize(
    ("phrase", "title", "stands"),
    [
        ("停火", "以色列与哈马斯达成停火协议", True),
        ("停火", "イスラエルが停火に合意", True),
        ("หยุดยิง", "อิสราเอลตกลงหยุดยิงวันนี้", True),
        ("휴전", "이스라엘과 하마스 휴전에 합의", True),
        ("휴전", "무기휴전", False),
        ("IAEA", "国际原子能机构IAEA表示", True),
        ("停火", "IDF停火", True),
        ("IAEA", "IAEAs", False),
        ("war", "warden", False),
        ("war", "prewar", False),
        ("война", "войнами", False),
    ],
)
def test_a_word_is_whole_as_its_script_has_words(
    story: BuildStory, added: BuildAdded, watch: BuildWatch, phrase: str, title: str, stands: bool
) -> None:
    """Chinese, Japanese and Thai write no spaces, and Korean writes its particles onto the word."""
    found = reasons(watch(all=[{"words": phrase}]), story(1, added("a", title=title)))

    assert found == ([("words", phrase)] if stands else [])
