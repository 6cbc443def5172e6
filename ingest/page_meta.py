"""What the head of a page says of it: its meta elements, its titles, its JSON-LD; each read once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.clean_text import clean_line, plain_text
from ingest.json_ld import article_node, text_of

SEPARATOR = re.compile(r"\s+[-|–—•·»:]\s+")
NAMED_BY = ("property", "name", "itemprop")
DESCRIBED_BY = ("og:description", "description", "twitter:description")
PART = 25
"""A part of a title that is shorter names a site or a section."""
HEADINGS = 3


@dataclass(frozen=True, slots=True)
class PageMeta:
    """What was read."""

    metas: dict[str, str] = field(default_factory=dict)
    node: dict[str, Any] = field(default_factory=dict)
    """The JSON-LD node that describes the article; empty if there is none."""
    titles: tuple[str, ...] = ()
    """Every way in which the page writes its title."""

    @property
    def descriptions(self) -> tuple[str, ...]:
        """What the page says the article is about; one of them is mostly its standfirst."""
        stated = (*(self.metas.get(name, "") for name in DESCRIBED_BY), text_of(self.node, "description"))
        return tuple(dict.fromkeys(line for text in stated if (line := clean_line(plain_text(text)))))


def read_meta(tree: Any) -> PageMeta:
    """What the page says of itself."""
    metas = _metas(tree)
    node = article_node(script.text or "" for script in tree.iterfind('.//script[@type="application/ld+json"]'))
    found = (line for text in _titles(tree, metas, node) if (line := clean_line(text)))
    return PageMeta(metas, node, tuple(dict.fromkeys(found)))


def _metas(tree: Any) -> dict[str, str]:
    metas: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        if content:
            for attribute in NAMED_BY:
                name = element.get(attribute)
                if name:
                    metas.setdefault(name.strip().lower(), content)
    return metas


def _titles(tree: Any, metas: dict[str, str], node: dict[str, Any]) -> Iterator[str]:
    yield metas.get("og:title", "")
    yield text_of(node, "headline")
    yield metas.get("twitter:title", "")
    for count, heading in enumerate(tree.iter("h1")):
        if count < HEADINGS:
            yield str(heading.text_content())
    whole = tree.findtext(".//title") or ""
    yield whole
    yield from (part for part in SEPARATOR.split(whole) if len(part) >= PART)
