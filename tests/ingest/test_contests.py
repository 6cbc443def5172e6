"""Pages that claim what is not theirs: error pages, logins, shared canonicals, other publishers' articles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from geowire.messages import Article, FeedReference, Publisher
from ingest.report import FeedReport, ShardReport
from ingest.twins import are_alike, is_about, tells_the_same, text_key

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

    from ingest.poll import Ingest

Maker = Callable[..., str]

TITLES = (
    "Bridge closed after northern flood",
    "Council elects first chairwoman",
    "Harbour opens again for grain ships",
)


def story(title: str) -> str:
    """A page with an article that says what its headline says."""
    said = "".join(f"<p>{title}, witness number {n} told the court; {title} was all they saw.</p>" for n in range(9))
    body = f"<body><article><h1>{title}</h1>{said}</article></body>"
    return f"<html><head><title>{title}</title></head>{body}</html>"


def article(title: str, text: str, url: str = "https://example.org/1", status: str = "full") -> Article:
    """An article as far as these rules look at it."""
    return Article.model_validate(
        {
            "id": "1",
            "version": 1,
            "url": url,
            "title": title,
            "text": text,
            "fetched_at": datetime(2026, 11, 20, tzinfo=UTC),
            "publisher": Publisher(id="p"),
            "feed": FeedReference(id="f", url="https://example.org/feed"),
            "body_status": status,
            "content_hash": "",
        }
    )


@pytest.mark.parametrize(
    ("headline", "text", "answer"),
    [
        ("Bridge closed after northern flood", "The bridges in the north are closed since the flood.", True),
        ("Bridge closed after northern flood", "Please sign in to read this page. Forgot your password?", False),
        ("Взрыв на мосту в Керчи", "Войдите, чтобы читать дальше.", False),
        ("Gaza war", "Sign in to go on reading our pages.", False),
        ("Gaza war", "The war in Gaza goes on.", True),
        ("Взрыв на мосту в Керчи", "После взрыва на мосту движение закрыто.", True),
        ("北朝鮮がロシアに派兵と韓国情報機関", "ログインしてください。", False),
        ("北朝鮮がロシアに派兵と韓国情報機関", "韓国の情報機関は、北朝鮮がロシアに派兵したと述べた。", True),
        ("2026", "Anything at all.", None),
    ],
)
def test_a_text_is_about_its_headline(headline: str, text: str, answer: bool | None) -> None:
    """Half of the headline's words stand in it, or of its pairs of letters where words are not separated."""
    assert is_about(headline, text) is answer


def test_versions_tell_the_same_and_neighbours_do_not() -> None:
    """One headline, or half of the longer sentences."""
    text = "The bridge was closed on Tuesday morning. Nobody was hurt when the water rose."
    other = "The council has elected its first chairwoman. She takes office in the new year."

    assert tells_the_same(
        article("One", text), article("Two", text + " A third sentence that is quite long came later.")
    )
    assert tells_the_same(article("The same", text), article("the same", other))
    far = ["".join(f"Sentence number {n} of the {which} text is long enough. " for n in range(6)) for which in "ab"]
    assert not tells_the_same(article("Morning briefing", far[0]), article("Morning briefing", far[1]))
    assert are_alike("Kyiv hit by drones overnight", "Drones hit Kyiv")
    assert not are_alike("Kyiv hit by drones overnight", "Talks begin in Geneva")
    assert not tells_the_same(article("One", text), article("Two", other))
    assert text_key(article("One", "Short.")) is None
    assert text_key(article("A", text * 9)) == text_key(article("B", text * 9, "https://www.example.org/2?session=9"))
    assert text_key(article("A", text * 9)) != text_key(article("A", text * 9, "https://example.net/1"))


def test_a_login_that_every_link_leads_to_swallows_no_article(newsroom: Newsroom, item: Maker) -> None:
    """Each entry is published with what its feed says of it."""
    login = newsroom.web.serves("/login", story("Please sign in to go on reading our pages"))
    links = [newsroom.web.redirects(f"/{at}.html", login) for at in range(3)]
    rows = [item(li, title=t, description=f"{t}, it was said.") for li, t in zip(links, TITLES, strict=True)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))

    report = newsroom.polls()

    assert report.entries == {"published": 3}
    assert newsroom.web.asked("/login") == 3
    assert sorted(found.title for found in newsroom.bus.articles) == sorted(TITLES)
    statuses = [found.body_status for found in newsroom.bus.articles]
    assert statuses.count("feed-only") + statuses.count("teaser") >= 2


