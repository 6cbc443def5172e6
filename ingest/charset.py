"""A page's bytes as text: what it declares, what it is, and without what no page should hold. Pure."""

from __future__ import annotations

import codecs
import re

from ingest.extraction import Page

DECLARED_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""What is declared, and the superset of it that publishers mean and browsers read: WHATWG, Encoding Standard."""
BROWSERS_ALONE = {
    **dict.fromkeys(("unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
    **dict.fromkeys(("iso-8859-6-e", "iso-8859-6-i"), "iso8859-6"),
    **dict.fromkeys(("iso-8859-8-e", "iso-8859-8-i", "logical", "visual"), "iso8859-8"),
    **dict.fromkeys(("koi", "koi8"), "koi8-r"),
    **dict.fromkeys(("mac", "x-mac-roman"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **dict.fromkeys(("windows-874", "dos-874"), "cp874"),
    **{f"x-cp{page}": f"cp{page}" for page in range(1250, 1259)},
    **dict.fromkeys(("x-gbk", "gb_2312", "gb_2312-80", "csgb2312"), "gb18030"),
    **dict.fromkeys(("x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("x-sjis", "windows-31j"), "cp932"),
    "x-euc-jp": "euc_jp",
    **dict.fromkeys(("windows-949", "ks_c_5601-1989", "ksc_5601", "cseuckr"), "cp949"),
}
"""Labels of that standard which Python does not know."""
NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"})
"""Names that Python knows and no publisher means."""
BREAKING = bytes({*range(32), 127} - {*b"\t\n\f\r\x1b"})
"""What ends or confuses the parser: a stray byte must not cost a page its text. Escape stays: ISO-2022-JP."""
JAPANESE_MARKS = (b"\x1b$B", b"\x1b$@")
WIDE_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def codec_of(label: str) -> str:
    """What Python calls the encoding that a publisher means by a label; empty if it is none."""
    try:
        known = codecs.lookup(BROWSERS_ALONE.get(label.lower(), label)).name
        b"a".decode(known)
    except (LookupError, ValueError):  # also what Python calls a codec and is no charset, as rot13
        return ""
    return "" if known.replace("_", "-") in NO_CHARSETS else WIDER.get(known, known)


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
        codec = codec_of(in_header[1] if in_header else in_page[1].decode() if in_page else "")
        return body.decode(codec, "replace") if codec else body
