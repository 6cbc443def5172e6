"""Text as messages carry it: no control characters, no lone surrogates, one line feed between paragraphs. Pure."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\ufdd0-\ufdef\u200b\ufeff\u2060\u00ad]"
)
LINE_ENDS = re.compile(r"[\r\n\x85\u2028\u2029]+")
BLANKS = re.compile(r"[^\S\n]+")
BLOCK = re.compile(
    r"p|div|br|li|ul|ol|h[1-6]|tr|table|blockquote|section|article|figure|figcaption|header|footer|pre|hr"
)
SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "svg"})
MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>|&[#\w]{2,10};")
STRAY = re.compile(r"<(?=[^<>]*(?:<|\Z))")
LINK = re.compile(r"<a\b[^>]{0,2000}>(.{0,1000}?)</a\s*>", re.IGNORECASE | re.DOTALL)
FEW_LINKS = 2
SUMMARY_LIMIT = 50_000
"""What is longer is no list of headlines."""
STRAY_LIMIT = 100
"""So many tags without an end are no slip: html.parser takes the square of their number."""


def clean_text(raw: str) -> str:
    """Paragraphs separated by one line feed, nothing that breaks storage or a terminal."""
    text = LINE_ENDS.sub("\n", raw)
    text = CONTROL.sub("", text)
    text = BLANKS.sub(" ", unicodedata.normalize("NFC", text))
    return "\n".join(line for line in (part.strip() for part in text.split("\n")) if line)


def clean_line(raw: str) -> str:
    """The same on one line, for titles and names."""
    return " ".join(clean_text(raw).split())


def cut(text: str, limit: int) -> tuple[str, bool]:
    """The text within the limit, and whether something was cut; never in the middle of a word if that can be."""
    if len(text) <= limit:
        return text, False
    end = max(text.rfind(" ", limit - 200, limit), text.rfind("\n", limit - 200, limit))
    return text[: end if end > 0 else limit].rstrip(), True


def without_others(markup: str) -> str:
    """A feed's summary without other outlets' headlines: of a mere list of links the first is its own story's."""
    if len(markup) > SUMMARY_LIMIT:
        return markup
    links = [found[1] for found in LINK.finditer(markup)]
    rest = LINK.sub(" ", markup)
    if len(links) < FEW_LINKS or len(plain_text(rest)) > len(plain_text(" ".join(links))):
        return markup
    return links[0]


class _Words(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in SILENT
        if BLOCK.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT and self._silent:
            self._silent -= 1
        if BLOCK.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain_text(markup: str) -> str:
    """The text of a piece of HTML such as a feed's summary; text without markup stays as it is."""
    if not MARKUP.search(markup):
        return clean_text(markup)
    if markup.count("<") > markup.count(">") + STRAY_LIMIT:
        markup = STRAY.sub("&lt;", markup)
    reader = _Words()
    try:
        reader.feed(BLANKS.sub(" ", LINE_ENDS.sub(" ", markup)))
        reader.close()
    except (AssertionError, ValueError):  # html.parser gives up on some broken declarations
        return clean_text(unescape(re.sub(r"<[^>]*>", " ", markup)))
    return clean_text("".join(reader.parts))
