"""Feeds as they are in the wild."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import parse_date
from ingest.feed_entry import ParsedFeed
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
    [(b"", "not-a-feed"), (b"<html><body>Hi</body></html>", "not-a-feed"), (b'{"version": 1}', "json-feed")],
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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016/6/29 15:07:41", datetime(2016, 6, 29, 15, 7, 41, tzinfo=UTC)),
        ("Mon, 25 May 2020 10:00:00 EST", datetime(2020, 5, 25, 15, tzinfo=UTC)),
        ("25 May 20 10:00 UT", datetime(2020, 5, 25, 10, tzinfo=UTC)),
        ("2026-11-20T09:00:00+02:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(text: str | None, moment: datetime | None) -> None:
    """Dates are read, never guessed."""
    assert parse_date(text) == moment


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Nothing raises."""
    parse_date(text)


def test_languages() -> None:
    """The primary part, or nothing."""
    assert [short_language(tag) for tag in ("en-GB", "de_AT", "FR", "", "english", "x1")] == [
        "en", "de", "fr", None, None, None,
    ]  # fmt: skip
