"""Bytes of a feed made fit for the parser: one bad byte must not spoil the document. Pure."""

from __future__ import annotations

import re

CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x1b")
DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]+)""", re.IGNORECASE)
UTF8_NAMES = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
UTF8_TYPE = "application/xml; charset=utf-8"
BAD_SHARE = 0.005


def repair_feed_bytes(data: bytes, content_type: str) -> tuple[bytes, str]:
    """The document and the content type to parse it by. What is valid UTF-8 is UTF-8, whatever is declared."""
    if is_wide(data):
        return data, content_type
    clean = data.translate(None, CONTROL_BYTES).strip().removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\x1b" in clean:
        return clean, content_type
    text = clean.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if not bad:
        return clean, UTF8_TYPE
    if declared_encoding(clean, content_type) in UTF8_NAMES and bad <= max(2, BAD_SHARE * len(text)):
        return text.encode(), UTF8_TYPE
    return clean, content_type


def is_wide(data: bytes) -> bool:
    """Whether the document is UTF-16 or UTF-32."""
    return data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or b"<\0" in data[:8] or b"\0<" in data[:8]


def declared_encoding(data: bytes, content_type: str) -> str:
    """The encoding that the document or its header names, in lower case; empty if none."""
    in_document = DECLARED.search(data[:500])
    in_header = CHARSET.search(content_type)
    name = in_document[1].decode() if in_document else in_header[1] if in_header else ""
    return name.lower()
