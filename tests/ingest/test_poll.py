"""A poll from feed to bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geowire.topics import ARTICLES

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]


def test_new_entry_is_published_with_page_text(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A new entry becomes version 1 of an article with the text of its page."""
    link = newsroom.web.serves("/a.html", article_page("The convoy left at dawn."), Content_Type="text/html")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))

    report = newsroom.polls()

    assert report.entries == {"published": 1}
    [article] = newsroom.bus.articles
    assert (article.version, article.body_status, article.date_source) == (1, "full", "feed")
    assert "The convoy left at dawn." in article.text
    assert article.requested_url == article.url == link
    assert newsroom.bus.polls[0].entries == {"published": 1}


def test_second_poll_of_unchanged_feed_is_a_304_and_publishes_nothing(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """The validator comes back byte for byte, and nothing is parsed or fetched again."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link), ETag='W/"nginx-1a/ü"'.replace("ü", "u")))
    newsroom.polls()
    newsroom.web.requests.clear()

    report = newsroom.polls()

    assert report.results == {"not-modified": 1}
    assert report.entries_seen == 0
    assert [path for path, _ in newsroom.web.requests] == ["/feed.xml"]
    assert newsroom.web.requests[0][1]["If-None-Match"] == 'W/"nginx-1a/u"'
    assert len(newsroom.bus.articles) == 1


def test_same_bytes_without_validators_are_not_parsed(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A server without validators is caught by the hash of the body."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()

    report = newsroom.polls()

    assert report.results == {"same-bytes": 1}
    assert newsroom.web.asked("/a.html") == 1


def test_same_etag_with_new_body_publishes_the_new_entry(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A 200 counts, whatever its ETag says."""
    first, second = (newsroom.web.serves(path, article_page(path)) for path in ("/1.html", "/2.html"))
    feed = newsroom.web.publishes("/feed.xml", item(first), ETag='"a"')
    newsroom.subscribes(feed)
    newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(first), item(second, title="Second"), ETag='"b"')

    report = newsroom.polls()

    assert report.entries == {"unchanged": 1, "published": 1}


OLD = "Fri, 06 Nov 2026 09:00:00 +0000"


def test_old_entries_are_rejected_at_first_sight(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Entries beyond GEOWIRE_MAX_AGE are counted; only the two newest have their pages asked for a newer date."""
    links = [newsroom.web.serves(f"/{day}.html", article_page()) for day in range(1, 7)]
    items = [item(link, date=OLD.replace("06", f"0{day}"), title=link) for day, link in enumerate(links, 1)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items))

    report = newsroom.polls()

    assert report.entries == {"rejected:too-old": 6}
    assert [newsroom.web.asked(f"/{day}.html") for day in range(1, 7)] == [0, 0, 0, 0, 1, 1]


def test_an_old_page_that_was_changed_lately_is_news(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The feed gives the date of first publication, the page says that it was modified within GEOWIRE_MAX_AGE."""
    stamp = '<meta property="article:modified_time" content="2026-11-20T08:00:00Z"></head>'
    link = newsroom.web.serves("/explainer.html", article_page("What it is.").replace("</head>", stamp))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, date=OLD)))

    report = newsroom.polls()

    assert report.entries == {"published": 1}
    [article] = newsroom.bus.articles
    assert article.published_at is not None
    assert f"{article.published_at:%d %b %Y}" == "06 Nov 2026"


def test_an_old_entry_whose_page_does_not_answer_is_not_tried_again(newsroom: Newsroom, item: Maker) -> None:
    """It is too old as far as anybody knows."""
    link = newsroom.web.fails("/old.html", 503)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, date=OLD)))

    assert newsroom.polls().entries == {"rejected:too-old": 1}
    assert newsroom.polls().entries == {}


