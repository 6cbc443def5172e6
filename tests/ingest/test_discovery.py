"""Finding the feeds of a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.discovery import COMMON_PATHS, FOUND_LIMIT, discover_feeds

URL = "https://example.org/news/"


def test_declared_feeds_come_first() -> None:
    """Then links, then the common places; feeds of comments behind the feeds of articles."""
    page = b"""<html><head>
    <link rel="alternate" type="application/rss+xml" href="/comments/feed/">
    <LINK REL='alternate home' TYPE='application/atom+xml; charset=utf-8' HREF='atom'>
    <link rel=feed href=//feeds.example.com/wire>
    <link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" type="text/xml" href="/rss.css">
    </head><body><a href="/story/1">Story</a><a href="/world/rss.xml">RSS</a></body>"""

    found = discover_feeds(page, URL)

    assert found[:4] == (
        "https://example.org/news/atom",
        "https://feeds.example.com/wire",
        "https://example.org/comments/feed/",
        "https://example.org/world/rss.xml",
    )
    assert found[4:] == tuple(f"https://example.org{path}" for path in COMMON_PATHS)


def test_the_base_of_the_page_counts() -> None:
    """Relative addresses are relative to it."""
    page = b'<base href="https://cdn.example.org/x/"><link rel=alternate type=application/rss+xml href=feed>'

    assert discover_feeds(page, URL)[0] == "https://cdn.example.org/x/feed"


def test_json_that_is_no_feed_is_left_out() -> None:
    """The addresses of an API are declared in the same way."""
    page = (
        b'<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">'
        b'<link rel="alternate" type="application/feed+json" href="/a"><link rel=alternate type=text/xml href="/b/rss">'
    )

    assert discover_feeds(page, URL)[:2] == ("https://example.org/a", "https://example.org/b/rss")


def test_only_web_addresses_are_found() -> None:
    """`feed:` is one in disguise, scripts are none, and each is told once."""
    page = (
        b'<a href="feed:https://example.org/rss">a</a><a href="/rss">b</a><a href="javascript:rss()">c</a><a href="">'
    )

    assert discover_feeds(page, URL).count("https://example.org/rss") == 1
    assert all(address.startswith("https://example.org/") for address in discover_feeds(page, URL))


def test_the_list_is_bounded() -> None:
    """However many feeds a page links."""
    page = b"".join(b"<a href='/%d/rss'>x</a>" % number for number in range(5_000))

    assert len(discover_feeds(page, URL)) == FOUND_LIMIT


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([b"<link rel=alternate ", b"href=", b"<!", b"<![", b"'", b">"])).map(b"".join)
)
def test_any_bytes_are_survived(page: bytes) -> None:
    """There are always the common places to try."""
    assert set(discover_feeds(page, URL)) >= {f"https://example.org{path}" for path in COMMON_PATHS[:1]}
