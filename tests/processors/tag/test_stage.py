"""The stage: an article in, a tagged article out; a withdrawal is passed on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geowire.errors import Rejected
from geowire.events import article_event, encode, tagged_event, withdrawal_event
from geowire.messages import Article, ArticleWithdrawn, FeedReference, Publisher, Tagged
from geowire.messages.article import TEXT_LIMIT
from geowire.messages.tagged import AID_LIMIT, ENTITY_LIMIT, SENTENCE_LIMIT
from geowire.settings import child_environment
from geowire.stage import StatelessStage
from geowire.topics import ARTICLES, TAGGED
from processors.tag.stage import TagStage
from processors.tag.tag import ArticleTagger, tag_article

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_article(title: str = "Poland sends howitzers to Ukraine", text: str = "Warsaw said so.") -> Article:
    """An article with just the fields that must be there."""
    return Article(
        id="a1",
        version=1,
        url="https://news.example/1",
        title=title,
        text=text,
        language="en",
        fetched_at=NOON,
        publisher=Publisher(id="news.example", country="GB"),
        feed=FeedReference(id="f1", url="https://news.example/feed"),
        body_status="full",
        content_hash="0" * 64,
    )


@pytest.fixture
def stage(tagger: ArticleTagger) -> TagStage:
    """The stage with the shared tagger."""
    return TagStage(tagger)


def test_stage_is_a_stateless_stage(stage: TagStage) -> None:
    """The consumer loop can run it."""
    runnable: StatelessStage = stage

    assert (runnable.name, runnable.topic) == ("tag", ARTICLES.name)


def test_article_is_tagged_in_order(stage: TagStage) -> None:
    """One tagged event for each article, under the article's key."""
    events = stage.process([article_event(an_article()), article_event(an_article("Nothing"))])

    assert [event.topic for event in events] == [TAGGED.name] * 2
    assert [type(event.data) for event in events] == [Tagged, Tagged]
    assert events[0].key == "a1"


def test_tagged_keeps_the_article(tagger: ArticleTagger) -> None:
    """Every field of the article stands in the tagged message."""
    article = an_article()

    tagged = tag_article(article, tagger)

    assert Article.model_validate(tagged.model_dump()) == article


def test_withdrawal_is_passed_on(stage: TagStage) -> None:
    """Who reads only tagged articles learns of a withdrawal."""
    withdrawn = ArticleWithdrawn(id="a1", version=2, url="https://news.example/1", reason="gone", withdrawn_at=NOON)

    (event,) = stage.process([withdrawal_event(withdrawn)])

    assert (event.topic, event.type, event.data) == (TAGGED.name, "geowire.article.withdrawn", withdrawn)


def test_another_message_is_rejected(stage: TagStage) -> None:
    """What is no article goes to dead letters."""
    event = article_event(an_article())
    other = type(event)(event.topic, "x", event.key, event.id, event.source, event.time, Publisher(id="p"))

    with pytest.raises(Rejected) as error:
        stage.process([other])

    assert error.value.reason == "unexpected-type"


def test_same_article_gives_same_bytes(tagger: ArticleTagger) -> None:
    """Tagging is deterministic, with a tagger read anew too."""
    article = an_article(text="Kyiv and Moscow agreed. Georgia sent weapons to Tripoli. Putin met Xi in Beijing.")

    first = encode(tagged_event(tag_article(article, tagger)))
    second = encode(tagged_event(tag_article(article, ArticleTagger.load())))

    assert first == second


def test_another_process_gives_the_same_bytes() -> None:
    """The order of a set differs from process to process; nothing that is told depends on it."""
    program = (
        "from processors.tag.document import Sources; from processors.tag.tag import ArticleTagger; "
        "t = ArticleTagger.load(); print([t.tag_text('', line, Sources()) for line in open(0)])"
    )
    text = "North Korea sent mercenaries and more men to the front of Russia's war, where foreign fighters died. " * 4

    told = {
        subprocess.run(
            [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True,
            cwd=ROOT, env=child_environment({"PYTHONHASHSEED": seed}),
        ).stdout
        for seed in "12345"
    }  # fmt: skip

    assert len(told) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "Germany sent Ukraine Leopard 2 tanks. ",
        "Iran, Iraq. ",
        "é" * 9 + ". ",
        "A. ",
        "Kim ",
        "\n",
        "(((",
        "İ Paris 🚀 ",
    ],
)
def test_worst_article_fits_the_topic(sentence: str, stage: TagStage) -> None:
    """The longest text keeps the caps, the counts tell the rest, and the message fits the topic."""
    text = (sentence * (TEXT_LIMIT // len(sentence) + 1))[:TEXT_LIMIT]

    (event,) = stage.process([article_event(an_article(text=text))])

    tagged = event.data
    assert isinstance(tagged, Tagged)
    assert len(tagged.entities) == min(tagged.entity_count, ENTITY_LIMIT)
    assert len(tagged.sentences) == min(tagged.sentence_count, SENTENCE_LIMIT)
    assert len(tagged.aid) <= AID_LIMIT
    assert len(encode(event).value or b"") < TAGGED.max_message_bytes