def test_one_article_in_two_feeds_is_a_duplicate(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Tracking parameters do not make another article, and its page is published once."""
    link = newsroom.web.serves("/a.html", article_page())
    first = newsroom.web.publishes("/1.xml", item(link + "?utm_source=one"))
    second = newsroom.web.publishes("/2.xml", item(link, title="The same, told again"))
    newsroom.subscribes(first, second)

    report = newsroom.polls()

    assert report.entries == {"published": 1, "duplicate": 1}
    assert len(newsroom.bus.articles) == 1


def test_redirected_links_lead_to_one_article(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Two links that end at one page are one article, and its address is the final one."""
    final = newsroom.web.serves("/final.html", article_page())
    links = [newsroom.web.redirects(path, final, 301) for path in ("/x", "/y")]
    items = [item(link, title=f"Title {at}") for at, link in enumerate(links)]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items))

    report = newsroom.polls()

    assert report.entries == {"published": 1, "duplicate": 1}
    assert newsroom.bus.articles[0].url == final
    assert newsroom.bus.articles[0].requested_url in links


def test_changed_entry_publishes_the_next_version(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The same id, version 2, and what is new and gone."""
    link = newsroom.web.serves("/a.html", article_page("Three lorries left."))
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.web.serves("/a.html", article_page("Four lorries left."))
    newsroom.web.publishes("/feed.xml", item(link, description="Now four"))

    report = newsroom.polls()

    assert report.entries == {"updated": 1}
    first, second = newsroom.bus.articles
    assert (second.id, second.version) == (first.id, 2)
    assert second.change is not None
    assert second.change.added == ("Four lorries left.",)
    assert second.change.removed == ("Three lorries left.",)


def test_changed_entry_with_the_same_page_is_unchanged(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A feed that only touches its dates makes no version, and the page is read once for it."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.web.publishes("/feed.xml", item(link, description="touched"))

    first, second = newsroom.polls(), newsroom.polls()

    assert first.entries == {"unchanged": 1}
    assert second.results == {"same-bytes": 1}
    assert newsroom.web.asked("/a.html") == 2


def test_missing_page_is_published_from_the_feed_at_once(newsroom: Newsroom, item: Maker) -> None:
    """404 is for good: the feed's own content stands in, and says so."""
    newsroom.web.fails("/gone.html", 404)
    link = newsroom.web.url("/gone.html")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="<p>Short &amp; clear.</p>")))

    report = newsroom.polls()

    assert report.entries == {"published": 1}
    assert newsroom.bus.articles[0].body_status == "feed-only"
    assert newsroom.bus.articles[0].text == "Short & clear."


def test_forbidden_page_is_marked_blocked(newsroom: Newsroom, item: Maker) -> None:
    """403 says that we are not wanted, not that there is no article."""
    link = newsroom.web.fails("/a.html", 403)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Something happened.")))

    newsroom.polls()

    assert newsroom.bus.articles[0].body_status == "blocked"


def test_passing_failure_is_tried_again_even_if_the_feed_says_304(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """An entry whose page answers 503 waits, and is published when the page is back."""
    link = newsroom.web.fails("/a.html", 503)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link), ETag='"1"'))
    first = newsroom.polls()
    newsroom.web.serves("/a.html", article_page())

    second = newsroom.polls()

    assert first.entries == {"failed:http-503": 1}
    assert (second.results, second.entries) == ({"not-modified": 1}, {"published": 1})
    assert newsroom.bus.articles[0].body_status == "full"


def test_feed_content_stands_in_after_the_last_attempt(newsroom: Newsroom, item: Maker) -> None:
    """After GEOWIRE_FETCH_ATTEMPTS polls the article is published as far as the feed tells it."""
    link = newsroom.web.fails("/a.html", 503)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="All we know."), ETag='"1"'))

    outcomes = [newsroom.polls().entries for _ in range(4)]

    assert outcomes == [{"failed:http-503": 1}, {"failed:http-503": 1}, {"published": 1}, {}]
    assert newsroom.bus.articles[0].text == "All we know."


def test_entry_without_link_is_published_from_the_feed(newsroom: Newsroom, item: Maker) -> None:
    """No link: feed id and GUID make the identity."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(description="A flash.")))

    newsroom.polls()

    [article] = newsroom.bus.articles
    assert (article.text, article.body_status, article.requested_url) == ("A flash.", "feed-only", None)


def test_entry_without_any_text_is_rejected(newsroom: Newsroom, item: Maker) -> None:
    """A title alone is no article."""
    link = newsroom.web.fails("/a.html", 410)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))

    assert newsroom.polls().entries == {"rejected:no-text": 1}
    assert newsroom.bus.articles == []


def test_undated_entry_is_dated_by_first_sight(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """It is kept, and says where its date comes from."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, date="")))

    newsroom.polls()

    assert newsroom.bus.articles[0].date_source in {"first_seen", "page"}
    assert newsroom.bus.articles[0].published_at == newsroom.clock.now


