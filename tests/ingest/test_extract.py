"""Pages become text, and say how much of the article it is."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geowire.errors import Rejected
from geowire.messages.article import TEXT_LIMIT
from geowire.settings import Settings
from ingest.clean_text import clean_text, plain_text
from ingest.extract import extract_feed_content, extract_page
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.page_lines import page_answer, page_of_line
from ingest.site_memory import SiteMemory
from ingest.site_reader import SiteReader
from ingest.workers import Workers

Maker = Callable[..., str]

URL = "https://news.example.org/a.html"


def entry(**fields: object) -> FeedEntry:
    """An entry that says this much."""
    return FeedEntry(**{"key": "k", "guid": "g", "link": URL, "title": "Title", **fields})  # type: ignore[arg-type]


def extract(html: str, known: FeedEntry | None = None) -> Extraction:
    """The article on a page."""
    return extract_page(Page(URL, html.encode()), known or entry())


def test_page_gives_text_in_paragraphs(article_page: Maker) -> None:
    """One line feed between paragraphs, and the feed's title wins."""
    found = extract(article_page("First.", "Second."))

    assert found.body_status == "full"
    assert found.title == "Title"
    assert "\n\n" not in found.text
    assert found.language == "en"


def test_facts_come_from_the_page_if_the_feed_is_silent(article_page: Maker) -> None:
    """Title, date, authors and canonical address."""
    node = {"@type": ["NewsArticle"], "datePublished": "2026-11-20T08:30:00Z", "author": [{"name": "Ann Writer"}]}
    head = (
        f'<script type="application/ld+json">{json.dumps({"@graph": [node]})}</script>'
        '<link rel="canonical" href="/canonical.html">'
    )

    found = extract(article_page("X.", title="From the page", head=head), entry(title=""))

    assert (found.title, found.authors, found.date_source) == ("From the page", ("Ann Writer",), "page")
    assert found.published_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert found.canonical_url == "https://news.example.org/canonical.html"


def test_paywalled_preview_says_so(article_page: Maker) -> None:
    """JSON-LD says that the article is not free, and there is little of it."""
    node = json.dumps({"@type": "NewsArticle", "isAccessibleForFree": "False"})

    found = extract(article_page(head=f'<script type="application/ld+json">{node}</script>'))

    assert found.body_status == "paywalled"


def test_challenge_page_is_not_the_article() -> None:
    """What the feed says is published instead, marked as blocked."""
    html = "<html><head><title>Just a moment...</title></head><body><p>Checking your browser.</p></body></html>"

    found = extract(html, entry(summary="What happened."))

    assert (found.text, found.body_status) == ("What happened.", "blocked")


def test_consent_page_is_not_the_article() -> None:
    """Every story of a publisher would otherwise have the same text."""
    html = (
        "<html><body><h1>We value your privacy</h1><p>We and our partners use cookies.</p>"
        "<button>Accept all</button><p>Accept all or reject all, before you continue.</p></body></html>"
    )

    found = extract(html, entry(summary="What happened."))

    assert (found.text, found.body_status) == ("What happened.", "consent")


def test_feed_with_the_whole_text_beats_a_short_page() -> None:
    """The longer of the two is taken, and marked."""
    long = "<p>" + "The talks went on through the night and into the morning. " * 40 + "</p>"

    found = extract("<html><body><article><p>Read on in the app.</p></article></body></html>", entry(content=long))

    assert found.body_status == "feed-only"
    assert found.text.startswith("The talks went on")


def test_short_page_is_a_teaser() -> None:
    """A sentence is not an article."""
    found = extract("<html><body><article><p>Ministers met on Tuesday in the capital.</p></article></body></html>")

    assert found.body_status == "teaser"


@pytest.mark.parametrize(
    "body", [b"", b"\0\xff\xfe", b"<rss><channel/></rss>", b"%PDF-1.7", b"<html></html>", b"\xef\xbb\xbf"]
)
def test_what_is_no_page_leaves_the_feed(body: bytes) -> None:
    """Nothing raises, and the feed's content stands in."""
    assert extract_page(Page(URL, body), entry(summary="Known.")).text == "Known."


@pytest.mark.parametrize("charset", ["windows-1251", "iso-8859-1", "gb2312", "shift_jis", "iso-utf-8"])
def test_declared_charset_is_believed(charset: str, article_page: Maker) -> None:
    """Also by an unknown name: then the bytes are guessed at."""
    word = {"windows-1251": "Новости", "gb2312": "新闻", "shift_jis": "ニュース"}.get(charset, "Zürich")
    body = article_page(word).encode("utf-8" if charset == "iso-utf-8" else charset)

    assert word in extract_page(Page(URL, body, f"text/html; charset={charset}"), entry()).text


def test_text_is_capped_and_says_so() -> None:
    """The worst page fits a message."""
    found = extract_feed_content(entry(content="word " * 100_000))

    assert len(found.text) <= TEXT_LIMIT
    assert found.text_truncated