def test_one_text_at_two_addresses_of_a_site_is_one_article(newsroom: Newsroom, item: Maker) -> None:
    """A session in the address makes no other article."""
    page = story(TITLES[0])
    links = [newsroom.web.serves(f"/{at}", page) for at in ("a", "b")]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *(item(link, title=TITLES[0]) for link in links)))

    assert newsroom.polls().entries == {"published": 1, "duplicate": 1}


def test_a_link_in_many_entries_is_read_once(newsroom: Newsroom, item: Maker) -> None:
    """The others are met when it is known what the link leads to."""
    link = newsroom.web.serves("/a.html", story(TITLES[0]))
    rows = [item(link, title=f"{TITLES[0]} {at}", guid=f"g{at}") for at in range(20)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))

    assert newsroom.polls().entries == {"published": 1, "duplicate": 19}
    assert newsroom.web.asked("/a.html") == 1


def test_a_foreign_link_without_a_page_is_the_feeds_own_word(newsroom: Newsroom, item: Maker) -> None:
    """Nobody is named as the publisher of what only somebody else's feed says."""
    missing = newsroom.web.fails("/gone.html", 404)
    digest = newsroom.web.publishes("/digest.xml", item(missing, title="Invented", description="Words of the digest."))
    Path(newsroom.settings.feeds).write_text(
        f"feeds:\n  - url: {digest.replace('127.0.0.1', 'localhost')}\n    publisher: {{id: digest}}\n"
        f"  - url: {newsroom.web.publishes('/own.xml')}\n    publisher: {{id: post}}\n"
    )

    newsroom.polls()

    assert [(found.publisher.id, found.body_status) for found in newsroom.bus.articles] == [("digest", "feed-only")]


def test_the_owner_corrects_even_when_both_feeds_come_at_once(newsroom: Newsroom, item: Maker) -> None:
    """Neither knew of the other when it looked; the owner's word stands in the end."""
    arrived: list[str] = []
    both = asyncio.Event()

    async def page(request: web.Request) -> web.Response:
        arrived.append(request.path)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        return web.Response(status=404)

    newsroom.web.answers["/a.html"] = page
    link = newsroom.web.url("/a.html")
    digest = newsroom.web.publishes("/digest.xml", item(link, title="You will not believe it", description="Wow."))
    own = newsroom.web.publishes("/own.xml", item(link, title=TITLES[0], description="A bridge was closed."))
    newsroom.subscribes(digest.replace("127.0.0.1", "localhost"), own)

    newsroom.polls(obey_robots=False)
    newsroom.polls(obey_robots=False)

    assert newsroom.bus.articles[-1].title == TITLES[0]
    assert len({found.id for found in newsroom.bus.articles}) == 1


def test_a_cut_feed_keeps_no_validators(newsroom: Newsroom, item: Maker) -> None:
    """The next poll must not be told that nothing changed."""
    links = [newsroom.web.serves(f"/{at}.html", story(title)) for at, title in enumerate(TITLES)]
    rows = [item(link, title=title) for link, title in zip(links, TITLES, strict=True)]
    whole = f'<?xml version="1.0"?><rss version="2.0"><channel><title>W</title>{"".join(rows)}</channel></rss>'
    newsroom.subscribes(newsroom.web.serves("/feed.xml", whole[: whole.index(TITLES[2])], ETag='"same"'))
    first = newsroom.polls()
    newsroom.web.serves("/feed.xml", whole, ETag='"same"')

    second = newsroom.polls()

    assert first.feeds[0].problems.get("truncated-feed") == 1
    assert first.entries["published"] + second.entries["published"] == 3