def test_future_date_is_clamped(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A publisher's clock that runs ahead does not put an article into the future."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, date="Fri, 27 Nov 2026 09:00:00 +0000")))

    newsroom.polls()

    assert newsroom.bus.articles[0].published_at == newsroom.bus.articles[0].fetched_at == newsroom.clock.now


def test_bad_feeds_fail_alone(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A feed that is none, is gone or is too big is told with a reason; the others are polled."""
    good = newsroom.web.publishes("/good.xml", item(newsroom.web.serves("/a.html", article_page())))
    html = newsroom.web.serves("/html", "<html><body>Welcome</body></html>")
    gone = newsroom.web.fails("/gone.xml", 410)
    big = newsroom.web.serves("/big.xml", b" " * 20_000)
    newsroom.subscribes(good, html, gone, big)

    report = newsroom.polls(feed_bytes=10_000)
    newsroom.polls(feed_bytes=10_000)

    errors = {failure.url: failure.error for failure in report.failures}
    assert report.results == {"failed": 3, "changed": 1}
    assert str(errors[html]).startswith("html")
    assert str(errors[gone]).startswith("http-410")
    assert str(errors[big]).startswith("too-large")
    assert {poll.state for poll in newsroom.bus.polls} == {"healthy", "failing", "gone"}


def test_counts_add_up(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Entries seen, the tally, the feeds' reports, the events and the state tell the same numbers."""
    pages = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(5)]
    items = [item(link, title=f"T{at}") for at, link in enumerate(pages)]
    items.append(item(newsroom.web.fails("/late.html", 503), title="Late"))
    items.append(item(newsroom.web.url("/x.html"), title="Old", date="Mon, 01 Jan 2024 00:00:00 +0000"))
    newsroom.subscribes(newsroom.web.publishes("/1.xml", *items), newsroom.web.publishes("/2.xml", *items[:3]))

    report = newsroom.polls()

    assert report.entries_seen == sum(report.entries.values()) == 10
    assert report.entries_seen == sum(feed.entries_seen for feed in report.feeds)
    assert report.entries_seen == sum(sum(poll.entries.values()) for poll in newsroom.bus.polls)
    assert report.entries["published"] == len(newsroom.bus.articles) == 5


def test_event_keys_are_the_ids(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Articles are keyed by article id, so that versions keep their order."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))

    newsroom.polls()

    keys = [record.key.decode() for record in newsroom.bus.records if record.topic == ARTICLES.name]
    assert keys == [article.id for article in newsroom.bus.articles]


def test_a_canonical_address_that_a_whole_site_shares_joins_nothing(newsroom: Newsroom, item: Maker) -> None:
    """Its pages name one address and tell different things: each keeps its own."""
    head = f'<link rel="canonical" href="{newsroom.web.url("/landing.html")}">'
    stories = ["A bridge was closed after the flood in the north.", "The council has elected its first chairwoman."]
    links = [
        newsroom.web.serves(
            f"/{at}.html",
            f"<html><head><title>{story}</title>{head}</head><body><article>{f'<p>{story} Part {at}.</p>' * 3}"
            f"{''.join(f'<p>{story} So witness {n} of {at} told the court that day.</p>' for n in range(9))}"
            "</article></body></html>",
        )
        for at, story in enumerate(stories)
    ]
    newsroom.subscribes(
        newsroom.web.publishes("/feed.xml", *(item(li, title=s) for li, s in zip(links, stories, strict=True)))
    )

    assert newsroom.polls().entries == {"published": 2}
    assert sorted(article.title for article in newsroom.bus.articles) == sorted(stories)
    assert len({article.id for article in newsroom.bus.articles}) == 2


def test_one_article_under_two_addresses_with_one_canonical_is_one(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """The same text: the canonical address joins them."""
    page = article_page(head=f'<link rel="canonical" href="{newsroom.web.url("/story.html")}">')
    links = [newsroom.web.serves(path, page) for path in ("/one.html", "/two.html")]
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *(item(link, title=f"At {link}") for link in links)))

    assert newsroom.polls().entries == {"published": 1, "duplicate": 1}
