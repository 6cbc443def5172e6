"""A page's bytes as text: what it declares, what it is, and without what no page should hold. Pure."""

from __future__ import annotations

import codecs
import re

from ingest.extraction import Page

DECLARED_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
BREAKING = bytes({*range(32), 127} - {*b"\t\n\f\r\x1b"})
"""What ends or confuses the parser: a stray byte must not cost a page its text. Escape stays: ISO-2022-JP."""
JAPANESE_MARKS = (b"\x1b$B", b"\x1b$@")
WIDE_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decode_page(page: Page) -> str | bytes:
    """The page as text if its encoding is declared or UTF-8; otherwise the bytes, to be guessed at."""
    wide = WIDE_MARKS.get(page.body[:2])
    if wide:
        return page.body.decode(wide, "replace").replace("\0", "")
    body = page.body.translate(None, BREAKING)
    if any(mark in body for mark in JAPANESE_MARKS):
        return body.decode("iso2022_jp", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        in_header = HEADER_CHARSET.search(page.content_type)
        in_page = DECLARED_CHARSET.search(body[:4_096])
        name = in_header[1] if in_header else in_page[1].decode() if in_page else ""
    try:
        known = codecs.lookup(name).name
        return body.decode(WIDER.get(known, known), "replace")
    except (LookupError, UnicodeError):
        return body
