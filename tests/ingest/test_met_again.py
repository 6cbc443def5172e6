"""An entry that a feed lists again: what it says decides, and whether anything came of it before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ingest.entry_state import ENTRY_JSON
from ingest.feed_entry import FeedEntry

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

ENTRY = FeedEntry(
    key="k",
    guid="g",
    link="https://a.example/1",
    title="Supplies reach the harbour",
    summary='<p>They came <b>by sea</b>.</p><img src="https://count.example/1.gif?n=17"/>',
    content="<p>They came by sea.</p><p>It took three days.</p>",
    updated_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
)


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, fingerprint="", summary=ENTRY.summary.replace("17", "18")),
        replace(
            ENTRY, fingerprint="", summary='<div class="x9">They came by&nbsp;sea.<script>var t = 1</script></div>'
        ),
        replace(ENTRY, fingerprint="", content=ENTRY.content.replace("<p>", '<p id="a77">')),
        replace(ENTRY, fingerprint="", link="https://a.example/1?session=2", authors=("A. Reporter",)),
    ],
)
def test_markup_does_not_change_an_entry(other: FeedEntry) -> None:
    """A tracking pixel with another number says nothing to a reader."""
    assert other.fingerprint == ENTRY.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, fingerprint="", title="Supplies reach the town"),
        replace(ENTRY, fingerprint="", summary="They came by air."),
        replace(ENTRY, fingerprint="", content=ENTRY.content.replace("three", "four")),
        replace(ENTRY, fingerprint="", updated_at=datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_words_and_dates_change_an_entry(other: FeedEntry) -> None:
    """Whatever a reader would read otherwise."""
    assert other.fingerprint != ENTRY.fingerprint


def test_an_entry_that_waits_comes_back_as_it_was() -> None:
    """Also one that was put away before it carried its fingerprint."""
    written = ENTRY_JSON.dump_json(ENTRY)
    older = {name: value for name, value in json.loads(written).items() if name != "fingerprint"}

    for payload in (written, json.dumps(older)):
        again = ENTRY_JSON.validate_json(payload)
        assert (again, again.fingerprint) == (ENTRY, ENTRY.fingerprint)


def test_a_feed_that_counts_its_readers_costs_no_request(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Its documents differ at every poll, and say the same."""
    link = newsroom.web.serves("/a.html", article_page())

    for number in range(4):
        pixel = f'At the harbour.<img src="https://count.example/{number}.gif"/>'
        newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description=pixel)))
        assert newsroom.polls().entries == ({"unchanged": 1} if number else {"published": 1})

    assert newsroom.web.asked("/a.html") == 1


def polls_every_half_hour(newsroom: Newsroom, document: Callable[[int], str], times: int) -> list[int]:
    """Poll a feed so often and count the page's requests after each poll."""
    asked = []
    for number in range(times):
        newsroom.subscribes(newsroom.web.publishes("/feed.xml", document(number)))
        newsroom.polls()
        newsroom.clock.advances(minutes=30)
        asked.append(newsroom.web.asked("/a.html"))
    return asked


@pytest.mark.parametrize("variants", [2, 100])
def test_an_entry_that_flickers_is_followed_more_and_more_seldom(
    newsroom: Newsroom, item: Maker, article_page: Maker, variants: int
) -> None:
    """Two versions in turn or a counter in its words: its page is as it was, and is left in peace."""
    link = newsroom.web.serves("/a.html", article_page())

    asked = polls_every_half_hour(newsroom, lambda n: item(link, description=f"{n % variants} comments"), 20)

    assert asked[:6] == [1, 2, 3, 4, 5, 5]
    assert asked[-1] <= 8


def test_corrections_are_followed_at_once(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """As long as they come to something, far more of them than of others."""
    for number in range(6):
        link = newsroom.web.serves("/a.html", article_page(f"{number + 2} lorries left."))
        newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description=f"{number + 2} lorries")))
        assert newsroom.polls().entries == ({"updated": 1} if number else {"published": 1})


