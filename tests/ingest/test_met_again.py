"""An entry that a feed lists again: what it says decides, and whether anything came of it before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

OLD = "Fri, 06 Nov 2026 09:00:00 +0000"


def test_a_stub_that_is_filled_in_is_published(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Nothing but a headline at first; once the feed says more, its page is read."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, "Breaking")))
    first = newsroom.polls()
    newsroom.web.serves("/a.html", article_page("The convoy left at dawn."))
    newsroom.web.publishes("/feed.xml", item(link, "Convoy leaves", description="It left at dawn."))

    second = newsroom.polls()

    assert (first.entries, second.entries) == ({"rejected:no-text": 1}, {"published": 1})
    assert "The convoy left at dawn." in newsroom.bus.articles[0].text


def test_a_document_that_becomes_a_page_is_published(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """What stood there first was no HTML."""
    link = newsroom.web.serves("/a", b"%PDF-1.7", Content_Type="application/pdf")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    first = newsroom.polls()
    newsroom.web.serves("/a", article_page())
    newsroom.web.publishes("/feed.xml", item(link, "Supplies reach the harbour at last"))

    assert (first.entries, newsroom.polls().entries) == ({"rejected:not-html": 1}, {"published": 1})


def test_a_rejected_entry_that_is_as_it_was_costs_no_request(newsroom: Newsroom, item: Maker) -> None:
    """Another entry makes the document another one."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(link), item(title="A flash", description="It is over."))

    assert newsroom.polls().entries == {"unchanged": 1, "published": 1}
    assert newsroom.web.asked("/a.html") == 1


def test_a_rejected_entry_gets_too_old(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A change of one whose time is over makes no news of it, by its feed's date or by its page's."""
    links = [newsroom.web.serves(path, "<html><body></body></html>") for path in ("/dated.html", "/undated.html")]
    dates = ("Fri, 20 Nov 2026 09:00:00 +0000", "")
    rows = list(zip(links, dates, strict=True))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *(item(link, date=date) for link, date in rows)))
    newsroom.polls()
    newsroom.clock.advances(days=30)
    stamp = '<meta property="article:published_time" content="2026-11-20T08:00:00Z">'
    newsroom.web.serves("/undated.html", article_page(head=stamp))
    newsroom.web.publishes("/feed.xml", *(item(link, "Touched", date=date) for link, date in rows))

    report = newsroom.polls()

    assert report.entries == {"rejected:too-old": 2}
    assert [newsroom.web.asked(path) for path in ("/dated.html", "/undated.html")] == [1, 2]


def test_a_rejected_entry_finds_the_article_of_another_feed(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Its page had no text; by now somebody else's feed has brought it."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")
    mine = newsroom.web.publishes("/mine.xml", item(link))
    newsroom.subscribes(mine)
    newsroom.polls()
    newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(mine, newsroom.web.publishes("/other.xml", item(link)))
    newsroom.polls()
    newsroom.web.publishes("/mine.xml", item(link, "Supplies reach the harbour at last"))

    assert newsroom.polls().entries == {"duplicate": 1}
    assert len(newsroom.bus.articles) == 1


@pytest.mark.parametrize("keeps_stub", [True, False])
def test_a_second_entry_for_the_same_page_is_read(
    newsroom: Newsroom, item: Maker, article_page: Maker, *, keeps_stub: bool
) -> None:
    """Under a new GUID, whether the stub that nothing came of still stands beside it or not."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")
    stub = item(link, "Breaking", guid="1")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", stub))
    newsroom.polls()
    newsroom.web.serves("/a.html", article_page())
    newsroom.web.publishes("/feed.xml", *[stub] * keeps_stub, item(link, "Convoy leaves", guid="2"))

    report = newsroom.polls()

    assert report.entries == {"published": 1} | ({"unchanged": 1} if keeps_stub else {})
    assert newsroom.web.asked("/a.html") == 2


def test_entries_that_lead_to_one_empty_page_ask_for_it_once(newsroom: Newsroom, item: Maker) -> None:
    """Each has its outcome, at the first poll and after a change."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")

    for asked, title in enumerate(("Breaking", "Still breaking"), 1):
        items = [item(link, f"{title} {guid}", guid=guid) for guid in ("1", "2")]
        newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items))

        assert newsroom.polls().entries == {"rejected:no-text": 2}
        assert newsroom.web.asked("/a.html") == asked
