"""The inline marks of a paragraph: [text](publisher/slug), **bold** and *emphasis*."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

_MARK = re.compile(r"\[(?P<a>[^\]]+)\]\((?P<target>[^)]+)\)|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def plain_text(marked: str) -> str:
    """The paragraph as it reads, without its marks."""
    return _MARK.sub(_marked_words, marked)


def link_targets(marked: str) -> list[str]:
    """The ids of the articles that the paragraph links to."""
    return [match["target"] for match in _MARK.finditer(marked) if match["a"]]


def to_html(marked: str, address_of: Callable[[str], str]) -> str:
    """The paragraph as escaped HTML, its links leading where `address_of` says."""
    pieces, position = [], 0
    for match in _MARK.finditer(marked):
        pieces += [escape(marked[position : match.start()]), _element(match, address_of)]
        position = match.end()
    return "".join([*pieces, escape(marked[position:])])


def _marked_words(match: re.Match[str]) -> str:
    return match["a"] or match["strong"] or match["em"]


def _element(match: re.Match[str], address_of: Callable[[str], str]) -> str:
    words = escape(_marked_words(match))
    if match["a"]:
        return f'<a href="{escape(address_of(match["target"]))}">{words}</a>'
    tag = "strong" if match["strong"] else "em"
    return f"<{tag}>{words}</{tag}>"
