"""News sitemaps."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingest.feed_entry import ParsedFeed
from ingest.parse_feed import parse_feed

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:n="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)


def news(number: int, date: str = "2026-11-20T09:00:00Z", title: str = "Title") -> str:
    """One address with news about it."""
    return (
        f"<url><loc>https://example.org/{number}</loc><lastmod>2026-11-21</lastmod><n:news><n:publication><n:name>Wire</n:name>"
        f"<n:language>en</n:language></n:publication><n:publication_date>{date}</n:publication_date>"
        f"<n:title>{title}</n:title></n:news><image:image><image:loc>https://example.org/i.jpg</image:loc></image:image></url>"
    )


def parse(*urls: str, tail: str = "</urlset>") -> ParsedFeed:
    """A sitemap of these addresses."""
    return parse_feed((HEAD + "".join(urls) + tail).encode(), {}, "https://example.org/news.xml")


def test_an_address_with_news_is_an_entry() -> None:
    """Whatever prefix the news have; a picture's address is not the page's."""
    feed = parse(news(1, title="Trade &amp; &lt;war&gt;"))

    [entry] = feed.entries
    assert (feed.title, feed.problems) == ("Wire", {})
    assert (entry.link, entry.title, entry.language) == ("https://example.org/1", "Trade & <war>", "en")
    assert entry.published_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 21, tzinfo=UTC)


def test_addresses_without_news_are_counted() -> None:
    """They are pages, but nobody says that they are articles."""
    feed = parse("<url><loc>https://example.org/about</loc></url>", news(1))

    assert (len(feed.entries), feed.problems) == (1, {"not-news": 1})


def test_a_sitemap_without_news_is_no_feed() -> None:
    """It says what it is."""
    feed = parse("<url><loc>https://example.org/about</loc></url>")

    assert (feed.error, feed.problems) == ("sitemap-without-news", {"not-news": 1})


def test_the_newest_of_too_many_are_kept() -> None:
    """Wherever they stand; the rest is counted."""
    feed = parse(*(news(n, f"20{n // 200 + 10}-01-01") for n in range(2_600)))

    assert feed.problems == {"over-limit": 600}
    assert {entry.link for entry in feed.entries} == {f"https://example.org/{n}" for n in range(600, 2_600)}


def test_a_sitemap_that_breaks_off_keeps_its_entries() -> None:
    """And says so."""
    feed = parse(news(1), news(2), news(3)[:60], tail="")

    assert len(feed.entries) == 2
    assert feed.problems == {"truncated-feed": 1, "unreadable-entry": 1}


def test_bare_ampersands_are_mended() -> None:
    """Addresses are often pasted without escaping."""
    feed = parse(news(1).replace("/1<", "/1?a=1&b=2<"))

    assert feed.entries[0].link == "https://example.org/1?a=1&b=2"


@given(st.integers(0, 600), st.binary(max_size=8))
def test_any_mutation_is_survived(at: int, put: bytes) -> None:
    """Nothing raises."""
    whole = (HEAD + news(1) + "</urlset>").encode()

    parse_feed(whole[:at] + put + whole[at + len(put) :], {}, "https://example.org/news.xml")
