"""The sample web: its texts, its pages and feeds, and the server that answers for it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import aiohttp
import feedparser
import pytest

from cli.sample_web import Addresses, PortUnavailable, SampleArticle, SampleServer, load_sample_web
from cli.sample_web.__main__ import main
from cli.sample_web.documents import Document, site_documents
from cli.sample_web.markup import link_targets, plain_text, to_html
from cli.sample_web.model import Publisher, SampleFeed
from ingest.catalogue import Located, parse_catalogue

ROOT = Path(__file__).resolve().parents[2]
WEB = load_sample_web()
FEEDS = [(publisher, feed) for publisher in WEB.publishers for feed in publisher.feeds]
ADDRESSES = Addresses(WEB, {publisher.id: f"http://{publisher.id}.example" for publisher in WEB.publishers})
SITES = {publisher.id: site_documents(publisher, ADDRESSES) for publisher in WEB.publishers}

each_article = pytest.mark.parametrize("article", WEB.articles, ids=lambda article: article.id)
each_publisher = pytest.mark.parametrize("publisher", WEB.publishers, ids=lambda publisher: publisher.id)
each_feed = pytest.mark.parametrize(("publisher", "feed"), FEEDS, ids=[p.id + feed.path for p, feed in FEEDS])


def words_of(page: str) -> str:
    """The text of a page without scripts, styles and tags, with single spaces."""
    visible = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL | re.IGNORECASE)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", visible)).split())


def page_of(article: SampleArticle) -> Document:
    """What answers at the article's address."""
    return SITES[article.publisher][article.path]


def words_on_page(article: SampleArticle) -> str:
    """The text that a reader sees at the article's address."""
    return words_of(page_of(article).body.decode(WEB.publisher(article.publisher).encoding))


def quirky(**wanted: object) -> SampleArticle:
    """The one article that has the given quirk."""
    [article] = [a for a in WEB.articles if all(getattr(a.quirks, key) == value for key, value in wanted.items())]
    return article


def parsed(body: bytes, url: str, content_type: str) -> Any:
    """The feed as feedparser reads it."""
    return feedparser.parse(body, response_headers={"content-location": url, "content-type": content_type})


def entry_of(article: SampleArticle, feed: SampleFeed, body: bytes) -> Any:
    """The article's entry in a feed."""
    document = parsed(body, ADDRESSES.article(article), f"application/{feed.format}+xml")
    [entry] = [entry for entry in document.entries if entry.title == article.title]
    return entry


def with_server(visit: Callable[[SampleServer, aiohttp.ClientSession], Awaitable[None]]) -> None:
    """Run `visit` against a running sample web."""

    async def run() -> None:
        async with SampleServer() as server, aiohttp.ClientSession() as client:
            await visit(server, client)

    asyncio.run(run())


def test_the_web_is_as_large_as_promised() -> None:
    """At least nine publishers with four articles each, 44 to 50 articles in all."""
    sizes = Counter(article.publisher for article in WEB.articles)

    assert len(WEB.publishers) >= 9
    assert min(sizes[publisher.id] for publisher in WEB.publishers) >= 4
    assert 44 <= len(WEB.articles) <= 50


@each_article
def test_an_article_is_dated_and_long_enough(article: SampleArticle) -> None:
    """200 to 600 words, dated with an offset within the two weeks of the sample; its links lead to older articles."""
    targets = [target for paragraph in article.marked for target in link_targets(paragraph)]

    assert 200 <= len(article.text.split()) <= 600
    assert date(2024, 10, 6) <= article.published.date() <= date(2024, 10, 20)
    assert article.published.tzinfo is not None
    assert all(WEB.article(target).published < article.published for target in targets)


def test_only_copies_repeat_text() -> None:
    """No paragraph stands in two articles of which neither is a copy; the originals have 10,000 words and more."""
    originals = [paragraph for article in WEB.articles if not article.copy_of for paragraph in article.paragraphs]

    assert len(set(originals)) == len(originals)
    assert sum(len(paragraph.split()) for paragraph in originals) >= 10_000


