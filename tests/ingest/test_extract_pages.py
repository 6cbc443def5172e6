"""Whole pages of many makes: the article comes out of each, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.sample_web.addresses import Addresses
from cli.sample_web.content import load_sample_web
from cli.sample_web.model import SampleArticle
from cli.sample_web.render import render_article
from ingest.extract import extract_page
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.site_memory import SitePages

Maker = Callable[..., str]

URL = "https://news.example.org/valley/harbour-closed"
WEB = load_sample_web()
ADDRESSES = Addresses(
    WEB, {publisher.id: f"http://127.0.0.1:{at}" for at, publisher in enumerate(WEB.publishers, 9000)}
)
PARAGRAPHS = [
    "The harbour of Vellmar stayed closed for a third day while divers searched the basin for the lost barge.",
    "“We will not open the locks before the last rope is found,” the harbour master said at the quay on Tuesday.",
    "Grain for the upper valley is now carried by lorry, which costs the mills about twice as much as a barge does.",
    "The board of the port met for nine hours and parted without a result, as it had done on each evening before.",
    "A fisherman who had seen the barge go down told the inquiry that its lamps had gone out one after the other.",
    "Insurers expect that the bill will be paid in equal parts by the owner of the barge and by the town itself.",
]
TEXT = "\n".join(PARAGRAPHS)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)


LONG = "".join(f"<p>On day {day}: {paragraph}</p>" for day in range(4) for paragraph in PARAGRAPHS)


def extract(body: str, *, head: str = "<title>Harbour closed - The Vellmar Post</title>", **entry: str) -> Extraction:
    """What is extracted from a page."""
    known = FeedEntry(**{"key": "k", "guid": "g", "link": URL, "title": "Harbour closed", **entry})  # type: ignore[arg-type]
    return extract_page(Page(URL, f"<html><head>{head}</head><body>{body}</body></html>".encode(), "text/html"), known)


@pytest.mark.parametrize(
    "body",
    [
        f"<article><h1>Harbour closed</h1>{BODY}</article>",
        f"<div class='article-body'>{BODY}</div><div class='related-stories'><p>Ten soups for winter.</p></div>",
        f"<article><p class='teaser'>{PARAGRAPHS[0]}</p>" + BODY.partition("</p>")[2] + "</article>",
        "".join(f"<article class='part'>{part}</p></article>" for part in BODY.split("</p>") if part),
        f"<article>{BODY * 25}</article>",
        f"<form id='aspnetForm'><div><p>A crane at work</p></div><h1>Harbour closed</h1><div>{BODY}</div></form>",
        f"<table><tr><td>Home | World</td></tr><tr><td>{BODY}</td></tr><tr><td>Print this page</td></tr></table>",
        f"<article>{BODY}<figure><img src='x'><figcaption>A crane at work.</figcaption></figure></article>",
        f"<article>{BODY}<aside class='newsletter'><p>Get the harbour news each morning.</p></aside></article>",
        f"<article>{BODY}<h3>Most Commented</h3><ul><li>Ten soups</li><li>Club wins the cup</li></ul></article>",
        f"<main><h1>Harbour closed</h1><p>By Ann Writer</p><p>3 May 2026</p>{BODY}</main>",
    ],
    ids=["plain", "box", "teaser class", "several articles", "25 times", "one form", "layout table", "caption", "aside",
         "tail", "byline"],
)  # fmt: skip
def test_the_article_and_nothing_else(body: str) -> None:
    """However the page is made."""
    found = extract(body)

    assert (found.text, found.body_status) == (TEXT, "full")


def test_the_standfirst_is_the_first_paragraph() -> None:
    """It stands apart from the text, and the page's description begins as it does."""
    standfirst = "Divers are still searching, and the mills of the valley pay for every day."
    head = f'<meta name="description" content="{standfirst[:60]}…">'
    body = f"<header><h1>Harbour closed</h1><div class='x'>{standfirst}</div></header><article>{BODY}</article>"

    assert extract(body, head=head).text == f"{standfirst}\n{TEXT}"
    assert extract(f"<article><h1>Harbour closed</h1>{BODY}</article>", head=head).text == TEXT


def test_a_page_written_by_scripts_gives_the_publishers_own_copy() -> None:
    """From JSON-LD; unless the article is for subscribers."""
    node = {"@type": "NewsArticle", "headline": "Harbour closed", "articleBody": TEXT}
    script = '<script type="application/ld+json">{}</script>'

    assert extract("<div id='root'></div>", head=script.format(json.dumps(node))).text == TEXT
    closed = script.format(json.dumps({**node, "isAccessibleForFree": False}))
    assert extract("<div id='root'></div>", head=closed, summary="Closed.").body_status == "paywalled"


def test_a_page_written_by_scripts_alone_leaves_the_feed() -> None:
    """There is nothing else."""
    found = extract("<div id='root'></div><script>render()</script>", summary="The harbour stays closed.")

    assert (found.text, found.body_status) == ("The harbour stays closed.", "feed-only")