@given(st.text(max_size=300))
def test_clean_text_is_clean(raw: str) -> None:
    """No control characters, no lone surrogates, no empty lines; cleaning twice changes nothing."""
    text = clean_text(raw)
    text.encode()
    assert "\n\n" not in text
    assert text == text.strip()
    assert all(char == "\n" or char.isprintable() or ord(char) > 127 for char in text)
    assert clean_text(text) == text


@given(st.lists(st.sampled_from(["<p>", "</p>", "<script>", "&lt;", "&#0;", "<!", "<![CDATA[", "a b", "\ud800"])))
def test_any_markup_gives_plain_text(pieces: list[str]) -> None:
    """Nothing raises."""
    plain_text("".join(pieces)).encode()


def test_plain_text_keeps_blocks_apart() -> None:
    """Scripts are silent, blocks are lines."""
    assert plain_text("<p>One<br/>two</p><script>x()</script><ul><li>a&nbsp;b</li></ul>") == "One\ntwo\na b"
    assert plain_text("3 < 4 & 5") == "3 < 4 & 5"


def test_a_list_of_other_outlets_headlines_is_not_the_article() -> None:
    """As aggregators write it: the first link is the story, the others are not."""
    rows = ("Bridge closed after flood", "What we know of the flood", "Flood in pictures")
    listed = "".join(
        f'<li><a href="https://a.example/{n}">{row}</a>&nbsp;<font>Paper {n}</font></li>' for n, row in enumerate(rows)
    )
    told = '<p>The bridge was closed on Tuesday, <a href="/a">as we wrote</a>, and <a href="/b">the school</a> too.</p>'

    assert extract_feed_content(entry(summary=f"<ol>{listed}</ol>")).text == rows[0]
    assert extract_feed_content(entry(summary=told)).text.startswith("The bridge was closed on Tuesday, as we wrote")


def test_a_cell_as_wide_as_the_world_is_read() -> None:
    """A span that no table could have costs nothing."""
    table = '<table><tr><td colspan="9007199254740991" rowspan="99999999">The bridge was closed.</td></tr></table>'
    told = "".join(
        f"<p>The bridge over the northern arm was closed for the {n}th time this year.</p>" for n in range(9)
    )
    page = Page(URL, f"<html><body><article>{told}{table}</article></body></html>".encode())

    assert "8th time" in extract_page(page).text


def test_filter_lines_become_article_lines(settings: Settings, article_page: Maker) -> None:
    """One answer for each line, with the address as it was written."""
    lines = [{"url": f"{URL}?{n}", "html": article_page(f"Number {n}.")} for n in range(12)]

    async def run() -> list[dict[str, object]]:
        async with Workers(settings) as workers:
            reader = SiteReader(workers, SiteMemory(None, lambda: datetime(2026, 11, 20, tzinfo=UTC)))
            pages = [page_of_line(line, number) for number, line in enumerate(lines, 1)]
            return list(await asyncio.gather(*(page_answer(reader, page) for page in pages)))

    answers = asyncio.run(run())

    assert [answer["requested_url"] for answer in answers] == [line["url"] for line in lines]
    assert "Number 7." in str(answers[7]["text"])
    with pytest.raises(Rejected, match="line 3"):
        page_of_line({"url": URL}, 3)


def test_random_pages_never_raise(article_page: Maker) -> None:
    """Cut and shuffled pages give some extraction."""
    chance, page = random.Random(7), article_page("One.").encode()
    for _ in range(40):
        cut = bytearray(page[chance.randrange(len(page)) :])
        for _ in range(10):
            cut[chance.randrange(len(cut))] = chance.randrange(256)
        extract_page(Page(URL, bytes(cut)), entry(title="", summary="s"))


@pytest.mark.parametrize(
    ("head", "end"),
    [
        ('<meta property="article:modified_time" content="2026-05-05T10:00:00Z">', ""),
        (
            "",
            '<div class="comments"><time datetime="2026-06-06T10:00:00Z">6 June</time></div>',
        ),
        ("", "<footer>(c) 2024 The Harbour Post</footer>"),
        ('<script type="application/ld+json">{"@type": "Article", "dateModified": "2026-05-05T10:00Z"}</script>', ""),
    ],
    ids=["later change", "comment", "bare year", "later change in JSON-LD"],
)
def test_a_date_that_is_not_the_articles_is_not_taken(head: str, end: str) -> None:
    """No date is better than that of a change, of a reader's comment, or the first of January of a bare year."""
    text = "<p>" + "The ministry said that it would send further supplies to the harbour town. " * 8 + "</p>"
    html = f"<html><head><title>T</title>{head}</head><body><article><h1>T</h1>{text}</article>{end}</body></html>"

    found = extract_page(Page("https://a.example/x", html.encode(), "text/html"))

    assert found.published_at is None
