"""Takes away what is not the article: titles told twice, bylines, link lists, invitations, tails. Pure.

Each rule names the blocks that it would take; what the text says and where it stands decides, never whose site it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.blocks import Block, block_hash, folded, width
from ingest.phrases import begins, phrases, plain

Blocks = Sequence[Block]

SENTENCE_END = re.compile(r"[.!?…。！？؟।:;][\"'”’»“)\]›」』*]*$|[\"”»’“」』]$")
QUOTED = re.compile(r"[\"“”„«»‚‘「」『』]")
SIGNATURE = re.compile(r"[(\[/][^()\[\]]{1,60}[)\]/]\.?|[^\w(]+|[a-zäöü]{2,4}(?:/[a-zäöü]{2,4}){1,4}")
DIGIT = re.compile(r"\d")
SHORT = 70
STRAY = 45
"""A line above the text that is no longer than this, and no sentence, is a label."""
SENTENCE = 60
LONG = 200
LINKED = 0.6
ALL_LINK = 0.85
LINK_LINES = 5
"""More lines of nothing but links are what the article is about: a list of offers, of sources."""
STRAY_LINES = 3
"""So many unlinked short lines may be left over at the end; more of them are a list."""
HEAD_ZONE = 10
HASHES = 96
TAIL_SHARE = 0.5
"""A rule that would take more of the text than this has misread the page, and takes nothing."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the page around its text."""

    titles: tuple[str, ...] = ()
    """Its title, as feed and page write it."""
    authors: tuple[str, ...] = ()
    repeated: frozenset[int] = frozenset()
    """Hashes of blocks that other pages of the site have too, from `SitePages.repeated`."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The article's blocks, and how many characters each rule took."""

    blocks: tuple[Block, ...]
    removed: tuple[tuple[str, int], ...]


Rule = Callable[[Blocks, Surroundings], set[int]]


def trim(blocks: Blocks, around: Surroundings) -> Trimmed:
    """The blocks that are the article."""
    left = list(blocks)
    removed: Counter[str] = Counter()
    for name, rule in RULES:
        found = rule(left, around)
        taken = found if rule is _duplicates else _bounded(left, found)
        if taken:
            removed[name] += sum(len(left[index].text) for index in taken)
            left = [block for index, block in enumerate(left) if index not in taken]
    return Trimmed(tuple(left), tuple(removed.items()))


def site_hash(block: Block) -> int:
    """What the memory of a site knows a block by: even if two pages prove it boilerplate, odd if it takes many."""
    return block_hash(block.text) & ~1 | is_prose(block)


