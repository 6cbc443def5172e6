"""Takes from a page's element tree what its markup says is not the article, and finds the standfirst that it hides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from ingest.blocks import folded

SILENT = ("script", "style", "svg", "noscript", "template", "iframe", "object", "audio", "video", "select", "button")
BOXES = ("div", "section", "aside", "ul", "ol", "dl", "p", "span", "figcaption", "footer", "form", "details", "article")
START = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
END = r"(?![a-z])"
NOT_ARTICLE = re.compile(
    START + r"(?i:news-?letters?|sign-?up|subscri(?:be|ption)|promo(?:tion)?s?|related|recommend(?:ed|ations?)?|recirc(?:ulation)?"
    r"|read-?(?:more|next|also|on)|also-?read|more-?(?:stories|news|articles|links?|from|on)|see-?(?:also|more)"
    r"|most-?(?:read|popular|viewed|commented|shared)|trending|popular|in-?the-?headlines"
    r"|author-?(?:bio|box|info|card|about|description|profile)|about-?(?:the-)?authors?|biography"
    r"|shar(?:e|ing)|social|comments?|commenting|fact-?box|info-?box|caption|photo-?credit|image-?credit"
    r"|breadcrumbs?|tags|tag-?list|topic-?tags|rating|teaser-?(?:list|container|grid)|teasers"
    r"|advert(?:isement|ising)?s?|sponsor(?:ed)?|outbrain|taboola|cookies?|consent|donat(?:e|ion)s?"
    r"|ai-?(?:article-?)?summary|ai-?content|video-?(?:meta|info)|media-?info|image-?description|copyright"
    r"|login|app-?(?:box|promo)|follow-?us|debug|tool-?tip|toolbar|whats-?app|mc_embed|similars?|jp-related)" + END
)  # fmt: skip
ARTICLE = re.compile(
    r"(?i:(?:entry|article|post|story|body|main|page|single)[-_]{0,2}(?:content|body|text|copy)|hentry|type-post|(?:with|has|w|no)-"
    r"|layout|canvas|embed)|(?:^|\s)(?:article|post|story|main|content|page|site)(?:\s|$)"
)
STANDFIRST = re.compile(
    START + r"(?i:standfirst|stand-first|teaser|lead|lede|leadtext|intro|introduction|dek|deck|sub-?(?:title|head|headline|line|heading)"
    r"|summary|description|excerpt|chapo|vorspann|preamble|ingress|entradilla|bajada|sommario|occhiello|perex|anons|lid|abstract"
    r"|strapline|tagline|synopsis|kicker-text)" + END
)  # fmt: skip
ROOM = 0.35
"""What is pruned must leave at least so much of the page's paragraphs."""
SENTENCE = 40
STANDFIRST_LIMIT = 800
NEAR_TITLE = 60
"""So many elements behind the title are searched for a standfirst."""


@lru_cache(maxsize=8_192)
def is_named_away(names: str) -> bool:
    """Whether a class or an id says that this is not the article."""
    return bool(NOT_ARTICLE.search(names)) and not ARTICLE.search(names)


def prune(tree: Any) -> int:
    """Take away scripts and what is named as a box of another kind; the number of characters taken."""
    etree.strip_elements(tree, *SILENT, with_tail=False)
    boxes = list(_named_boxes(tree))
    if not boxes:
        return 0
    room = sum(len(_text(paragraph)) for paragraph in tree.iter("p"))
    taken = 0
    for box in boxes:
        size, inside = len(_text(box)), sum(len(_text(p)) for p in box.iter("p"))
        if inside > (1 - ROOM) * room or next(box.iter("h1"), None) is not None:
            continue
        room -= inside
        taken += size
        _drop(box)
    return taken


def standfirst(tree: Any, description: str) -> str:
    """The paragraph between title and text that the page's description repeats, or that is named so; or nothing."""
    title = next(tree.iter("h1"), None)
    if title is None:
        return ""
    wanted = folded(description.rstrip(" .…"))
    near = title.xpath("following::*[self::p or self::h2 or self::h3 or self::div or self::span or self::strong]")
    for element in near[:NEAR_TITLE]:
        text = " ".join(_text(element).split()) if len(element) < 6 else ""
        if SENTENCE <= len(text) <= STANDFIRST_LIMIT and _is_standfirst(element, text, wanted):
            return text
    return ""


def _is_standfirst(element: Any, text: str, wanted: str) -> bool:
    if len(wanted) >= SENTENCE:
        found = folded(text)
        if found.startswith(wanted) or (len(found) >= SENTENCE and wanted.startswith(found)):
            return True
    return False and bool(STANDFIRST.search(element.get("class") or ""))


def _named_boxes(tree: Any) -> Iterator[Any]:
    for element in tree.iter(*BOXES):
        names = element.get("class"), element.get("id"), element.get("data-testid")
        if any(name and is_named_away(name) for name in names) or element.tag == "figcaption":
            yield element


def _text(element: Any) -> str:
    return str(etree.tostring(element, encoding="unicode", method="text", with_tail=False))


def _drop(element: Any) -> None:
    """Take an element out; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