def test_a_slow_feed_does_not_hold_up_the_next_shard(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next shard begins when most of one is done, and ends while the slow feed is still waited for."""
    monkeypatch.setattr("ingest.poll.SHARDS_AT_ONCE", 1)
    ended: list[str] = []
    release = newsroom.web.holds_back("/0.xml", b"<rss version='2.0'><channel><title>S</title></channel></rss>")
    newsroom.subscribes(newsroom.web.url("/0.xml"), *(newsroom.web.publishes(f"/{n}.xml") for n in range(1, 8)))

    def note(feed: FeedReport) -> None:
        ended.append(feed.url)
        if len(ended) == 7:
            release()

    async def work(ingest: Ingest) -> list[ShardReport]:
        shards = [ingest.poll_some(4, all_feeds=True, on_progress=note) for _ in range(2)]
        return list(await asyncio.wait_for(asyncio.gather(*shards), 8))

    reports = newsroom.runs(work)

    assert [len(report.feeds) for report in reports] == [4, 4]
    assert ended[-1].endswith("/0.xml")


def test_a_link_that_fails_is_asked_once_for_all_its_entries(newsroom: Newsroom, item: Maker) -> None:
    """The others wait with the first, and are one article in the end."""
    link = newsroom.web.fails("/a.html", 500)
    rows = [item(link, title=f"{TITLES[0]} {at}", guid=f"g{at}") for at in range(20)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))

    assert newsroom.polls().entries == {"failed:http-500": 20}
    assert newsroom.web.asked("/a.html") == 1
    newsroom.web.serves("/a.html", story(TITLES[0]))
    assert newsroom.polls().entries == {"published": 1, "duplicate": 19}


def test_entries_that_wait_are_bounded(newsroom: Newsroom, item: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """One feed cannot fill the state; what finds no room is counted, and met again while the feed lists it."""
    monkeypatch.setattr("ingest.feed_share.PENDING", 5)
    monkeypatch.setattr("ingest.poll_feed.PENDING", 5)
    links = [newsroom.web.fails(f"/{at}.html", 500) for at in range(8)]
    rows = [item(link, title=f"{TITLES[0]} part {at}") for at, link in enumerate(links)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows, ETag='"one"'))

    assert newsroom.polls().entries == {"failed:http-500": 5, "failed:over-limit": 3}
    for at in range(8):
        newsroom.web.serves(f"/{at}.html", story(f"{TITLES[0]} part {at}"))
    newsroom.polls()
    newsroom.polls()
    assert len(newsroom.bus.articles) == 8


def test_a_feed_keeps_no_hold_of_an_article_that_is_not_its_own(newsroom: Newsroom, item: Maker) -> None:
    """Its link led to it once; what it serves there later is not that article's next version."""
    link = newsroom.web.serves("/a.html", story(TITLES[0]))
    hop = newsroom.web.redirects("/hop", link).replace("127.0.0.1", "localhost")
    digest = newsroom.web.publishes("/digest.xml", item(hop, title=TITLES[0])).replace("127.0.0.1", "localhost")
    newsroom.subscribes(digest, newsroom.web.publishes("/own.xml"))
    newsroom.polls()

    newsroom.web.serves("/hop", story(TITLES[1]))
    newsroom.web.publishes("/digest.xml", item(hop, title=TITLES[1], guid=hop))
    newsroom.polls()
    newsroom.web.publishes("/own.xml", item(link, title=TITLES[0]))
    newsroom.polls()

    assert {found.title for found in newsroom.bus.articles} == {TITLES[0]}
    assert {found.url for found in newsroom.bus.articles} == {link}


def test_a_feed_that_is_cut_twice_is_read_when_it_is_whole(newsroom: Newsroom, item: Maker) -> None:
    """The same bytes with the same validators, then a server that says that nothing has changed."""
    links = [newsroom.web.serves(f"/{at}.html", story(title)) for at, title in enumerate(TITLES)]
    rows = [item(link, title=title) for link, title in zip(links, TITLES, strict=True)]
    whole = f'<?xml version="1.0"?><rss version="2.0"><channel><title>W</title>{"".join(rows)}</channel></rss>'
    newsroom.subscribes(newsroom.web.serves("/feed.xml", whole[: whole.index(TITLES[2])], ETag='"same"'))
    newsroom.polls()
    newsroom.polls()
    newsroom.web.serves("/feed.xml", whole, ETag='"same"')
    newsroom.polls()

    assert sorted(found.title for found in newsroom.bus.articles) == sorted(TITLES)