def candidate_hashes(blocks: Blocks) -> tuple[int, ...]:
    """What a page gives to the memory of its site: its first and last blocks, where boilerplate stands."""
    edges = blocks if len(blocks) <= HASHES else [*blocks[: HASHES // 3], *blocks[-(HASHES - HASHES // 3) :]]
    return tuple(dict.fromkeys(site_hash(block) for block in edges if folded(block.text).strip("_ ")))


def is_prose(block: Block) -> bool:
    """Whether it could be a sentence of an article, and does not invite to anything."""
    return (_is_sentence(block) or _is_paragraph(block)) and not _is_invitation(block)


def _bounded(blocks: Blocks, taken: set[int]) -> set[int]:
    total = sum(len(block.text) for block in blocks)
    return taken if sum(len(blocks[index].text) for index in taken) <= TAIL_SHARE * total else set()


def _is_sentence(block: Block) -> bool:
    return block.link_share < LINKED and _ends(block.text)


def _ends(text: str) -> bool:
    """Whether it ends as a sentence does."""
    return bool(SENTENCE_END.search(text[-8:]))


def _is_paragraph(block: Block) -> bool:
    """A block that surely belongs to running text."""
    if block.kind == "head" or block.link_share >= LINKED:
        return False
    size = width(block.text)
    return size >= LONG or (size >= SENTENCE and _ends(block.text))


def _first_paragraph(blocks: Blocks) -> int:
    return next((index for index, block in enumerate(blocks) if _is_paragraph(block)), len(blocks))


def _titles(blocks: Blocks, around: Surroundings) -> set[int]:
    """The title told again, and the short lines above it."""
    titles = [words for title in around.titles if (words := folded(title))]
    start = _first_paragraph(blocks)
    zone = range(min(max(HEAD_ZONE, start), len(blocks)))
    found = {index for index in zone if _is_title(blocks[index], titles, exact=index > start)}
    if not found:
        return found
    return found | {index for index in range(min(found)) if not _is_paragraph(blocks[index])}


def _is_title(block: Block, titles: Sequence[str], *, exact: bool) -> bool:
    text = folded(block.text)
    return text in titles or (not exact and any(_is_nearly(text, title) for title in titles))


def _is_nearly(text: str, title: str) -> bool:
    """The same words but for a kicker or a site's name."""
    shorter, longer = sorted((text, title), key=len)
    if len(shorter) < 20 or len(shorter) < 0.5 * len(longer):
        return False
    if shorter in longer and len(longer) - len(shorter) < 60:
        return True
    first, second = set(shorter.split()), set(longer.split())
    return len(first & second) >= 0.8 * max(len(first), len(second))


def _bylines(blocks: Blocks, around: Surroundings) -> set[int]:
    """Who wrote it and when: short lines above the first paragraph or close below it."""
    start = _first_paragraph(blocks)
    names = [folded(name) for name in around.authors if len(name) > 4]
    above = {index for index in range(start) if _is_above(blocks[index], names)}
    below = range(start, min(start + 4, len(blocks)))
    return above | {index for index in below if _is_byline(blocks[index], names)}


def _is_above(block: Block, names: Sequence[str]) -> bool:
    if block.kind in {"row", "code", "quote"}:
        return False
    if _is_byline(block, names):
        return True
    return block.kind == "p" and width(block.text) <= STRAY and not _ends(block.text)


def _is_byline(block: Block, names: Sequence[str]) -> bool:
    size = width(block.text)
    if size > 160:
        return False
    text = plain(block.text)
    if size <= 100 and begins(text, phrases().dates) and (DIGIT.search(text) or size < 30):
        return True
    if _ends(block.text) or block.kind == "head":
        return False
    words = folded(block.text)
    return any(name in words for name in names) or (size <= SHORT and bool(begins(text, phrases().bylines)))


def _duplicates(blocks: Blocks, _: Surroundings) -> set[int]:
    """Text that stands there twice, and a quotation lifted out of the text to stand beside it; a refrain stays."""
    texts = [folded(block.text) for block in blocks]
    lifted = {i for i, block in enumerate(blocks) if block.kind in {"quote", "head"} and len(texts[i]) >= 40}
    whole = "\n".join(text for i, text in enumerate(texts) if i not in lifted)
    lifted = {i for i in lifted if texts[i] in whole}
    return _second_copies(blocks, texts) | lifted


def _second_copies(blocks: Blocks, texts: Sequence[str]) -> set[int]:
    """Paragraphs that repeat a long one or come in the same order again, and the short lines among them."""
    first: dict[str, int] = {}
    earlier = {index: at for index, text in enumerate(texts) if (at := first.setdefault(text, index)) < index}
    copies = {
        index
        for index, at in earlier.items()
        if _is_paragraph(blocks[index]) and (len(texts[index]) >= LONG or _continues(texts, at, index))
    }
    return copies | {index for index in earlier if index + 1 in copies or index - 1 in copies}


def _continues(texts: Sequence[str], at: int, index: int) -> bool:
    """Whether the neighbours are the same too."""
    is_next = texts[at + 1 : at + 2] == texts[index + 1 : index + 2]
    return at + 1 == index or texts[at - 1 : at] == texts[index - 1 : index] or is_next


def _links(blocks: Blocks, _: Surroundings) -> set[int]:
    """Lines and lists that are nothing but links."""
    lines = {index for index, block in enumerate(blocks) if block.kind == "p" and _is_link_line(block)}
    if len(lines) > max(LINK_LINES, len(blocks) / 5):
        lines = set()
    heads = {index for index, block in enumerate(blocks) if block.kind == "head"}
    linked = {index for index in heads if blocks[index].link_share >= ALL_LINK}
    lists = {index for run in _item_runs(blocks) if _mean_share(blocks, run) >= 0.8 for index in run}
    return lines | lists | (linked if len(linked) < 3 or linked != heads else set())


def _is_link_line(block: Block) -> bool:
    """A headline that leads elsewhere; not a linked sentence, a part of one, or an address."""
    if block.link_share < ALL_LINK or block.text[0].islower():
        return False
    return not (width(block.text) >= SENTENCE and _ends(block.text))


def _item_runs(blocks: Blocks) -> list[list[int]]:
    runs: list[list[int]] = []
    for index, block in enumerate(blocks):
        if block.kind == "item":
            if runs and runs[-1][-1] == index - 1:
                runs[-1].append(index)
            else:
                runs.append([index])
    return runs


def _mean_share(blocks: Blocks, run: Sequence[int]) -> float:
    return sum(blocks[i].link_share * len(blocks[i].text) for i in run) / sum(len(blocks[i].text) for i in run)


def _related(blocks: Blocks, _: Surroundings) -> set[int]:
    """A line that opens a list of other stories, and that list; to the end if no paragraph follows."""
    paragraphs = [index for index, block in enumerate(blocks) if _is_paragraph(block)]
    last = paragraphs[-1] if paragraphs else -1
    taken: set[int] = set()
    for index, block in enumerate(blocks):
        if index not in taken and _is_opener(block):
            end = len(blocks) if index > last else _end_of_links(blocks, index + 1)
            taken.update(range(index, end))
    return taken


def _end_of_links(blocks: Blocks, start: int) -> int:
    while start < len(blocks) and blocks[start].link_share >= LINKED:
        start += 1
    return start


def _is_opener(block: Block) -> bool:
    size = width(block.text)
    if size > LONG or block.kind in {"row", "code"}:
        return False
    text = plain(block.text)
    if text.strip(" .:!?…()0123456789") in phrases().labels:
        return True
    opener = begins(text, phrases().openers)
    if not opener:
        return False
    rest = text[len(opener) :].lstrip()
    return size <= SHORT or block.link_share >= 0.3 or opener.endswith(":") or rest.startswith((":", "|", "–", "-"))


def _invitations(blocks: Blocks, _: Surroundings) -> set[int]:
    """The publisher's word about itself: subscribe, follow, all rights reserved."""
    return {index for index, block in enumerate(blocks) if _is_invitation(block)}


@lru_cache(maxsize=512)
def _is_invitation(block: Block) -> bool:
    size = width(block.text)
    if size > 2 * LONG or block.kind in {"quote", "row", "code"} or QUOTED.match(block.text):
        return False
    text = plain(block.text)
    if begins(text, phrases().notices):
        return True
    asked = phrases().asks.first(text)
    if asked is None or phrases().offers.first(text) is None:
        return False
    return size <= SHORT or (asked <= 25) or (block.link_share >= 0.4 and size <= LONG)


def _tail(blocks: Blocks, around: Surroundings) -> set[int]:
    """What is left over behind the last paragraph."""
    names = tuple(folded(name) for name in around.authors if len(name) > 4)
    end = len(blocks)
    while end and _is_tail(blocks[end - 1], names if len(blocks) - end < 4 else ()):
        end -= 1
    stray = [index for index in range(end, len(blocks)) if _is_stray(blocks[index])]
    return set(range(stray[-1] + 1 if len(stray) > STRAY_LINES else end, len(blocks)))


def _is_tail(block: Block, names: tuple[str, ...]) -> bool:
    if block.kind in {"row", "code", "quote"}:
        return False
    if block.kind == "head" or _is_link_line(block) or SIGNATURE.fullmatch(block.text):
        return True
    size, text = width(block.text), plain(block.text)
    if begins(text, phrases().credits) and size <= 2 * LONG:
        return True
    if names and size <= 3 * LONG and folded(text).startswith(names):
        return True
    return _is_stray(block) or (block.link_share >= 0.75 and not (size >= SENTENCE and _ends(block.text)))


def _is_stray(block: Block) -> bool:
    return block.kind == "p" and block.link_share < LINKED and width(block.text) <= SHORT and not _ends(block.text)


def _site(blocks: Blocks, around: Surroundings) -> set[int]:
    """What other pages of the site say too. A page that says much of what one other says is that page again."""
    if not around.repeated:
        return set()
    hashes = [site_hash(block) for block in blocks]
    known = {index for index, number in enumerate(hashes) if number in around.repeated}
    text = [index for index, block in enumerate(blocks) if _is_paragraph(block)]
    if sum(index in known or -hashes[index] in around.repeated for index in text) > len(text) / 2:
        return set()
    own = [index for index in text if index not in known]
    inside = range(own[0], own[-1]) if own else range(0)
    return {i for i in known if _is_frame(blocks, i, known, inside=i in inside)}


def _is_frame(blocks: Blocks, index: int, known: set[int], *, inside: bool) -> bool:
    """A heading stays if text of its own follows it, anything but links if it stands among the article's paragraphs."""
    kind = blocks[index].kind
    if kind == "head":
        after = index + 1
        return after == len(blocks) or after in known or blocks[after].kind == "head"
    return not inside or blocks[index].link_share >= LINKED or _is_invitation(blocks[index])


RULES: tuple[tuple[str, Rule], ...] = (
    ("title", _titles),
    ("duplicate", _duplicates),
    ("related", _related),
    ("invitation", _invitations),
    ("links", _links),
    ("site", _site),
    ("byline", _bylines),
    ("tail", _tail),
)
"""In this order: a list must still have its heading when it is judged."""
