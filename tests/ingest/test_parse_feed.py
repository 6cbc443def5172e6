"""Feeds as they are in the wild."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feed_entry import FeedHints, ParsedFeed
from ingest.parse_feed import parse_feed, short_language

URL = "https://example.org/feeds/world.xml"
HEAD = '<?xml version="1.0" encoding="{}"?><rss version="2.0"><channel><title>Wire</title>'
TAIL = "</channel></rss>"
FRAGMENTS = (
    b"<rss><item><pubDate>",
    b"<![CDATA[",
    b"]]>",
    b"&amp;&bogus;",
    b"<!ENTITY a 'b'>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>",
    b"{",
    b"\0\xff\xfe",
)


def parse(body: str, encoding: str = "utf-8", **headers: str) -> ParsedFeed:
    """A feed with this body."""
    data = (HEAD.format(encoding) + body + TAIL).encode(encoding)
    return parse_feed(data, {name.replace("_", "-"): value for name, value in headers.items()}, URL)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_feed_or_an_error(data: bytes) -> None:
    """Nothing raises."""
    assert pickle.loads(pickle.dumps(parse_feed(data, {}, URL))).entries == parse_feed(data, {}, URL).entries


@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=10), max_size=12))
def test_any_pieces_of_feeds_give_a_feed_or_an_error(pieces: list[bytes]) -> None:
    """Nothing raises on what looks like a feed either."""
    parse_feed(b"<?xml version='1.0'?>" + b"".join(pieces), {"content-type": "text/xml"}, URL)


def test_entries_are_read(item: Callable[..., str]) -> None:
    """Links are made absolute, text is cleaned, dates have a zone."""
    feed = parse(item("../a.html?x=1", title="One &amp; <b>two</b>\u0008", description="<p>S</p>", author="A. Writer"))

    [entry] = feed.entries
    assert feed.title == "Wire"
    assert (entry.title, entry.link, entry.summary) == ("One & two", "https://example.org/a.html?x=1", "<p>S</p>")
    assert entry.published_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "gb18030", "koi8-r"])
def test_declared_encodings(encoding: str, item: Callable[..., str]) -> None:
    """The title survives, whatever the document is written in."""
    title = {"gb18030": "新闻", "koi8-r": "Новости"}.get(encoding, "Müller")

    assert parse(item("/a", title=title), encoding).entries[0].title == title


def test_utf8_declared_as_latin1_is_utf8(item: Callable[..., str]) -> None:
    """What is valid UTF-8 is UTF-8."""
    data = (HEAD.format("iso-8859-1") + item("/a", title="Müller") + TAIL).encode()

    assert parse_feed(data, {"content-type": "text/xml"}, URL).entries[0].title == "Müller"


def test_two_bad_bytes_do_not_spoil_the_feed(item: Callable[..., str]) -> None:
    """Only the character is lost."""
    data = (HEAD.format("utf-8") + item("/a", title="Zürich") + item("/b", title="Bad @@") + TAIL).encode()

    feed = parse_feed(data.replace(b"@@", b"\xc3\xff"), {}, URL)

    first, second = feed.entries
    assert first.title == "Zürich"
    assert second.title.startswith("Bad")


def test_one_guid_on_two_entries_is_two_entries(item: Callable[..., str]) -> None:
    """The link tells them apart."""
    feed = parse(item("/1", guid="same") + item("/2", guid="same"))

    assert len({entry.key for entry in feed.entries}) == 2


def test_copies_of_an_entry_are_counted_once_and_told(item: Callable[..., str]) -> None:
    """Twenty copies without a GUID are one entry and nineteen problems."""
    feed = parse(item("/1", guid="") * 20)

    assert len(feed.entries) == 1
    assert feed.problems == {"same-entry-twice": 19}


def test_home_page_is_no_link(item: Callable[..., str]) -> None:
    """A feed that links its front page gives no address."""
    feed = parse(item("https://example.org/", guid="x"))

    assert feed.entries[0].link is None
    assert feed.problems == {"no-link": 1}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "not-a-feed"),
        (b"Service unavailable", "not-a-feed"),
        (b"<html><body>Hi</body></html>", "html"),
        (b"<!DOCTYPE html>\n<!-- error --><HTML lang=en><head><title>Gone", "html"),
        (b"<div>Please enable JavaScript</div>", "html"),
        (b'{"version": 1}', "not-a-feed"),
        (b"<sitemapindex><sitemap/></sitemapindex>", "sitemap-index"),
        (b"<note><to>all</to></note>", "not-a-feed"),
    ],
)
def test_what_is_no_feed_says_so(data: bytes, error: str) -> None:
    """An error, not an empty feed."""
    assert parse_feed(data, {}, URL).error == error


def test_a_files_name_is_not_opened() -> None:
    """Bytes that name a file are bytes."""
    assert parse_feed(b"/etc/hostname", {}, URL).error == "not-a-feed"


def test_fingerprint_follows_title_and_summary(item: Callable[..., str]) -> None:
    """A change of what the feed says is seen."""
    one, same, other = (
        parse(item("/1", description=text)).entries[0].fingerprint for text in ("first", "first", "second")
    )

    assert one == same != other


def test_languages() -> None:
    """The primary part, or nothing."""
    assert [short_language(tag) for tag in ("en-GB", "de_AT", "FR", "", "english", "x1")] == [
        "en", "de", "fr", None, None, None,
    ]  # fmt: skip


GOOD = (
    HEAD.format("utf-8")
    + "<ttl>30</ttl>"
    + "".join(
        f"<item><title>Zug {n} &amp; Fähre</title><link>https://example.org/{n}</link><guid>g{n}</guid>"
        f"<pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate><description><![CDATA[<p>Text</p>]]></description></item>"
        for n in range(5)
    )
    + TAIL
).encode()
HEADERS = st.dictionaries(
    st.just("content-type"), st.text(max_size=40) | st.sampled_from(["text/xml", "x; charset=rot13"])
)


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=12) | st.sampled_from(FRAGMENTS), HEADERS)
def test_any_mutation_of_a_feed_is_survived(at: int, gone: int, put: bytes, headers: dict[str, str]) -> None:
    """Nothing raises, and no two entries share a key."""
    feed = parse_feed(GOOD[:at] + put + GOOD[at + gone :], headers, URL)

    assert len({entry.key for entry in feed.entries}) == len(feed.entries)


@given(st.integers(GOOD.index(b"Zug 2"), GOOD.index(b"Zug 2") + 5))
def test_one_bad_byte_costs_no_entry(inside: int) -> None:
    """Wherever in the text it stands."""
    feed = parse_feed(GOOD[:inside] + b"\xff" + GOOD[inside:], {}, URL)

    assert [entry.guid for entry in feed.entries] == ["g0", "g1", "g2", "g3", "g4"]
    assert feed.entries[4].title == "Zug 4 & Fähre"
    assert feed.problems == {"bad-bytes": 1}


@given(st.integers(0, len(GOOD)))
def test_what_was_read_before_a_break_is_kept(end: int) -> None:
    """A download that stopped early gives the entries that it had, and says so."""
    feed = parse_feed(GOOD[:end], {}, URL)

    complete = GOOD[:end].count(b"</item>")
    assert [entry.guid for entry in feed.entries][:complete] == [f"g{n}" for n in range(complete)]
    assert feed.problems.get("truncated-feed") or end >= len(GOOD) or feed.error


@pytest.mark.parametrize(
    "content_type", ["text/xml", "text/xml; charset=us-ascii", "application/rss+xml", "text/html", ""]
)
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "us-ascii", "windows-1251", "utf-16", "klingon", "rot13"])
def test_utf8_is_utf8_whatever_is_said(declared: str, content_type: str, item: Callable[..., str]) -> None:
    """Neither the header nor the declaration makes mojibake of it."""
    data = (HEAD.format(declared) + item("/a", title="Zürich, Київ, 東京") + TAIL).encode()

    assert parse_feed(data, {"content-type": content_type}, URL).entries[0].title == "Zürich, Київ, 東京"


def test_latin1_as_declared_is_not_read_as_utf8(item: Callable[..., str]) -> None:
    """Nor when the header names no charset."""
    data = (HEAD.format("ISO-8859-1") + item("/a", title="Müller kündigt") + TAIL).encode("iso-8859-1")

    assert parse_feed(data, {"content-type": "text/xml"}, URL).entries[0].title == "Müller kündigt"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "utf-16"])
def test_wide_encodings_need_no_declaration(encoding: str, item: Callable[..., str]) -> None:
    """With a byte order mark and without."""
    body = f"\n<rss version='2.0'><channel>{item('/a', title='Köln')}</channel></rss>"

    assert parse_feed(body.encode(encoding), {"content-type": "text/xml"}, URL).entries[0].title == "Köln"


@pytest.mark.parametrize(
    ("encoding", "title", "language"),
    [
        ("gb18030", "外交部发言人就有关问题答记者问", ""),
        ("gb18030", "新闻", "zh-cn"),
        ("big5", "總統府今天發表聲明", "zh-tw"),
        ("shift_jis", "首相は記者団に対して述べた", ""),
        ("euc_jp", "首相は記者団に対して述べた", "ja"),
        ("euc_kr", "대통령이 오늘 발표했다", "ko"),
        ("windows-1251", "Президент подписал указ", ""),
        ("koi8-r", "Президент подписал указ", ""),
        ("windows-1250", "Żółw przeszedł", "pl"),
        ("windows-1252", "Le président français", ""),
    ],
)
def test_an_undeclared_encoding_is_found(encoding: str, title: str, language: str, item: Callable[..., str]) -> None:
    """By the language that the feed names, or by its letters."""
    body = f"<rss version='2.0'><channel><language>{language}</language>{item('/a', title=title)}</channel></rss>"

    assert parse_feed(body.encode(encoding), {}, URL).entries[0].title == title


def test_bytes_pasted_from_an_old_document_are_read_as_meant(item: Callable[..., str]) -> None:
    """A Windows quotation mark in a feed of UTF-8."""
    data = (HEAD.format("utf-8") + item("/a", title="Zürich@s und Köln") + TAIL).encode().replace(b"@", b"\x92")

    assert parse_feed(data, {}, URL).entries[0].title == "Zürich’s und Köln"


@pytest.mark.parametrize(
    "before", ["\ufeff", "\n\n  \n", "\ufeff\n", "<br />\n<b>Warning</b>: mysql in x.php\n", "<!-- cached -->\n", "\0"]
)
def test_what_stands_before_the_declaration_does_not_matter(before: str, item: Callable[..., str]) -> None:
    """Blank lines, marks, comments, warnings of a script."""
    data = (before + HEAD.format("utf-8") + item("/a") + TAIL).encode()

    assert len(parse_feed(data, {}, URL).entries) == 1


def test_control_characters_are_dropped(item: Callable[..., str]) -> None:
    """Written as bytes or as references; NUL never reaches storage."""
    body = item("/a", title="One\0 \x08two\x1e\x13").replace("two", "two&#8;&#0;&#xFFFE;&#55296;&#99999999999;")

    feed = parse(body)

    assert feed.entries[0].title == "One two"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Marks & Spencer", "Marks & Spencer"),
        ("caf&eacute;&nbsp;noir &ndash; 5&euro;", "café noir – 5€"),
        ("&bogus; &copy;", "&bogus; ©"),
        ("AT&T <![CDATA[R&D &eacute;]]>", "AT&T R&D é"),
        ("&lt;i&gt;Times&lt;/i&gt; &amp;amp; Post", "Times & Post"),
    ],
)
def test_ampersands_and_html_entities_in_xml(written: str, read: str) -> None:
    """They are mended, and the title reads as meant."""
    feed = parse(f"<item><title>{written}</title><link>https://example.org/?a=1&b=2</link></item>")

    assert (feed.entries[0].title, feed.entries[0].link) == (read, "https://example.org/?a=1&b=2")


@pytest.mark.parametrize(
    "entity",
    ["<!ENTITY x SYSTEM 'file:///etc/hostname'>", "<!ENTITY x 'boom'>", "<!ENTITY % p SYSTEM 'http://127.0.0.1/'>%p;"],
)
def test_entities_of_a_document_are_not_expanded(entity: str) -> None:
    """Neither from outside nor from inside."""
    data = (
        f"<?xml version='1.0'?><!DOCTYPE rss [{entity}]><rss><channel><item><title>A&x;</title></item></channel></rss>"
    )

    assert parse_feed(data.encode(), {}, URL).entries[0].title == "A&x;"


def test_entities_of_entities_cost_nothing() -> None:
    """A document of a kilobyte stays small."""
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20))
    data = f'<!DOCTYPE rss [<!ENTITY a0 "ha">{lines}]><rss><channel><item><title>&a19;</title></item></channel></rss>'

    assert len(pickle.dumps(parse_feed(data.encode(), {}, URL))) < 2_000


@pytest.mark.parametrize(
    "body",
    [
        "<item><title>A</title><description>" + "<b>" * 30_000,
        "<item><title>A</title><author>" + "a" * 200_000 + "</author></item>",
        "<item " + " ".join(f"a{n}='1'" for n in range(20_000)) + "><title>A</title></item>",
        "<item><title>A</title><description>" + "<![CDATA[" * 30_000,
        "\n" * 100_000 + "<item><title>A</title></item>",
    ],
)
def test_hostile_shapes_end_soon(body: str) -> None:
    """What costs a parser the square of its length is cut before."""
    assert parse(body).entries[0].title.startswith("A")


def test_the_newest_entries_of_an_endless_feed_are_kept() -> None:
    """At either end of the document; the others are counted."""
    items = [
        f"<item><title>{n}</title><guid>{n}</guid><pubDate>2026-01-{n // 100 + 1:02}</pubDate></item>"
        for n in range(2_500)
    ]

    rising, falling = parse("".join(items)), parse("".join(reversed(items)))

    assert rising.problems["over-limit"] == falling.problems["over-limit"] == 500
    assert (
        {entry.guid for entry in rising.entries}
        == {entry.guid for entry in falling.entries}
        == set(map(str, range(500, 2_500)))
    )


def test_a_feed_of_many_megabytes_is_cut_and_says_so() -> None:
    """Broken ones sooner, for they take longer."""
    body = "<item><title>T</title><description><![CDATA[" + "word " * 20_000 + "]]></description></item>"

    feed = parse(body * 40 + "<br>")

    assert feed.problems["over-limit"] + len({*feed.entries}) + feed.problems.get("same-entry-twice", 0) == 40
    assert feed.problems["over-limit"] > 0


def test_no_entry_is_lost_between_equal_names() -> None:
    """Same GUID, same link or neither: what differs is kept, what does not is counted."""
    feed = parse(
        "<item><guid isPermaLink='false'>g</guid><title>One</title></item>"
        "<item><guid isPermaLink='false'>g</guid><title>Two</title></item>"
        "<item><link>https://example.org/live</link><title>Three</title></item>"
        "<item><link>https://example.org/live</link><title>Four</title></item>"
        "<item><description>Five</description></item><item><description>Six</description></item>"
        "<item><description>Six</description></item>"
    )

    assert len({entry.key for entry in feed.entries}) == len(feed.entries) == 6
    assert feed.problems["same-entry-twice"] == 1


def test_an_entry_without_anything_is_still_an_entry() -> None:
    """It is told what it lacks."""
    feed = parse("<item/>")

    assert len(feed.entries) == 1
    assert feed.problems == {"no-link": 1, "no-title": 1, "no-date": 1}


def test_a_date_that_cannot_be_is_none_and_counted(item: Callable[..., str]) -> None:
    """No guess of the parser stands in for it."""
    feed = parse(item("/a", date="Fri, 31 Feb 2026 10:00:00 GMT") + item("/b", date="2016/6/29 15:07:41"))

    assert [entry.published_at for entry in feed.entries] == [None, datetime(2016, 6, 29, 15, 7, 41, tzinfo=UTC)]
    assert feed.problems == {"no-date": 1, "bad-date": 1}


def test_a_date_in_the_future_is_kept(item: Callable[..., str]) -> None:
    """Who publishes the article clamps it."""
    assert parse(item("/a", date="Fri, 20 Nov 2099 09:00:00 GMT")).entries[0].published_at == datetime(
        2099, 11, 20, 9, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("fields", "link"),
    [
        ("<link>https://example.org/</link><guid>https://example.org/story/1</guid>", "https://example.org/story/1"),
        ("<link>https://cdn.example.org/e/1.mp3</link>", None),
        ("<link>https://example.org/p?e=1</link><enclosure url='https://example.org/p?e=1' type='audio/mpeg'/>", None),
        ("<guid isPermaLink='true'>4711</guid>", None),
        ("<link>\n  https://example.org/a\n/b  </link>", "https://example.org/a/b"),
        ("<link>example.org/a</link>", "https://example.org/a"),
        ("<link>http://http://example.org/a</link>", "http://example.org/a"),
        ("<link>https:\\\\example.org\\a b</link>", "https://example.org/a%20b"),
        ("<link>/a?x=1&amp;amp;y=2</link>", "https://example.org/a?x=1&y=2"),
        (f"<link>https://example.org/{'a' * 3000}</link>", None),
    ],
)
def test_links_lead_to_a_page_or_nowhere(fields: str, link: str | None) -> None:
    """Not to the home page, a sound file or what is no address."""
    [entry] = parse(f"<item><title>T</title>{fields}</item>").entries

    assert entry.link == link


def test_relative_links_of_a_feed_that_somebody_else_serves(item: Callable[..., str]) -> None:
    """They are relative to the site of the channel."""
    feed = parse("<link>https://paper.example.com/</link>" + item("/a"))

    assert feed.entries[0].link == "https://paper.example.com/a"


def test_a_new_guid_leads_to_the_same_address(item: Callable[..., str]) -> None:
    """Feeds that make new GUIDs each day are recognised by the link, which stays."""
    today, tomorrow = parse(item("/a", guid="2026-11-20-1")), parse(item("/a", guid="2026-11-21-1"))

    assert today.entries[0].link == tomorrow.entries[0].link
    assert parse(item("/a", guid="")).entries[0].key == parse(item("/a?utm_source=rss", guid="")).entries[0].key


ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/blog/" xml:lang="de">
<title type="html">Wire &amp;amp; &lt;b&gt;Post&lt;/b&gt;</title>
<entry><id>tag:example.org,2026:1</id><title type="{kind}">{title}</title>
<published>2026-11-20T09:00:00+01:00</published><updated>2026-11-21T09:00:00Z</updated>
<author><name>A. Writer</name></author>
<link rel="self" href="self.xml"/><link rel="related" href="https://other.example/"/>
<link rel="alternate" href="a.html"/><link rel="enclosure" href="a.mp3"/><summary>S</summary>
<content type="xhtml" xml:base="2026/">
<div xmlns="http://www.w3.org/1999/xhtml"><p>Long <em>text</em></p></div></content>
</entry></feed>"""