def test_stories_are_told_by_several_publishers_over_days() -> None:
    """Eight stories of four to eight articles from three publishers and more; three to five articles of none."""
    stories = WEB.stories().values()

    assert len(stories) == 8
    assert all(4 <= len(articles) <= 8 for articles in stories)
    assert all(len({article.publisher for article in articles}) >= 3 for articles in stories)
    assert all(len({article.published.date() for article in articles}) >= 3 for articles in stories)
    assert 3 <= sum(article.story is None for article in WEB.articles) <= 5


def kind_of_copy(copy: SampleArticle, original: SampleArticle) -> str:
    """What a publisher did with the wire's text."""
    if copy.paragraphs == original.paragraphs:
        return "verbatim"
    if copy.paragraphs == original.paragraphs[: len(copy.paragraphs)]:
        return "cut"
    if copy.paragraphs[1:] == original.paragraphs[1:]:
        return "own beginning"
    return "edited" if copy.title != original.title else "unknown"


def test_copies_are_of_every_kind() -> None:
    """A verbatim copy, one cut at the end, one with its own beginning, and one edited with another headline."""
    pairs = [(article, WEB.article(article.copy_of)) for article in WEB.articles if article.copy_of]
    kinds = Counter(kind_of_copy(copy, original) for copy, original in pairs)

    assert kinds == {"verbatim": 1, "cut": 1, "own beginning": 1, "edited": 1}
    assert all(copy.story == original.story for copy, original in pairs)
    assert all(copy.published > original.published for copy, original in pairs)


def test_kinds_and_languages_occur() -> None:
    """One live page, one opinion piece and one round-up; one article in German and one in French."""
    kinds = Counter(article.kind for article in WEB.articles)
    languages = Counter(article.language for article in WEB.articles)

    assert (kinds["live"], kinds["opinion"], kinds["roundup"]) == (1, 1, 1)
    assert languages == {"en": len(WEB.articles) - 2, "de": 1, "fr": 1}


def test_marks_leave_plain_text_and_become_escaped_html() -> None:
    """Links, bold and emphasis are read by both readers of a paragraph."""
    marked = 'Aid & [more "help"](a/b), **now** or *never*.'

    assert plain_text(marked) == 'Aid & more "help", now or never.'
    assert to_html(marked, "http://{}?x&y".format) == (
        'Aid &amp; <a href="http://a/b?x&amp;y">more &quot;help&quot;</a>, <strong>now</strong> or <em>never</em>.'
    )


@pytest.mark.parametrize(
    "article", [a for a in WEB.articles if a.quirks.page in {"full", "paywall"}], ids=lambda article: article.id
)
def test_a_page_shows_its_paragraphs_and_its_tail(article: SampleArticle) -> None:
    """Every paragraph can be read on the page, among the headlines that the site repeats everywhere."""
    words = words_on_page(article)

    assert article.title in words
    assert all(paragraph in words for paragraph in article.paragraphs)
    assert all(headline in words for headline in WEB.publisher(article.publisher).page.fixed)


@each_publisher
def test_a_site_has_its_own_look_and_a_rotating_tail(publisher: Publisher) -> None:
    """The template is the publisher's alone and 60 to 200 lines long; pages share a part of the tail."""
    pages = [words_on_page(article) for article in WEB.articles_of(publisher) if article.quirks.page == "full"]
    shown = {tuple(headline in page for headline in publisher.page.rotating) for page in pages}

    assert len(shown) > 1
    assert [other.id for other in WEB.publishers if other.page.template == publisher.page.template] == [publisher.id]
    assert 60 <= len(WEB.templates[publisher.page.template].splitlines()) <= 200


def test_feed_formats_and_oddities_occur() -> None:
    """RSS, Atom and RDF, full and short entries, opaque guids, relative links, tracking."""
    feeds = [feed for _, feed in FEEDS]
    formats = Counter(feed.format for feed in feeds)

    assert (formats["rss"] >= 3, formats["atom"] >= 2, formats["rdf"] >= 1) == (True, True, True)
    assert {feed.body for feed in feeds} == {"summary", "full"}
    assert {feed.guid for feed in feeds} == {"permalink", "opaque"}
    assert sum(feed.links == "relative" for feed in feeds) == 1
    assert {publisher.id for publisher, feed in FEEDS if feed.tracking} == {"harbour-post"}
    assert quirky(undated=True).publisher == "carpathian-gazette"


