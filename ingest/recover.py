"""Gets back what extraction lost: paragraphs like those found, the publisher's own copy, the standfirst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.blocks import Block, folded
from ingest.clean_text import plain_text
from ingest.json_ld import is_free, text_of
from ingest.page_meta import PageMeta
from ingest.page_tree import Paragraph, paragraphs_of

TOO_LITTLE = 0.6
"""Less than this share of the paragraphs of its own make means that text was lost."""
SHORT = 1_500
RICHER = 2.0
"""The publisher's own copy is taken if a short text is so many times shorter."""
OPENING = 60
HEAD = 6


def fuller_blocks(tree: Any, blocks: Sequence[Block], meta: PageMeta) -> Sequence[Block]:
    """The blocks, or better ones if there is evidence that most of the article is missing."""
    length = sum(len(block.text) for block in blocks)
    paragraphs = paragraphs_of(tree)
    if length < TOO_LITTLE * sum(len(paragraph.text) for paragraph in paragraphs):
        kin = _same_make(paragraphs, blocks)
        if TOO_LITTLE * sum(len(paragraph.text) for paragraph in kin) > length:
            blocks = _merged(blocks, kin)
            length = sum(len(block.text) for block in blocks)
    copy = text_of(meta.node, "articleBody")
    if length < SHORT and len(copy) > RICHER * length and is_free(meta.node):
        own = [Block(line) for line in plain_text(copy).split("\n") if line]
        return own if sum(len(block.text) for block in own) > RICHER * length else blocks
    return blocks


def with_standfirst(blocks: Sequence[Block], standfirst: str) -> Sequence[Block]:
    """The standfirst first, unless the text begins with it anyway."""
    words = folded(standfirst)
    if len(blocks) < 2 or not words:
        return blocks
    openings = [folded(block.text) for block in blocks[:HEAD]]
    if any(words[:OPENING] in opening or (opening and opening[:OPENING] in words) for opening in openings):
        return blocks
    return [Block(standfirst), *blocks]


def _same_make(paragraphs: Sequence[Paragraph], blocks: Sequence[Block]) -> list[Paragraph]:
    """The paragraphs that stand in containers like those of the paragraphs found."""
    known = {folded(block.text) for block in blocks}
    found = {paragraph.make for paragraph in paragraphs if folded(paragraph.text) in known}
    return [paragraph for paragraph in paragraphs if paragraph.make in found]


def _merged(blocks: Sequence[Block], kin: Sequence[Paragraph]) -> list[Block]:
    """In the order of the page; what stands between two paragraphs that were found stays between them."""
    places = {folded(paragraph.text): place for place, paragraph in enumerate(kin)}
    merged: list[Block] = []
    at = 0
    for block in blocks:
        place = places.get(folded(block.text))
        if place is not None and place >= at:
            merged += [Block(paragraph.text) for paragraph in kin[at:place]]
            at = place + 1
        merged.append(block)
    return merged + [Block(paragraph.text) for paragraph in kin[at:]]