@pytest.mark.parametrize(
    ("kind", "title", "read"),
    [
        ("text", "5 &lt; 6 &amp; more", "5 < 6 & more"),
        ("html", "&lt;b&gt;Bold&lt;/b&gt; &amp;amp; more", "Bold & more"),
        ("xhtml", '<div xmlns="http://www.w3.org/1999/xhtml">In <i>italics</i></div>', "In italics"),
    ],
)
def test_atom(kind: str, title: str, read: str) -> None:
    """Bases, kinds of text and relations of links are understood."""
    feed = parse_feed(ATOM.format(kind=kind, title=title).encode(), {}, URL)

    [entry] = feed.entries
    assert (feed.title, feed.language, entry.title, entry.authors) == ("Wire & Post", "de", read, ("A. Writer",))
    assert (entry.link, entry.summary) == ("https://example.org/blog/a.html", "S")
    assert "<p>Long <em>text</em></p>" in entry.content
    assert entry.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_rdf() -> None:
    """RSS 1.0 keeps its items beside the channel and its dates in Dublin Core."""
    data = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>Wire</title></channel>
    <item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>
    <dc:date>2026-11-20T09:00:00Z</dc:date><dc:creator>A. Writer</dc:creator></item></rdf:RDF>"""

    [entry] = parse_feed(data, {}, URL).entries

    assert (entry.title, entry.link, entry.authors) == ("One", "https://example.org/1", ("A. Writer",))
    assert entry.dated_at == datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_full_text_and_media_descriptions() -> None:
    """`content:encoded` is content; a description of Media RSS stands in for a missing one."""
    feed = parse(
        "<item xmlns:content='http://purl.org/rss/1.0/modules/content/'><title>A</title><description>Short</description>"
        "<content:encoded><![CDATA[<p>Long</p>]]></content:encoded></item>"
        "<item xmlns:media='http://search.yahoo.com/mrss/'><title>B</title><media:group>"
        "<media:description>Told by a picture</media:description></media:group></item>"
    )

    assert [(entry.summary, entry.content) for entry in feed.entries] == [
        ("Short", "<p>Long</p>"),
        ("Told by a picture", ""),
    ]


def test_prefixes_need_no_declaration() -> None:
    """The document is broken, its entry is not."""
    feed = parse("<item><title>A</title><dc:creator>B. Writer</dc:creator></item>")

    assert feed.entries[0].authors == ("B. Writer",)
    assert feed.problems["malformed-feed"] == 1


def test_hints_are_read_from_before_and_behind_the_entries(item: Callable[..., str]) -> None:
    """And never from an entry."""
    hints = parse(
        "<ttl> 30 </ttl><sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>Hourly</sy:updatePeriod>"
        + item("/a").replace("</item>", "<ttl>5</ttl></item>")
        + "<sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>0.5</sy:updateFrequency>"
        "<skipHours><hour>0</hour><hour>24</hour><hour>7</hour><hour>99</hour><hour>x</hour></skipHours>"
        "<skipDays><day>Sunday</day><day> monday </day><day>never</day></skipDays>"
    ).hints

    assert hints == FeedHints(30.0, "hourly", 0.5, frozenset({0, 7}), frozenset({0, 6}))


@pytest.mark.parametrize("ttl", ["", "soon", "-5", "nan", "inf", "1e999"])
def test_hints_that_say_nothing_are_none(ttl: str) -> None:
    """Junk is no number."""
    assert parse(f"<ttl>{ttl}</ttl>").hints == FeedHints()


def test_an_empty_feed_is_a_feed() -> None:
    """A search without results answers so."""
    assert parse("") == ParsedFeed(title="Wire")


def test_an_entry_on_which_the_parser_fails_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are found by halves, and it is counted."""
    from ingest import parse_feed as module

    real = module._document

    def fails(data: bytes) -> object:
        if b"poison" in data:
            raise ValueError("poison")
        return real(data)

    monkeypatch.setattr(module, "_document", fails)
    data = re.sub(rb"Zug 3", b"poison", GOOD)

    feed = parse_feed(data, {}, URL)

    assert [entry.guid for entry in feed.entries] == ["g0", "g1", "g2", "g4"]
    assert feed.problems == {"unreadable-entry": 1}
    assert (feed.title, feed.hints.ttl_minutes) == ("Wire", 30)


