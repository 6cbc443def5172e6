"""Takes from a page's element tree what its markup says is not the article, and finds the standfirst that it hides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, islice
from typing import Any

from lxml import etree

from ingest.blocks import folded
from ingest.phrases import phrases

SILENT = ("script", "style", "svg", "noscript", "template", "iframe", "object", "audio", "video", "select", "button")
BOXES = ("div", "section", "aside", "ul", "ol", "dl", "p", "figcaption", "footer", "form", "details", "article")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
ALONE = frozenset({"breaking"})
"""These mean it only if they are the whole name."""
ARTICLE = re.compile(
    r"(?i:(?:entry|article|post|story|body|main|page|single)[-_]{0,2}(?:inner|main)?[-_]{0,2}(?:content|body|text|copy)"
    r"|hentry|type-post|(?:with|has|w|no)-|layout|canvas|embed)|(?:^|\s)(?:article|post|story|main|content|page|site)(?:\s|$)"
)
ROOM = 0.35
"""What is pruned must leave at least so much of the page's paragraphs."""
FORM_PARAGRAPHS = 3
SENTENCE = 40
PARAGRAPH = 80
STANDFIRST_LIMIT = 800
NEAR_TITLE = 60
"""So many elements behind the title are searched for a standfirst."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as it stands in the tree."""

    text: str
    make: str
    """The tags and classes of the elements around it."""


@lru_cache(maxsize=8_192)
def is_named_away(names: str) -> bool:
    """Whether a class or an id says that this is not the article: its words, up to three of them run together."""
    words = [word.lower() for word in WORD.findall(names)]
    runs = (("".join(words[at : at + count])) for count in (1, 2, 3) for at in range(len(words)))
    if phrases().boxes.isdisjoint(runs) and ALONE.isdisjoint(names.split()):
        return False
    return not ARTICLE.search(names)


def strip(tree: Any) -> None:
    """Take away what is never text. A form around a whole page is a page all the same."""
    etree.strip_elements(tree, *SILENT, with_tail=False)
    for form in tree.iter("form"):
        if next(form.iter("h1"), None) is not None or sum(1 for _ in form.iter("p")) > FORM_PARAGRAPHS:
            form.tag = "div"


def prune(tree: Any) -> int:
    """Take away what is named as a box of another kind; the number of characters taken."""
    room = 0
    dropped: set[Any] = set()
    taken = 0
    for box in list(_named_boxes(tree)):
        if any(above in dropped for above in box.iterancestors()) or next(box.iter("h1"), None) is not None:
            continue
        room = room or _paragraph_length(tree)
        inside = _paragraph_length(box)
        if inside <= (1 - ROOM) * room:
            room -= inside
            taken += len(" ".join(_text(box).split()))
            dropped.add(box)
            _drop(box)
    return taken


def _paragraph_length(element: Any) -> int:
    return sum(len(_text(paragraph)) for paragraph in element.iter("p"))


def paragraphs_of(tree: Any) -> list[Paragraph]:
    """The paragraphs that are long enough to be sentences and mostly not links; a second headline ends the article."""
    found: list[Paragraph] = []
    for element in tree.iter("p", "h1"):
        if element.tag == "h1":
            if found:
                break
            continue
        text = " ".join(_text(element).split())
        if len(text) >= PARAGRAPH and sum(len(_text(link)) for link in element.iter("a")) < len(text) / 2:
            found.append(Paragraph(text, _make(element)))
    return found


def _make(element: Any) -> str:
    parent = element.getparent()
    above = parent.getparent() if parent is not None else None
    around = (node for node in (element, parent, above) if node is not None)
    return "/".join(f"{node.tag}.{node.get('class') or ''}" for node in around)


def standfirst(tree: Any, descriptions: Iterable[str]) -> str:
    """The paragraph between title and text that one of the page's descriptions repeats; or nothing."""
    folds = (folded(description) for description in descriptions)
    wanted = [words for words in folds if len(words) >= SENTENCE]
    if not wanted:
        return ""
    behind = dropwhile(lambda element: element.tag != "h1", tree.iter("h1", "h2", "h3", "p", "div", "span", "strong"))
    for element in islice(behind, 1, NEAR_TITLE):
        text = " ".join(_text(element).split()) if len(element) < 6 else ""
        if SENTENCE <= len(text) <= STANDFIRST_LIMIT and _repeats(text, wanted):
            return text
    return ""


def _repeats(text: str, wanted: Iterable[str]) -> bool:
    found = folded(text)
    return any(found.startswith(words) or (len(found) >= SENTENCE and words.startswith(found)) for words in wanted)


def _named_boxes(tree: Any) -> Iterator[Any]:
    for element in tree.iter(*BOXES):
        names = element.get("class")
        if (
            element.tag == "figcaption"
            or (names and is_named_away(names))
            or ((named := element.get("id")) and is_named_away(named))
        ):
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
