"""Articles after they were published: pages are read again, changes are versions, what is gone is withdrawn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geowire.bus import Delivery
from geowire.errors import Misconfigured
from geowire.events import decode
from geowire.messages import Article, ArticleWithdrawn
from geowire.settings import load_settings
from ingest.once import forget_once
from ingest.revisit_plan import next_visit

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

BORN = datetime(2026, 11, 20, 9, tzinfo=UTC)
AGES = (timedelta(hours=3), timedelta(hours=12), timedelta(days=2))


@pytest.fixture
def item(item: Maker) -> Maker:
    """Makes an RSS item that is two hours old when it is first seen."""
    return partial(item, date="Fri, 20 Nov 2026 10:00:00 +0000")


def versions(newsroom: Newsroom) -> list[Article | ArticleWithdrawn]:
    """Everything that was said of articles, in order."""
    told = [decode(Delivery(record, 0, at, 0)).data for at, record in enumerate(newsroom.bus.records)]
    return [data for data in told if isinstance(data, Article | ArticleWithdrawn)]


def publishes(newsroom: Newsroom, item: Maker, page: str, **headers: str) -> str:
    """One article, published by a poll."""
    link = newsroom.web.serves("/a.html", page, **headers)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    assert newsroom.polls().entries == {"published": 1}
    return link


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(0), timedelta(hours=3)),
        (timedelta(hours=3), timedelta(hours=12)),
        (timedelta(hours=30), timedelta(days=2)),
        (timedelta(days=2), None),
    ],
)
def test_visits_follow_the_age(after: timedelta, due: timedelta | None) -> None:
    """The next age that is ahead; none once all have passed, and none where visits are off."""
    assert next_visit(BORN, BORN + after, AGES, 0.0) == (None if due is None else BORN + due)
    assert next_visit(BORN, BORN + after, (), 0.0) is None


def test_chance_spreads_visits_but_never_into_the_past() -> None:
    """A tenth of the age at most."""
    late = next_visit(BORN, BORN, AGES, 1.0)

    assert late is not None
    assert timedelta(hours=3) < late - BORN <= timedelta(hours=3, minutes=18)


@given(st.lists(st.floats(0.0, 1.0), min_size=len(AGES) + 2))
def test_a_page_is_visited_once_for_each_age(draws: list[float]) -> None:
    """Whatever chance has drawn before and draws after a visit."""
    visits, now = 0, BORN

    for chance in draws:
        due = next_visit(BORN, now, AGES, chance)
        if due is None:
            break
        assert due > now
        visits, now = visits + 1, due

    assert visits == len(AGES)


def test_a_changed_page_is_the_next_version(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Found without the feed saying anything; what only the feed knew stays."""
    publishes(newsroom, item, article_page("At least 12 people were hurt."))
    assert newsroom.revisits() == {}
    newsroom.web.serves("/a.html", article_page("At least 14 people were hurt."))
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {"updated": 1}

    first, second = newsroom.bus.articles
    assert (second.id, second.version, second.title) == (first.id, 2, first.title)
    assert second.published_at == first.published_at
    assert second.change is not None
    assert second.change.removed[0].endswith("At least 12 people were hurt.")
    assert second.change.added[0].endswith("At least 14 people were hurt.")
    assert newsroom.revisits() == {}


def test_an_unchanged_page_is_asked_for_with_its_validators(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """A 304 costs nothing more; the visits end with the last age."""
    publishes(newsroom, item, article_page(), ETag='"one"')
    seen = []
    for _ in range(12):
        newsroom.clock.advances(hours=20)
        seen.append(newsroom.revisits())

    asked = [headers.get("If-None-Match") for path, headers in newsroom.web.requests if path == "/a.html"]
    assert asked == [None, '"one"', '"one"', '"one"']
    assert seen.count({"unchanged": 1}) == 3
    assert seen[-1] == {}
    assert len(versions(newsroom)) == 1


def test_a_new_headline_on_the_page_is_a_version(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """As the page writes it, without the site's name behind it; what the feed calls the article does not count."""
    link = newsroom.web.serves("/a.html", article_page(title="Supplies late - The Harbour Post"))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, title="Supplies late")))
    newsroom.polls()
    newsroom.clock.advances(hours=4)
    assert newsroom.revisits() == {"unchanged": 1}
    newsroom.web.serves("/a.html", article_page(title="Supplies arrive - The Harbour Post"))
    newsroom.clock.advances(hours=20)

    assert newsroom.revisits() == {"updated": 1}
    last = newsroom.bus.articles[-1]
    assert (last.title, last.version) == ("Supplies arrive", 2)
    assert last.change is not None
    assert last.change.class_ == "headline"


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (410, "gone"), (451, "taken-down")])
def test_a_page_that_is_gone_is_withdrawn_at_the_second_look(
    newsroom: Newsroom, item: Maker, article_page: Maker, status: int, reason: str
) -> None:
    """One slip of a server takes nothing back; the withdrawal is the next version."""
    publishes(newsroom, item, article_page())
    newsroom.web.fails("/a.html", status)
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {f"failed:http-{status}": 1}
    assert newsroom.revisits() == {}
    newsroom.clock.advances(hours=7)
    assert newsroom.revisits() == {"withdrawn": 1}

    last = versions(newsroom)[-1]
    assert isinstance(last, ArticleWithdrawn)
    assert (last.version, last.reason) == (2, reason)
    newsroom.clock.advances(days=2)
    assert newsroom.revisits() == {f"failed:http-{status}": 1}
    assert len(versions(newsroom)) == 2