@pytest.mark.parametrize(
    "trouble",
    [
        "<image><url>u</url><width>80</width><heig&#xE7;ht>15</height></image>",
        "<textInput><name>n</name></textInput>",
        "<image><width>80</image>",
    ],
)
def test_a_channel_on_which_the_parser_fails_costs_no_entry(trouble: str, item: Callable[..., str]) -> None:
    """Its picture matters to nobody."""
    feed = parse(trouble + item("/a") + item("/b"))

    assert len(feed.entries) == 2


def test_broken_extensions_cost_no_entry(item: Callable[..., str]) -> None:
    """An outline on a map that is cut short, a namespace with a blank in it."""
    place = (
        "<georss:where xmlns:georss='http://www.georss.org/georss' xmlns:gml='http://www.opengis.net/gml'><gml:Polygon>"
        "<gml:exterior><gml:LinearRing><gml:posList>1 2 x</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
        "</georss:where><dc:creator xmlns:dc='http://purl.org/dc /elements'>A. Writer</dc:creator>"
    )

    feed = parse(item("/a").replace("</item>", f"{place}</item>") + item("/b"))

    assert [entry.link for entry in feed.entries] == ["https://example.org/a", "https://example.org/b"]


def test_a_title_of_tags_without_end_is_read_soon() -> None:
    """It is text, whatever it was meant to be."""
    assert parse("<item><title>" + "&lt;a " * 100_000 + "</title></item>").entries[0].title.startswith("<a <a")
