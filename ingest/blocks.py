"""A page's text in blocks: paragraphs, headings, list items, rows. Pure; knows element trees, but no library."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["p", "head", "item", "quote", "row", "code"]

KINDS: dict[str, Kind] = {
    "p": "p", "head": "head", "item": "item", "quote": "quote", "row": "row", "code": "code",
    "h1": "head", "h2": "head", "h3": "head", "h4": "head", "h5": "head", "h6": "head",
    "li": "item", "dt": "item", "dd": "item", "blockquote": "quote", "tr": "row", "pre": "code",
}  # fmt: skip
BREAKS = frozenset(
    {*KINDS, "list", "table", "div", "section", "article", "figure", "body", "ul", "ol", "dl", "lb", "br"}
)
LINKS = frozenset({"ref", "a"})
CELLS = frozenset({"cell", "td", "th"})
DEEP: frozenset[Kind] = frozenset({"item", "quote", "row", "code", "head"})
WORD = re.compile(r"\w+")
WIDE = re.compile(r"[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
DEPTH_LIMIT = 60
PARAGRAPH = 80


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that stands on lines of its own."""

    text: str
    kind: Kind = "p"
    link_share: float = 0.0
    """How much of it is links, from 0 to 1."""

    @property
    def line(self) -> str:
        """As it stands in the article's text."""
        return f"- {self.text}" if self.kind == "item" else self.text


@dataclass(slots=True)
class _Reader:
    """Collects blocks while a tree is walked."""

    blocks: list[Block] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _linked: int = 0

    def walk(self, element: Any, kind: Kind, depth: int, *, in_link: bool) -> None:
        """Read an element and everything in it."""
        tag = element.tag
        if not isinstance(tag, str) or depth > DEPTH_LIMIT:
            return
        inner = kind if kind in DEEP and KINDS.get(tag) == "p" else KINDS.get(tag, kind)
        if tag in BREAKS:
            self.end_block(kind)
        elif tag in CELLS and self._parts:
            self._parts.append(" | ")
        is_link = in_link or tag in LINKS
        self._read(element.text, is_link)
        for child in element:
            self.walk(child, inner, depth + 1, in_link=is_link)
            self._read(child.tail, is_link)
        if tag in BREAKS:
            self.end_block(inner)

    def end_block(self, kind: Kind) -> None:
        """What was read so far is a block."""
        text = " ".join("".join(self._parts).split())
        if text.strip("|- "):
            self.blocks.append(Block(text, kind, min(1.0, self._linked / len(text))))
        self._parts.clear()
        self._linked = 0

    def _read(self, text: str | None, is_link: bool) -> None:
        if text:
            self._parts.append(text)
            self._linked += len(text.strip()) if is_link else 0


def blocks_of(body: Any) -> list[Block]:
    """The blocks of an element tree, in order."""
    reader = _Reader()
    if body is not None:
        reader.walk(body, "p", 0, in_link=False)
        reader.end_block("p")
    return _without_layout(reader.blocks)


def _without_layout(blocks: list[Block]) -> list[Block]:
    """A table that holds paragraphs is the frame of a page: its rows are lines like any others."""
    if not any(block.kind == "row" and width(block.text) >= PARAGRAPH and " | " not in block.text for block in blocks):
        return blocks
    return [Block(_cells(block.text), "p", block.link_share) if block.kind == "row" else block for block in blocks]


def _cells(text: str) -> str:
    return " ".join(cell.strip() for cell in text.split(" |")).strip()


def text_of_blocks(blocks: Iterable[Block]) -> str:
    """One line for each block."""
    return "\n".join(block.line for block in blocks)


def folded(text: str) -> str:
    """The words alone, in small letters: what two writings of one text have in common."""
    return " ".join(WORD.findall(text.casefold()))


def width(text: str) -> int:
    """The length as a reader feels it: a Chinese sign, a kana or a Hangul syllable says as much as several letters."""
    return len(text) if text.isascii() else len(text) + 2 * len(WIDE.findall(text))


def block_hash(text: str) -> int:
    """The same number for the same words, on every machine; never negative."""
    return zlib.crc32(folded(text).encode())