@pytest.mark.parametrize("stray", ["\0", "\x01", "\x0b", "\x1f", "\x7f", "￾", "\0" * 40])
def test_a_stray_control_character_costs_no_text(stray: str) -> None:
    """Wherever it stands."""
    assert extract(f"{stray}<article>{stray}{BODY.replace('lost barge', f'lost{stray} barge')}</article>").text == TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-2022-jp"])
def test_byte_order_marks_and_escapes_are_read(encoding: str) -> None:
    """Their bytes are no stray control characters."""
    text = "港は閉鎖されたままだ。" if encoding == "iso-2022-jp" else "Zürich waits."
    body = f"<html><body><article><p>{text}</p>{BODY}</article></body></html>".replace("“", '"').replace("”", '"')

    found = extract_page(Page(URL, body.encode(encoding), f"text/html; charset={encoding}"))

    assert text in found.text


@pytest.mark.parametrize(
    "title",
    [
        "Page not found",
        "404 - The Vellmar Post",
        "The Vellmar Post | Error 404",
        "Seite nicht gefunden",
        "Page introuvable",
        "Página no encontrada",
        "Страница не найдена",
        "ページが見つかりません",
        "الصفحة غير موجودة",
    ],
)
def test_a_page_that_is_not_there_is_no_article(title: str) -> None:
    """Although it answered 200; what the feed says stands in."""
    notice = "<p>We are sorry. What you are looking for may have moved, or it may never have been here at all.</p>" * 2
    found = extract(f"<main><h1>{title}</h1>{notice}</main>", head=f"<title>{title}</title>", summary="It is closed.")

    assert (found.text, found.body_status) == ("It is closed.", "feed-only")


def test_an_article_about_a_missing_page_is_one() -> None:
    """Its feed announces it under that title, or it is long."""
    title = "Page not found: how links die"
    notice = f"<h1>{title}</h1><article>{BODY[:500]}</p></article>"

    assert extract(notice, head=f"<title>{title}</title>", title=title).body_status == "full"


@pytest.mark.parametrize(
    "prompt", ["Subscribe to continue reading", "Jetzt weiterlesen mit Plus", "Cet article est réservé aux abonnés"]
)
def test_a_prompt_to_pay_makes_a_preview(prompt: str) -> None:
    """Without a word of JSON-LD; of a long text it is only an advertisement."""
    assert extract(f"<article>{BODY[:450]}</p><p>{prompt}</p></article>").body_status == "paywalled"
    assert extract(f"<article>{LONG}<p>{prompt}</p></article>").body_status == "full"


def test_a_part_that_is_not_free_makes_a_preview() -> None:
    """As Google wants paywalls to be declared."""
    node = {"@type": "NewsArticle", "hasPart": [{"@type": "WebPageElement", "isAccessibleForFree": False}]}

    head = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    assert extract(f"<article>{BODY[:450]}</p></article>", head=head).body_status == "paywalled"


def test_a_text_that_breaks_off_is_a_teaser() -> None:
    """Long enough to be one, but not whole."""
    assert extract(f"<article>{BODY[:500]}…</p></article>").body_status == "teaser"


def test_a_box_named_wrongly_does_not_cost_the_article() -> None:
    """If nothing else is left, the whole page is read."""
    assert extract(f"<div class='promo'><div>{BODY}{BODY.upper()}{BODY.lower()}</div></div>").text.startswith(
        PARAGRAPHS[0]
    )


def test_what_was_taken_away_is_told() -> None:
    """Rule by rule, in characters."""
    found = extract(f"<article><h1>Harbour closed</h1>{BODY}<h3>Most Read</h3><p>Ten soups</p></article>")

    assert dict(found.removed) == {"title": len("Harbour closed"), "related": len("Most ReadTen soups")}


@pytest.mark.parametrize("with_feed", [True, False], ids=["with the feed", "page alone"])
def test_every_page_of_the_sample_web_is_its_article(with_feed: bool) -> None:
    """Nothing of a tail, nothing lost, and the kind of text; also with the memory of the pages before."""
    sites: dict[str, SitePages] = {}
    for article in WEB.articles:
        known = sites.get(article.publisher, SitePages())
        found = read_sample(article, known, with_feed=with_feed)
        sites[article.publisher] = known.learned(ADDRESSES.article(article), found.blocks)
        if article.quirks.page == "consent":
            assert found.body_status == "consent"
            continue
        assert found.text == article.text, article.id
        assert (found.form, found.language) == (article.kind, article.language), article.id


def read_sample(article: SampleArticle, known: SitePages, *, with_feed: bool) -> Extraction:
    """One page of the sample web."""
    url, publisher = ADDRESSES.article(article), WEB.publisher(article.publisher)
    entry = (
        FeedEntry("k", "g", url, title=article.title, summary=article.summary)
        if with_feed
        else FeedEntry("k", "g", url)
    )
    html = render_article(article, ADDRESSES).encode(publisher.encoding, "xmlcharrefreplace")
    return extract_page(Page(url, html), entry, known.repeated(url))