def test_a_page_that_comes_back_is_no_withdrawal(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The second look finds it: nothing was ever said."""
    page = article_page()
    publishes(newsroom, item, page)
    newsroom.web.fails("/a.html", 404)
    newsroom.clock.advances(hours=4)
    newsroom.revisits()
    newsroom.web.serves("/a.html", page)
    newsroom.clock.advances(hours=7)

    assert newsroom.revisits() == {"unchanged": 1}
    newsroom.web.fails("/a.html", 404)
    newsroom.clock.advances(hours=40)
    assert newsroom.revisits() == {"failed:http-404": 1}
    assert len(versions(newsroom)) == 1


def test_a_withdrawn_article_that_is_published_again_is_a_new_version(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """When its feed tells of it anew, even if the text is the same."""
    page = article_page()
    link = publishes(newsroom, item, page)
    newsroom.web.fails("/a.html", 410)
    for hours in (4, 7):
        newsroom.clock.advances(hours=hours)
        newsroom.revisits()
    newsroom.web.serves("/a.html", page)
    newsroom.web.publishes("/feed.xml", item(link, description="Back on the site."))

    assert newsroom.polls().entries == {"updated": 1}
    assert [data.version for data in versions(newsroom)] == [1, 2, 3]


def test_a_withdrawn_page_that_comes_back_is_published_again(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Found by a visit a day later, without the feed saying anything."""
    page = article_page()
    publishes(newsroom, item, page)
    newsroom.web.fails("/a.html", 404)
    for hours in (4, 7):
        newsroom.clock.advances(hours=hours)
        newsroom.revisits()
    newsroom.web.serves("/a.html", page)
    newsroom.clock.advances(hours=25)

    assert newsroom.revisits() == {"updated": 1}
    assert [data.version for data in versions(newsroom)] == [1, 2, 3]
    assert isinstance(versions(newsroom)[-1], Article)


def test_a_site_that_has_lost_all_its_pages_is_broken(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """It takes more than a day of asking; what is said to be gone on purpose is believed as elsewhere."""
    links = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.", title=f"Story {n}")) for n in range(5)]
    rows = [item(link, title=f"Story {number}") for number, link in enumerate(links)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))
    newsroom.polls()
    for number in range(5):
        newsroom.web.fails(f"/{number}.html", 404)
    for _ in range(5):
        newsroom.clock.advances(hours=7)
        assert newsroom.revisits() == {"failed:http-404": 5}
    assert len(versions(newsroom)) == 5
    newsroom.clock.advances(hours=7)
    assert newsroom.revisits() == {"withdrawn": 5}


def test_pages_that_are_gone_on_purpose_are_withdrawn_together(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """A publisher may take down many at once."""
    links = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.", title=f"Story {n}")) for n in range(5)]
    rows = [item(link, title=f"Story {number}") for number, link in enumerate(links)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *rows))
    newsroom.polls()
    for number in range(5):
        newsroom.web.fails(f"/{number}.html", 410)
    newsroom.clock.advances(hours=4)
    newsroom.revisits()
    newsroom.clock.advances(hours=7)

    assert newsroom.revisits() == {"withdrawn": 5}


LONG = [f"In part {n} of the harbour inquiry a witness named the {n}th ship." for n in range(9)]


def page_of(*sentences: str, title: str = "Supplies reach the harbour") -> str:
    """A page of these paragraphs."""
    told = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    body = f"<body><article><h1>{title}</h1>{told}</article></body>"
    return f"<html><head><title>{title}</title></head>{body}</html>"


LISTED = (*(f"Other headline number {n}: ships and more." for n in range(20)), "Supplies reach the harbour")


@pytest.mark.parametrize(
    "later",
    [
        page_of(
            *(f"Other headline number {n} of today: ships and more." for n in range(20)), "Supplies reach the harbour"
        ),
        page_of("Something went wrong while we were loading Supplies reach the harbour. Please try again later." * 5),
        page_of(*(f"Sign in to read: Supplies reach the harbour, plan {n}." for n in range(20)), title="Sign in"),
    ],
)
def test_what_only_quotes_the_headline_is_no_version(newsroom: Newsroom, item: Maker, later: str) -> None:
    """Listings, errors and walls do that too, by a visit or when the feed changes the entry."""
    link = publishes(newsroom, item, page_of(*LONG))
    newsroom.web.serves("/a.html", later)
    newsroom.clock.advances(hours=4)
    newsroom.revisits()
    newsroom.web.publishes("/feed.xml", item(link, description="Something else is said of it."))
    newsroom.polls()

    assert len(versions(newsroom)) == 1


def test_a_live_blog_may_change_every_sentence(newsroom: Newsroom, item: Maker) -> None:
    """Its headline stays, and what it tells is about it."""
    title = "Supplies reach the harbour: live updates"
    told = [f"{hour}:15 The supplies that reach the harbour were counted {hour} times." for hour in range(1, 24)]
    rows = told[:12], told[12:]
    link = newsroom.web.serves("/live/a.html", page_of(*rows[0], title=title))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, title=title)))
    newsroom.polls()
    newsroom.web.serves("/live/a.html", page_of(*rows[1], title=title))
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {"updated": 1}
    assert [article.form for article in newsroom.bus.articles] == ["live", "live"]