def test_a_stub_that_flickers_rests_too(newsroom: Newsroom, item: Maker) -> None:
    """Nothing has come of it, however often the feed said something else."""
    link = newsroom.web.serves("/a.html", "<html><body></body></html>")

    asked = polls_every_half_hour(newsroom, lambda number: item(link, f"Breaking {number}"), 12)

    assert asked[:4] == [1, 2, 3, 4]
    assert asked[-1] <= 7


def archive(newsroom: Newsroom, item: Maker, article_page: Maker, days: range) -> list[str]:
    """Entries of these days of October, the newest first, each with a page."""
    links = {day: newsroom.web.serves(f"/{day}.html", article_page(f"Day {day}.")) for day in reversed(days)}
    return [item(link, f"Day {day}", date=f"{day:02} Oct 2026 09:00:00 +0000") for day, link in links.items()]


def looks(newsroom: Newsroom) -> list[str]:
    """The pages that were asked for since the last time."""
    asked = [path for path, _ in newsroom.web.requests if path.endswith(".html")]
    newsroom.web.requests.clear()
    return sorted(asked)


def test_an_archive_is_not_walked(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """However often the document changes, its two newest old entries are looked at, and a newer one that joins them."""
    old = archive(newsroom, item, article_page, range(1, 9))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *old))
    assert newsroom.polls().entries == {"rejected:too-old": 8}
    assert looks(newsroom) == ["/7.html", "/8.html"]

    for title in ("One", "Two", "Three"):
        newsroom.web.publishes("/feed.xml", item(title=title, description="A flash."), *old)
        assert newsroom.polls().entries["rejected:too-old"] == 6
    assert looks(newsroom) == []

    newsroom.web.publishes("/feed.xml", *archive(newsroom, item, article_page, range(9, 10)), *old)
    newsroom.polls()
    assert looks(newsroom) == ["/9.html"]


def test_what_was_news_once_takes_no_old_entrys_place(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A feed that lists its articles for weeks may still list an explainer of years ago."""
    news = [item(newsroom.web.serves(f"/n{n}.html", article_page(f"News {n}.")), f"News {n}") for n in range(3)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *news))
    newsroom.polls()
    newsroom.clock.advances(days=30)
    stamp = '<meta property="article:modified_time" content="2026-12-20T08:00:00Z">'
    link = newsroom.web.serves("/explainer.html", article_page("What it is.", head=stamp))
    newsroom.web.publishes("/feed.xml", *news, item(link, "What is it?", date="06 Nov 2012 09:00:00 +0000"))

    assert newsroom.polls().entries == {"unchanged": 3, "published": 1}


def test_old_entries_for_one_page_get_one_look(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Under two GUIDs it is still one page."""
    link = newsroom.web.serves("/a.html", article_page())
    items = [item(link, f"Told by {guid}", guid=guid, date="06 Oct 2026 09:00:00 +0000") for guid in "12"]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items))

    assert newsroom.polls().entries == {"rejected:too-old": 2}
    assert looks(newsroom) == ["/a.html"]


def asked_conditions(newsroom: Newsroom) -> list[str | None]:
    """The validators with which the page was asked for."""
    return [headers.get("If-None-Match") for path, headers in newsroom.web.requests if path == "/a.html"]


def test_a_changed_entry_asks_for_its_page_with_validators(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """A page that is as it was costs no body; once it changes it is read."""
    link = newsroom.web.serves("/a.html", article_page("Three left."), ETag='"1"')
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(link, description="Touched"))
    unchanged = newsroom.polls()
    newsroom.web.serves("/a.html", article_page("Four left."), ETag='"2"')
    newsroom.web.publishes("/feed.xml", item(link, description="Four left"))

    assert unchanged.entries == {"unchanged": 1}
    assert newsroom.polls().entries == {"updated": 1}
    assert asked_conditions(newsroom) == [None, '"1"', '"1"']


def test_a_new_headline_in_the_feed_needs_the_whole_page(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The page may be as it was and the article is not."""
    link = newsroom.web.serves("/a.html", article_page(), ETag='"1"')
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(link, "Supplies reach the harbour at last"))

    assert newsroom.polls().entries == {"updated": 1}
    assert asked_conditions(newsroom) == [None, None]
    assert newsroom.bus.articles[-1].title == "Supplies reach the harbour at last"


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
