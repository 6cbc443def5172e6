"""Fetching: what is refused, what is bounded, and what is told about it."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from geowire.settings import Settings
from ingest.fetch import Fetcher, Response, Wants
from ingest.fetch_failure import FetchFailed
from ingest.landing import leads_astray

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb, Newsroom

Maker = Callable[..., str]


def fetch(settings: Settings, url: str, wants: Wants = "page") -> Response:
    """Fetch one address."""

    async def run() -> Response:
        async with Fetcher(settings) as fetcher:
            return await fetcher.fetch(url, wants)

    return asyncio.run(run())


def failure(settings: Settings, url: str, wants: Wants = "page") -> FetchFailed:
    """The failure of fetching one address."""
    with pytest.raises(FetchFailed) as caught:
        fetch(settings, url, wants)
    return caught.value


def test_redirects_are_followed_and_recorded(settings: Settings, web_server: FakeWeb) -> None:
    """Permanent and temporary hops are told apart; relative targets are resolved."""
    web_server.serves("/c", "here")
    web_server.redirects("/b", "c", 308)
    url = web_server.redirects("/a", "/b", 302)

    response = fetch(settings, url)

    assert (response.url, response.body) == (web_server.url("/c"), b"here")
    assert [(hop.url, hop.is_permanent) for hop in response.hops] == [(url, False), (web_server.url("/b"), True)]


def test_redirect_loop_ends(settings: Settings, web_server: FakeWeb) -> None:
    """A loop is seen before the limit of hops."""
    url = web_server.redirects("/a", "/b")
    web_server.redirects("/b", "/a")

    assert failure(settings, url).reason == "too-many-redirects"
    assert (web_server.asked("/a"), web_server.asked("/b")) == (1, 1)


def test_redirects_are_counted(settings: Settings, web_server: FakeWeb) -> None:
    """A chain longer than GEOWIRE_REDIRECTS ends."""
    for step in range(12):
        web_server.redirects(f"/{step}", f"/{step + 1}")

    assert failure(settings.with_(redirects=3), web_server.url("/0")).reason == "too-many-redirects"
    assert [web_server.asked(f"/{step}") for step in range(5)] == [1, 1, 1, 1, 0]


def test_compressed_page_is_decoded(settings: Settings, web_server: FakeWeb) -> None:
    """Gzip with two members, as some servers send it."""
    body = gzip.compress(b"one ") + gzip.compress(b"two")

    assert fetch(settings, web_server.serves("/z", body, Content_Encoding="gzip")).body == b"one two"


def test_truncated_gzip_is_tried_again_later(settings: Settings, web_server: FakeWeb) -> None:
    """Half a body is a passing fault, not a short article."""
    body = gzip.compress(b"word " * 5_000)[:-20]

    cut = failure(settings, web_server.serves("/cut", body, Content_Encoding="gzip"))

    assert (cut.reason, cut.transient) == ("bad-encoding", True)


def test_silent_server_times_out(settings: Settings, web_server: FakeWeb) -> None:
    """The limit holds for the whole request."""
    slow = failure(settings.with_(fetch_timeout=timedelta(milliseconds=100)), web_server.hangs("/slow"))

    assert (slow.reason, slow.transient) == ("timeout", True)


def test_refused_connection_is_passing(settings: Settings) -> None:
    """Nobody listens there now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"

    refused = failure(settings, url)

    assert (refused.reason, refused.transient) == ("refused", True)


@pytest.mark.parametrize(
    ("status", "transient"), [(404, False), (410, False), (403, False), (429, True), (500, True), (503, True)]
)
def test_statuses(settings: Settings, web_server: FakeWeb, status: int, transient: bool) -> None:
    """A status is a reason, and says whether waiting helps."""
    refused = failure(settings, web_server.fails("/s", status, Retry_After="30"))

    assert (refused.reason, refused.transient, refused.headers["retry-after"]) == (f"http-{status}", transient, "30")


def test_honest_user_agent_and_no_cookies(settings: Settings, web_server: FakeWeb) -> None:
    """We say who we are, and keep nothing that a server gives us."""
    web_server.serves("/a", "x", Set_Cookie="id=1")

    fetch(settings, web_server.redirects("/b", "/a"))
    fetch(settings, web_server.url("/a"))

    assert all(headers["User-Agent"] == settings.user_agent for _, headers in web_server.requests)
    assert not any("Cookie" in headers for _, headers in web_server.requests)


@pytest.mark.parametrize("kind", ["application/pdf", "video/mp4", "application/octet-stream", "image/png", "text/css"])
def test_documents_of_another_kind_are_no_pages(settings: Settings, web_server: FakeWeb, kind: str) -> None:
    """By their type."""
    assert failure(settings, web_server.serves("/v", b"x", Content_Type=kind)).reason == "not-html"


def test_a_stray_zero_makes_no_page_binary(settings: Settings, web_server: FakeWeb) -> None:
    """A slip of the publisher's software costs no text."""
    body = b"<html>\0<p>Supplies reach the harbour.</p>"

    assert fetch(settings, web_server.serves("/zero", body), "page").body == body


