"""What publishers declare, and what browsers and we read then: feeds and pages alike."""

from __future__ import annotations

import pytest

from ingest.charset import codec_of, decode_page
from ingest.extraction import Page
from ingest.feed_bytes import decode_feed


@pytest.mark.parametrize(
    ("label", "codec", "words"),
    [
        ("ISO-8859-1", "cp1252", "Zürich \u201csagt\u201d 5 €"),
        ("us-ascii", "cp1252", "Zürich"),
        ("iso-8859-9", "cp1254", "\u201cİstanbul\u201d"),
        ("TIS-620", "cp874", "ข่าว \u201cวันนี้\u201d"),
        ("windows-874", "cp874", "ข่าววันนี้"),
        ("iso-8859-8-i", "iso8859-8", "חדשות"),
        ("gb2312", "gb18030", "朱镕基"),
        ("Shift_JIS", "cp932", "①髙島屋"),
        ("x-sjis", "cp932", "ニュース"),
        ("euc-kr", "cp949", "똠방각하"),
        ("windows-949", "cp949", "뉴스"),
        ("big5", "big5hkscs", "咗啲嘢"),
        ("x-cp1251", "cp1251", "Новости"),
    ],
)
def test_a_label_means_what_browsers_read(label: str, codec: str, words: str) -> None:
    """Often a superset of what it says; the header of a page and of a feed are read by one table."""
    header = f"text/html; charset={label}"

    page = decode_page(Page("https://a.example/", f"<p>{words}</p>".encode(codec), header))
    feed = decode_feed(f"<rss><title>{words}</title></rss>".encode(codec), header)

    assert codec_of(label) == codec
    assert page == f"<p>{words}</p>"
    assert words in feed.data.decode()


@pytest.mark.parametrize("label", ["", "rot13", "utf-7", "idna", "unicode_escape", "base64", "nonsense"])
def test_what_no_publisher_means_is_no_charset(label: str) -> None:
    """Python knows some of these by name; such a page's bytes are guessed at."""
    body = b"<p>caf\xe9 \\x41 +AGE-</p>"

    assert codec_of(label) == ""
    assert decode_page(Page("https://a.example/", body, f"text/html; charset={label}")) == body
