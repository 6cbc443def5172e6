"""An article belongs to who owns its address, whichever feed brought it first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from geowire.messages import Publisher
from ingest.catalogue import Feed
from ingest.feed_entry import FeedEntry
from ingest.identity import feed_id_of
from ingest.publishers import Publishers, house_of

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]


def _feed(url: str, publisher: str) -> Feed:
    return Feed(id=feed_id_of(url), url=url, publisher=Publisher(id=publisher))


POST = _feed("https://feeds.post.example.com/world", "the-post")
WIRE = _feed("https://wire.example.org/rss", "wire")
DIGEST = _feed("https://digest.example.net/rss", "digest.example.net".removeprefix("digest."))
HOSTED = _feed("https://feedhost.example/abc", "the-gazette")
BLOGS = (_feed("https://hosting.example.edu/a/rss", "a"), _feed("https://hosting.example.edu/b/rss", "b"))


@pytest.mark.parametrize(
    ("feed", "address", "house", "publisher"),
    [
        (POST, "https://www.example.com/a", "example.com", "the-post"),
        (DIGEST, "https://example.com/a", None, "the-post"),
        (DIGEST, "https://elsewhere.example.io/a", "example.io", "example.io"),
        (HOSTED, "https://gazette.example.info/a", "example.info", "the-gazette"),
        (HOSTED, "https://gazette.example.info/a", None, "example.info"),
        (HOSTED, "https://example.com/a", "example.com", "the-post"),
        (BLOGS[0], "https://hosting.example.edu/a/1", "example.edu", "a"),
        (POST, "https://hosting.example.edu/a/1", "example.com", "example.edu"),
    ],
)
def test_publisher_of_a_page(feed: Feed, address: str, house: str | None, publisher: str) -> None:
    """The owner of the address, by the name that the catalogue has for it."""
    publishers = Publishers([POST, WIRE, DIGEST, HOSTED, *BLOGS])

    assert publishers.publisher_of(feed, address, address, house).id == publisher


def test_a_house_has_most_of_the_links() -> None:
    """Half of them is not most; entries without a link do not count."""

    def entries(*links: str | None) -> list[FeedEntry]:
        return [FeedEntry(str(at), "", link) for at, link in enumerate(links)]

    assert house_of(entries("https://a.example.com/1", "https://example.com/2", "https://example.org/3", None)) == (
        "example.com"
    )
    assert house_of(entries("https://example.com/1", "https://example.org/2")) is None
    assert house_of(entries(None)) is None


def _subscribes(newsroom: Newsroom, first: str, second: str) -> None:
    """A digest, asked first, and the publisher's own feed."""
    Path(newsroom.settings.feeds).write_text(
        f"feeds:\n  - url: {first}\n    publisher: {{id: digest}}\n  - url: {second}\n    publisher: {{id: post}}\n"
    )


def test_a_digest_does_not_name_another_publishers_article(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """The page's own headline, and the publisher that the catalogue has for its address."""
    link = newsroom.web.serves("/a.html", article_page(title="Supplies reach the harbour"))
    digest = newsroom.web.publishes("/digest.xml", item(link, title="You will not believe this"))
    own = newsroom.web.publishes("/own.xml")
    _subscribes(newsroom, digest.replace("127.0.0.1", "localhost"), own)

    newsroom.polls()

    [article] = newsroom.bus.articles
    assert (article.title, article.publisher.id) == ("Supplies reach the harbour", "post")


def test_the_publishers_own_feed_corrects_what_a_digest_said(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Its date and title become the next version, and from then on it keeps the article up to date."""
    link = newsroom.web.serves("/a.html", article_page(title="Supplies reach the harbour"))
    digest = newsroom.web.publishes("/digest.xml", item(link, date="Thu, 19 Nov 2026 01:00:00 +0000"))
    _subscribes(newsroom, digest.replace("127.0.0.1", "localhost"), newsroom.web.publishes("/own.xml"))
    newsroom.polls()

    newsroom.web.publishes("/own.xml", item(link, title="Supplies reach the harbour town"))
    assert newsroom.polls().entries == {"updated": 1}
    newsroom.web.publishes("/own.xml", item(link, title="Supplies reach the old harbour"))
    newsroom.web.publishes("/digest.xml", item(link, title="Something else"))
    newsroom.polls()

    versions = newsroom.bus.articles
    assert len({article.id for article in versions}) == 1
    assert [(article.version, article.title) for article in versions] == [
        (1, "Supplies reach the harbour"),
        (2, "Supplies reach the harbour town"),
        (3, "Supplies reach the old harbour"),
    ]
    assert [article.published_at.day for article in versions if article.published_at] == [19, 20, 20]


def test_an_own_feed_that_says_the_same_publishes_nothing(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The article is only handed over."""
    link = newsroom.web.serves("/a.html", article_page())
    digest = newsroom.web.publishes("/digest.xml", item(link))
    _subscribes(newsroom, digest.replace("127.0.0.1", "localhost"), newsroom.web.publishes("/own.xml"))
    newsroom.polls()

    newsroom.web.publishes("/own.xml", item(link))

    assert newsroom.polls().entries == {"duplicate": 1}
    assert len(newsroom.bus.articles) == 1
