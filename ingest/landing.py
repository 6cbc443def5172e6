"""Where a link led, and whether an article can be there. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ingest.body_status import CONSENT_HOST
from ingest.identity import is_home_page, owner_of

GOOGLE_NEWS = re.compile(r"/(?:rss/)?(?:articles|read|stories)/")
LOCALE_HOME = re.compile(r"/[a-z]{2}(?:[-_][a-z]{2})?/?", re.IGNORECASE)
SECTION = re.compile(r"/[a-z]+(?:[-_][a-z]+)?/?", re.IGNORECASE)
"""One short step without a number: `/news`, `/login`, `/not-found`. The shortest article addresses say more."""
NO_PAGE = re.compile(
    r"(?:image|audio|video|font|model)/|text/(?:css|csv|calendar|javascript|vcard)\b"
    r"|application/(?:pdf|zip|gzip|octet-stream|msword|rtf|epub|x-|vnd\.|javascript|json\b|wasm|ogg|mp4|postscript)"
)
PAGE_AFTER_ALL = re.compile(r"html|php|xml", re.IGNORECASE)
MAGIC = (b"%PDF-", b"PK\x03\x04", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"ID3", b"OggS", b"RIFF", b"\x1a\x45\xdf\xa3")
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
SNIFFED = 512
STRAY = 4
"""So few zeros at the start of a page are slips."""


def obstacle(address: str) -> str | None:
    """Why it makes no sense to ask for a page: the reason of the failure."""
    host = urlsplit(address).hostname or ""
    if CONSENT_HOST.search(host):
        return "consent"
    if host == "news.google.com" and GOOGLE_NEWS.match(urlsplit(address).path):
        return "google-news"  # what it leads to is known to scripts in a browser only
    return None


def leads_astray(link: str, final: str) -> bool:
    """Whether a link to an article ended at a front door, or at somebody else's section page."""
    if is_home_page(link):
        return False
    path = urlsplit(final).path
    if is_home_page(final) or (LOCALE_HOME.fullmatch(path) and not urlsplit(final).query):
        return urlsplit(link).path != path
    return owner_of(link) != owner_of(final) and bool(SECTION.fullmatch(path)) and not urlsplit(final).query


def is_no_page(content_type: str) -> bool:
    """Whether the type says plainly that there is no text for people in it."""
    kind = content_type.partition(";")[0].strip().lower()
    return bool(NO_PAGE.match(kind)) and not PAGE_AFTER_ALL.search(kind)


def looks_binary(body: bytes, content_type: str) -> bool:
    """Whether bytes are no text, whatever their type says, or if it says nothing."""
    if body.startswith(MAGIC) or body[4:8] == b"ftyp":
        return True
    is_wide = body.startswith(WIDE_MARKS) or "utf-16" in content_type.lower() or "utf-32" in content_type.lower()
    return body.count(0, 0, SNIFFED) > STRAY and not is_wide