def test_one_article_is_in_two_feeds() -> None:
    """Exactly one article is carried twice, and none is carried by no feed."""
    carried = Counter(article.id for publisher, feed in FEEDS for article in WEB.articles_in(publisher, feed))

    assert set(carried) == {article.id for article in WEB.articles}
    assert [times for times in carried.values() if times > 1] == [2]


@each_feed
def test_a_feed_parses_without_losing_entries(publisher: Publisher, feed: SampleFeed) -> None:
    """Every entry is found with title, address, id and date, and the whole text where the feed carries it."""
    served = SITES[publisher.id][feed.path]
    document = parsed(served.body, ADDRESSES.feed(publisher, feed), served.content_type)
    expected = WEB.articles_in(publisher, feed)

    assert not document.bozo
    assert [entry.title for entry in document.entries] == [article.title for article in expected]
    for entry, article in zip(document.entries, expected, strict=True):
        assert tuple(entry.link.partition("?")[::2]) == (ADDRESSES.article(article), feed.tracking)
        assert ("published_parsed" in entry or "updated_parsed" in entry) is not article.quirks.undated
        assert entry.id
        assert entry.summary == article.summary
        full = words_of(entry.content[0].value) if feed.body == "full" else ""
        assert full == (" ".join(article.paragraphs) if feed.body == "full" else "")


def test_a_consent_page_hides_what_the_feed_carries() -> None:
    """The page answers 200 with a question about cookies; the feed has the whole text."""
    article = quirky(page="consent")
    [feed] = WEB.publisher(article.publisher).feeds
    entry = entry_of(article, feed, SITES[article.publisher][feed.path].body)

    assert page_of(article).status == 200
    assert "your privacy" in words_on_page(article)
    assert not any(paragraph in words_on_page(article) for paragraph in article.paragraphs)
    assert article.paragraphs[-1] in words_of(entry.content[0].value)


def test_a_missing_page_leaves_the_summary() -> None:
    """The address answers 404 while the feed entry has a summary."""
    article = quirky(page="missing")

    assert page_of(article).status == 404
    assert article.obtainable == (article.summary,)


def test_charsets_of_headers() -> None:
    """One header contradicts bytes and meta tag; an old site is windows-1252 throughout."""
    wrong = page_of(quirky(header_charset="iso-8859-1"))
    old = page_of(WEB.article("strait-monitor/abrams-for-ukraine"))

    assert wrong.content_type == "text/html; charset=iso-8859-1"
    assert '<meta charset="utf-8">' in wrong.body.decode()
    assert "“We can insure a storm" in wrong.body.decode()
    assert old.content_type == "text/html; charset=windows-1252"
    assert "“not safe to fly”".encode("windows-1252") in old.body


def test_a_paywalled_page_says_so() -> None:
    """JSON-LD says that it is not free, two paragraphs are shown, and a box asks to subscribe."""
    article = quirky(page="paywall")
    page = page_of(article).body.decode()
    facts = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])

    assert facts["isAccessibleForFree"] is False
    assert len(article.paragraphs) == 2
    assert "Continue reading your article" in words_of(page)


def test_a_live_page_dates_each_entry() -> None:
    """Each paragraph of the live page stands under a time of its own."""
    [article] = [article for article in WEB.articles if article.kind == "live"]

    assert len(article.quirks.times) == len(article.paragraphs)
    assert all(f"{time} BST" in words_on_page(article) for time in article.quirks.times)


def test_the_server_answers_with_the_documents() -> None:
    """Every document has its status and type, each site is on 127.0.0.1 with a port of its own, and all is counted."""

    async def visit(server: SampleServer, client: aiohttp.ClientSession) -> None:
        for article in WEB.articles:
            async with client.get(server.url_of(article), params={"utm_source": "test"}) as response:
                assert response.status == page_of(article).status
                assert response.headers["Content-Type"] == page_of(article).content_type
        async with client.get(server.opml_url + "/nothing") as response:
            assert response.status == 404
        places = {urlsplit(server.url_of(article)) for article in WEB.articles}
        assert {place.hostname for place in places} == {"127.0.0.1"}
        assert len({place.port for place in places}) == len(WEB.publishers)
        assert server.requests == {200: len(WEB.articles) - 1, 404: 2}

    with_server(visit)