@pytest.mark.parametrize(
    "body", [b"%PDF-1.7 x", b"PK\x03\x04zip", b"\0\0\0\x18ftypmp42", b"<html>" + bytes(9), b"\x89PNG\r\n"]
)
@pytest.mark.parametrize("kind", ["text/html", "", "application/x-httpd-php"])
def test_binary_is_no_page_whatever_it_is_called(
    settings: Settings, web_server: FakeWeb, body: bytes, kind: str
) -> None:
    """Without a type, or with a wrong one, the first bytes tell."""
    assert failure(settings, web_server.serves("/v", body, Content_Type=kind)).reason == "not-html"


@pytest.mark.parametrize("kind", ["text/html", "", "text/plain", "application/xhtml+xml", "html", "text/xml"])
def test_text_is_a_page_whatever_it_is_called(settings: Settings, web_server: FakeWeb, kind: str) -> None:
    """UTF-16 has zero bytes too."""
    wide = "<html>wide</html>".encode("utf-16")

    assert fetch(settings, web_server.serves("/a", "<html>", Content_Type=kind)).body == b"<html>"
    assert fetch(settings, web_server.serves("/b", wide, Content_Type=kind)).body == wide


@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_challenge_is_told_from_a_refusal(settings: Settings, web_server: FakeWeb, status: int) -> None:
    """Cloudflare names it in a header; waiting does not help."""
    blocked = failure(settings, web_server.fails("/a", status, cf_mitigated="challenge"))

    assert (blocked.reason, blocked.status, blocked.transient) == ("challenged", status, False)


def test_challenge_without_a_header_is_known_by_its_script(settings: Settings, web_server: FakeWeb) -> None:
    """Also if its body is compressed; an ordinary 503 stays one."""
    body = gzip.compress(b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script>")
    web_server.serves("/a", body, Content_Encoding="gzip")
    web_server.serves("/b", "Sorry")
    answers: Any = web_server.answers
    answers["/a"].status = answers["/b"].status = 503

    assert failure(settings, web_server.url("/a")).reason == "challenged"
    assert failure(settings, web_server.url("/b")).reason == "http-503"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://news.google.com/rss/articles/CBMiabc?oc=5", "google-news"),
        ("https://consent.google.com/ml?continue=x", "consent"),
    ],
)
def test_pages_that_hold_no_article_are_not_asked_for(
    settings: Settings, web_server: FakeWeb, url: str, reason: str
) -> None:
    """Not at first, and not when a link leads there."""
    assert failure(settings, url).reason == reason
    assert failure(settings, web_server.redirects("/a", url)).reason == reason


@pytest.mark.parametrize(
    ("link", "final", "expected"),
    [
        ("https://wire.example/2026/a-story", "https://wire.example/", True),
        ("https://wire.example/2026/a-story", "https://wire.example/index.html", True),
        ("https://wire.example/2026/a-story", "https://wire.example/en/", True),
        ("https://wire.example/2026/a-story", "https://other.example/login", True),
        ("https://wire.example/2026/a-story", "https://wire.example/2026/a-story-moved", False),
        ("https://wire.example/2026/a-story", "https://wire.example/live", False),
        ("https://short.example/3xYz", "https://wire.example/2026/a-story", False),
        ("https://short.example/3xYz", "https://wire.example/ministers-meet-in-vienna", False),
        ("https://short.example/3xYz", "https://wire.example/?p=123", False),
        ("https://wire.example/", "https://wire.example/en/", False),
    ],
)
def test_where_a_link_led(link: str, final: str, expected: bool) -> None:
    """A front door or somebody else's section page is no article; a shortened link is no front door."""
    assert leads_astray(link, final) is expected


@pytest.mark.parametrize(
    ("target", "status"),
    [("/", "feed-only"), ("https://consent.example/?continue=x", "consent")],
)
def test_feed_stands_in_where_a_link_leads_astray(newsroom: Newsroom, item: Maker, target: str, status: str) -> None:
    """The front door's text is nobody's article."""
    newsroom.web.serves("/", "<p>" + "Welcome to all our readers. " * 100 + "</p>")
    link = newsroom.web.redirects("/2026/story.html", target)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="What the feed says.")))

    assert newsroom.polls().entries == {"published": 1}

    [article] = newsroom.bus.articles
    assert (article.text, article.body_status, article.requested_url) == ("What the feed says.", status, link)


def test_google_news_link_is_published_from_its_feed(newsroom: Newsroom, item: Maker) -> None:
    """Nothing is asked for, and no consent page becomes an article."""
    link = "https://news.google.com/rss/articles/CBMiabc?oc=5"
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Ministers meet - The Wire")))

    assert newsroom.polls().entries == {"published": 1}

    assert newsroom.bus.articles[0].body_status == "feed-only"
    assert {path for path, _ in newsroom.web.requests} <= {"/feed.xml", "/robots.txt"}


def test_document_without_a_text_in_the_feed_is_counted_as_what_it_is(newsroom: Newsroom, item: Maker) -> None:
    """A link to a PDF and nothing else."""
    link = newsroom.web.serves("/a", b"%PDF-1.7", Content_Type="application/pdf")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))

    assert newsroom.polls().entries == {"rejected:not-html": 1}


def test_challenged_page_is_marked_blocked(newsroom: Newsroom, item: Maker) -> None:
    """At once: another attempt would meet the same."""
    link = newsroom.web.fails("/a.html", 503, cf_mitigated="challenge")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Something happened.")))

    assert newsroom.polls().entries == {"published": 1}

    assert newsroom.bus.articles[0].body_status == "blocked"
