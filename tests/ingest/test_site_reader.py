"""What a site's pages have in common is learned while its articles are published."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

FRAME = ("Our reporters cover the harbour region around the clock", "The harbour desk can be reached on weekdays")
TOPICS = ("ferry", "council", "school", "railway", "theatre", "hospital")


def page(topic: str) -> str:
    """An article of its own in the frame that the site puts around each."""
    said = "".join(
        f"<p>The {topic} of the town, so a speaker of the {topic} said in part {n}, needs {n}0 million for repairs.</p>"
        for n in range(8)
    )
    frame = "".join(f"<p>{line}</p>" for line in FRAME)
    title = f"Repairs of the {topic} will take years"
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{frame}{said}</article></body></html>"
    )


def publishes(newsroom: Newsroom, item: Maker, *topics: str) -> None:
    """A feed of these articles, polled."""
    rows = []
    for topic in topics:
        link = newsroom.web.serves(f"/{topic}.html", page(topic))
        rows.append(item(link, title=f"Repairs of the {topic} will take years"))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))
    newsroom.polls()


def test_a_frame_is_known_from_the_second_page_on(newsroom: Newsroom, item: Maker) -> None:
    """It goes, what each article says stays, and the message says how much was taken away."""
    publishes(newsroom, item, *TOPICS)

    framed = [article for article in newsroom.bus.articles if FRAME[0] in article.text]
    clean = [article for article in newsroom.bus.articles if FRAME[0] not in article.text]
    assert (len(framed), len(clean)) == (1, len(TOPICS) - 1)
    assert all("in part 0" in article.text and "in part 7" in article.text for article in newsroom.bus.articles)
    assert all(article.removed.get("site", 0) >= sum(map(len, FRAME)) for article in clean)


def test_what_was_learned_outlives_the_process(newsroom: Newsroom, item: Maker) -> None:
    """The next poll begins with it."""
    publishes(newsroom, item, *TOPICS[:2])
    publishes(newsroom, item, TOPICS[2])

    assert FRAME[0] not in newsroom.bus.articles[-1].text
    with sqlite3.connect(newsroom.settings.data / "ingest.db") as state:
        assert state.execute("SELECT count(*) FROM site_pages").fetchone() == (1,)


def test_learning_makes_no_version(newsroom: Newsroom, item: Maker) -> None:
    """The first article was published with its frame; it is read again without it, and nothing has changed."""
    publishes(newsroom, item, *TOPICS)
    newsroom.clock.advances(hours=11)

    assert newsroom.revisits() == {"unchanged": len(TOPICS)}
    assert {article.version for article in newsroom.bus.articles} == {1}