def test_the_opml_lists_all_feeds() -> None:
    """Every feed is in the list once, and every listed address answers."""

    async def visit(server: SampleServer, client: aiohttp.ClientSession) -> None:
        async with client.get(server.opml_url) as response:
            outlines = ET.fromstring(await response.read()).iter("outline")
        listed = [outline.attrib["xmlUrl"] for outline in outlines]
        assert listed == list(server.feed_urls)
        assert len(listed) == len(FEEDS)
        for url in listed:
            async with client.get(url) as response:
                assert response.status == 200

    with_server(visit)


def test_unchanged_documents_answer_304() -> None:
    """ETag and Last-Modified are honoured by feeds and pages, and a stale ETag beats a good date."""

    async def visit(server: SampleServer, client: aiohttp.ClientSession) -> None:
        async def status(url: str, **headers: str) -> int:
            async with client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}) as r:
                return r.status

        for url in [*server.feed_urls, server.url_of(WEB.articles[0]), server.opml_url]:
            async with client.get(url) as response:
                etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
            assert await status(url, If_None_Match=etag) == 304
            assert await status(url, If_Modified_Since=modified) == 304
            assert await status(url, If_None_Match='"stale"', If_Modified_Since=modified) == 200

    with_server(visit)


def test_corrections_change_page_and_entry() -> None:
    """A correction brings another text at the same address, a newer `updated` and new validators."""
    [article] = [article for article in WEB.articles if article.correction]
    [feed] = WEB.publisher(article.publisher).feeds

    async def visit(server: SampleServer, client: aiohttp.ClientSession) -> None:
        async def read(url: str) -> tuple[bytes, str, str]:
            async with client.get(url) as response:
                return await response.read(), response.headers["ETag"], response.headers["Last-Modified"]

        feed_url = server.url_of(article).removesuffix(article.path) + feed.path
        page, entries = await read(server.url_of(article)), await read(feed_url)
        server.publish_corrections()
        corrected = server.web.article(article.id)
        later_page, later_entries = await read(server.url_of(corrected)), await read(feed_url)

        assert article.paragraphs[0] in words_of(page[0].decode())
        assert corrected.paragraphs[0] in words_of(later_page[0].decode())
        assert corrected.paragraphs[-1].startswith("Correction")
        assert all(old != new for old, new in zip(entries, later_entries, strict=True))
        before, after = entry_of(article, feed, entries[0]), entry_of(corrected, feed, later_entries[0])
        assert (before.id, before.link) == (after.id, after.link)
        assert before.updated_parsed < after.updated_parsed

    with_server(visit)


def test_a_base_port_numbers_the_sites() -> None:
    """With a base port, publisher number k listens on base + k."""

    async def ports_from(base: int) -> set[int | None]:
        async with SampleServer(port=base) as server:
            return {urlsplit(url).port for url in server.feed_urls}

    for base in range(21_000, 29_000, 100):
        try:
            ports = asyncio.run(ports_from(base))
        except PortUnavailable:
            continue
        assert ports == {base + offset for offset in range(len(WEB.publishers))}
        return
    pytest.fail("no free range of ports")


def test_a_taken_port_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with status 1 and says which port is taken and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        status = main(["--port", str(port)])

    message = capsys.readouterr().err
    assert status == 1
    assert str(port) in message
    assert "--port" in message
    assert message.count("\n") == 1


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    """It prints the OPML address and ends with status 0 on SIGTERM."""

    async def run() -> tuple[bytes, int]:
        command = [sys.executable, "-m", "cli.sample_web", "--port", "0"]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        line = await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        return line, await process.wait()

    line, status = asyncio.run(run())

    assert b"/feeds.opml" in line
    assert status == 0


def test_the_catalogue_names_every_feed_with_its_publisher() -> None:
    """The YAML list is what geowire reads, family and country included."""

    async def read() -> bytes:
        async with (
            SampleServer() as server,
            aiohttp.ClientSession() as session,
            session.get(server.catalogue_url) as answer,
        ):
            return await answer.read()

    feeds = parse_catalogue(Located("feeds.yaml", asyncio.run(read())))

    assert len(feeds) == sum(len(publisher.feeds) for publisher in load_sample_web().publishers)
    assert {feed.publisher.id for feed in feeds} == {publisher.id for publisher in load_sample_web().publishers}
    assert {feed.publisher.family for feed in feeds} >= {"harbour-media"}