def test_what_never_had_a_page_is_not_withdrawn(newsroom: Newsroom, item: Maker) -> None:
    """It was published from its feed, which lists it still."""
    link = newsroom.web.fails("/a.html", 404)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Known from the feed.")))
    newsroom.polls()
    for _ in range(3):
        newsroom.clock.advances(hours=15)
        newsroom.revisits()

    assert [data.version for data in versions(newsroom)] == [1]


def test_a_login_in_place_of_the_article_is_no_version(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Whether it stands at the address itself or is redirected to."""
    words = "".join(f"<p>Sign in with your account number {n} to go on reading our pages today.</p>" for n in range(30))
    login = f"<html><head><title>Sign in</title></head><body><article>{words}</article></body></html>"
    publishes(newsroom, item, article_page())
    newsroom.web.serves("/a.html", login)
    newsroom.clock.advances(hours=4)
    assert newsroom.revisits() == {"failed:another-text": 1}
    newsroom.web.redirects("/a.html", newsroom.web.serves("/login", login))
    newsroom.clock.advances(hours=12)
    assert newsroom.revisits() == {"failed:another-text": 1}
    newsroom.web.redirects("/a.html", newsroom.web.url("/other.html").replace("127.0.0.1", "localhost"))
    newsroom.web.serves("/other.html", article_page("Somebody else's words."))
    newsroom.clock.advances(hours=40)

    assert newsroom.revisits() == {"failed:astray": 1}
    assert len(versions(newsroom)) == 1


def test_a_feed_cannot_name_a_page_that_opens_later(newsroom: Newsroom, item: Maker) -> None:
    """Published blocked, with a digest's words; read at last, it is its owner's, with its own headline."""
    link = newsroom.web.fails("/a.html", 403)
    digest = newsroom.web.publishes("/digest.xml", item(link, title="You will not believe it", description="Wow."))
    Path(newsroom.settings.feeds).write_text(
        f"feeds:\n  - url: {digest.replace('127.0.0.1', 'localhost')}\n    publisher: {{id: digest}}\n"
        f"  - url: {newsroom.web.publishes('/own.xml')}\n    publisher: {{id: post}}\n"
    )
    newsroom.polls()
    login = newsroom.web.serves("/login", page_of(*(f"Sign in with account number {n} to go on." for n in range(60))))
    newsroom.web.redirects("/a.html", login)
    newsroom.clock.advances(hours=4)
    assert newsroom.revisits() == {"failed:another-text": 1}
    newsroom.web.serves(
        "/a.html", page_of(*(f"In part {n} of the inquiry a witness named ship {n}." for n in range(60)))
    )
    newsroom.clock.advances(hours=10)

    assert newsroom.revisits() == {"updated": 1}
    assert [(article.title, article.publisher.id) for article in newsroom.bus.articles] == [
        ("You will not believe it", "digest"),
        ("Supplies reach the harbour", "post"),
    ]


def test_a_wall_takes_no_text_back(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Less than what is published is not news of the article."""
    publishes(newsroom, item, article_page())
    newsroom.web.serves("/a.html", "<html><title>Just a moment...</title><body>cf-chl-bypass</body></html>")
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {"failed:another-text": 1}
    assert len(versions(newsroom)) == 1


def test_a_page_that_could_not_be_read_at_first_is_had_later(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """What was published from the feed becomes whole."""
    link = newsroom.web.fails("/a.html", 403)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Known from the feed.")))
    newsroom.polls()
    newsroom.web.serves("/a.html", article_page())
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {"updated": 1}
    assert [article.body_status for article in newsroom.bus.articles] == ["blocked", "full"]


def test_a_page_that_does_not_answer_is_asked_again_soon(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """It is counted, and nothing is published."""
    publishes(newsroom, item, article_page())
    newsroom.web.fails("/a.html", 500)
    newsroom.clock.advances(hours=4)

    assert newsroom.revisits() == {"failed:http-500": 1}
    assert newsroom.revisits() == {}
    newsroom.clock.advances(hours=2)
    assert newsroom.revisits() == {"failed:http-500": 1}
    assert len(versions(newsroom)) == 1


def test_what_a_dead_process_had_taken_is_due_again(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Out of time is as good as dead: nothing was planned, and the lease ends."""
    publishes(newsroom, item, article_page())
    newsroom.clock.advances(hours=4)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ingest.revisit.AT_MOST", timedelta(0))
        assert newsroom.revisits() == {"failed:out-of-time": 1}
    assert newsroom.revisits() == {}
    newsroom.clock.advances(minutes=21)
    assert newsroom.revisits() == {"unchanged": 1}


def test_a_forgotten_article_is_withdrawn_and_does_not_come_back(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """By any of its addresses; nothing of its content is left, and no feed brings it again."""
    link = publishes(newsroom, item, article_page("The harbour master was named."))

    forgotten = forget_once(newsroom.settings, newsroom.bus, link + "?utm_source=x", clock=newsroom.clock)  # type: ignore[arg-type]

    assert forgotten is not None
    last = versions(newsroom)[-1]
    assert isinstance(last, ArticleWithdrawn)
    assert (last.id, last.version, last.reason) == (forgotten.id, 2, "forgotten")
    newsroom.web.publishes("/feed.xml", item(link, title="The same again"))
    newsroom.web.publishes("/other.xml", item(link))
    newsroom.subscribes(newsroom.web.url("/feed.xml"), newsroom.web.url("/other.xml"))
    assert newsroom.polls().entries == {"unchanged": 1, "duplicate": 1}
    newsroom.clock.advances(days=1)
    assert newsroom.revisits() == {}
    assert forget_once(newsroom.settings, newsroom.bus, link) is None  # type: ignore[arg-type]
    with sqlite3.connect(newsroom.settings.data / "ingest.db") as state:
        assert state.execute("SELECT message FROM article").fetchall() == [(None,)]
        assert set(state.execute("SELECT address FROM alias").fetchall()) == {("",)}


def test_a_withdrawal_that_the_bus_refuses_says_why_and_is_sent_later(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """A person must let us write first: that is no bus that does not answer."""
    link = publishes(newsroom, item, article_page())
    newsroom.bus.denies = True

    with pytest.raises(Misconfigured, match="cannot publish"):
        forget_once(newsroom.settings, newsroom.bus, link, clock=newsroom.clock)  # type: ignore[arg-type]

    newsroom.bus.denies = False
    newsroom.polls()
    assert isinstance(versions(newsroom)[-1], ArticleWithdrawn)


def test_ages_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written as durations, or off; what is neither is refused with what to write."""
    monkeypatch.setenv("GEOWIRE_REVISIT_AGES", "1h, 2d")
    assert load_settings().revisit_ages == (timedelta(hours=1), timedelta(days=2))
    monkeypatch.setenv("GEOWIRE_REVISIT_AGES", "off")
    assert load_settings().revisit_ages == ()
    monkeypatch.setenv("GEOWIRE_REVISIT_AGES", "3h,30000d")
    with pytest.raises(Misconfigured, match="has an age over 3650d; write younger ones"):
        load_settings()
    monkeypatch.setenv("GEOWIRE_REVISIT_AGES", "often")
    with pytest.raises(Misconfigured, match="GEOWIRE_REVISIT_AGES: 'often' is not a duration; write a number"):
        load_settings()
