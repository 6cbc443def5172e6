"""What the last pages of each site had in common: blocks that several different pages have are not the article.

Deciding is `SitePages`, a plain value; remembering is `SiteMemory`, which keeps the values in the database.
Bounded in pages for a site, in blocks for a page, and in sites.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ingest.blocks import block_hash
from ingest.database import Database
from ingest.site import site_of
from ingest.state_tables import SITE_PAGES
from ingest.upsert import insert_or_replace

PAGES = 8
"""Pages remembered for a site; the oldest goes first."""
BLOCKS = 96
"""Blocks remembered for a page."""
SITES = 20_000
"""Sites remembered; the one that brought no page for longest goes first."""
HELD = 1_000
"""Sites held in memory between two saves."""
PROSE_PAGES = 3
"""A sentence that so many other pages have, and half of them, is boilerplate; fewer may be a quotation."""
SAME = 0.5
"""Pages that share more than this of their sentences are one page, read twice or reworked."""


@dataclass(frozen=True, slots=True)
class SeenPage:
    """One page: which it is, and its blocks. Hashes of sentences are odd, see `ingest.trim.site_hash`."""

    address: int
    blocks: frozenset[int]

    @property
    def sentences(self) -> frozenset[int]:
        """The blocks that could be the article's own."""
        return frozenset(block for block in self.blocks if block & 1)


@dataclass(frozen=True, slots=True)
class SitePages:
    """The last different pages of one site, the oldest first."""

    pages: tuple[SeenPage, ...] = ()

    def repeated(self, address: str) -> frozenset[int]:
        """The blocks that are boilerplate if the page at this address has them too.

        Sentences of other pages that are not proven to be boilerplate stand there negated: a page with many of them
        is one of those pages again.
        """
        others = [page for page in self.pages if page.address != block_hash(address)]
        counts = Counter(block for page in others for block in page.blocks)
        enough = max(PROSE_PAGES, len(others) / 2)
        return frozenset(block if not block & 1 or count >= enough else -block for block, count in counts.items())

    def learned(self, address: str, blocks: Iterable[int]) -> SitePages:
        """With one page more. A page that is known, or nearly the same as a known one, is no further witness."""
        seen = SeenPage(block_hash(address), frozenset(list(blocks)[:BLOCKS]))
        if not seen.sentences:
            return self
        if any(page.address == seen.address for page in self.pages):
            return SitePages(tuple(seen if page.address == seen.address else page for page in self.pages))
        common = self.repeated(address)
        if any(_is_same(seen.sentences - common, page.sentences - common) for page in self.pages):
            return self
        return SitePages((*self.pages, seen)[-PAGES:])

    def packed(self) -> bytes:
        """As it is kept."""
        return b"".join(
            struct.pack(f"<IB{len(page.blocks)}I", page.address, len(page.blocks), *sorted(page.blocks))
            for page in self.pages
        )


def unpacked(data: bytes) -> SitePages:
    """The pages that were kept; none if the bytes make no sense."""
    pages: list[SeenPage] = []
    at = 0
    while at + 5 <= len(data):
        address, count = struct.unpack_from("<IB", data, at)
        at += 5
        if at + 4 * count > len(data):
            return SitePages()
        pages.append(SeenPage(address, frozenset(struct.unpack_from(f"<{count}I", data, at))))
        at += 4 * count
    return SitePages(tuple(pages[-PAGES:]))


def name_of(address: str) -> str:
    """Pages of one host have one frame around them; nothing is remembered of an address that is none."""
    try:
        return site_of(address).host.removeprefix("www.")[:255]
    except ValueError:
        return ""


def without_frame(text: str, repeated: frozenset[int]) -> str:
    """An article's text without the lines that its site is now known to repeat: what two readings can be compared by.

    A page that did not change is otherwise read anew whenever something was learned of its site.
    """
    kept = [line for line in text.split("\n") if not _hashes(line.removeprefix("- ")) & repeated]
    return "\n".join(kept)


def _hashes(line: str) -> frozenset[int]:
    found = block_hash(line)
    return frozenset((found & ~1, found | 1))


def _is_same(first: frozenset[int], second: frozenset[int]) -> bool:
    """Whether two pages tell the same; without sentences they cannot be told apart."""
    fewer = min(len(first), len(second))
    return not fewer or len(first & second) > SAME * fewer


class SiteMemory:
    """The memory of all sites, in the database, if there is one. Raises `Transient` for every fault of it."""

    def __init__(self, database: Database | None, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._held: OrderedDict[str, SitePages] = OrderedDict()
        self._learned: set[str] = set()

    async def is_full(self, address: str) -> bool:
        """Whether as many pages of the site are known as are kept."""
        return len((await self._pages(name_of(address))).pages) >= PAGES

    async def repeated(self, address: str) -> frozenset[int]:
        """What to give to `extract_page` for the page at this address."""
        return (await self._pages(name_of(address))).repeated(address)

    async def learn(self, address: str, blocks: Iterable[int]) -> None:
        """Take in `Extraction.blocks` of the page at this address; `save` keeps it."""
        site = name_of(address)
        known = await self._pages(site)
        learned = known.learned(address, blocks)
        if site and learned != known:
            self._held[site] = learned
            self._learned.add(site)
        if len(self._learned) >= HELD // 2:
            await self.save()

    async def save(self) -> None:
        """Keep what was learned; forget the sites that are too many."""
        rows = [(site, self._held[site].packed()) for site in sorted(self._learned)]
        self._learned.clear()
        if rows and self._database is not None:
            now = self._clock().timestamp()
            await self._database.run(lambda connection: save_sites(connection, rows, now))

    async def _pages(self, site: str) -> SitePages:
        if site not in self._held:
            self._held.setdefault(site, await self._load(site))
        self._held.move_to_end(site)
        self._make_room()
        return self._held[site]

    async def _load(self, site: str) -> SitePages:
        if self._database is None:
            return SitePages()
        return await self._database.run(lambda connection: load_site(connection, site))

    def _make_room(self) -> None:
        for site in list(self._held)[: max(0, len(self._held) - HELD)]:
            if site not in self._learned:
                del self._held[site]


def load_site(connection: Connection, site: str) -> SitePages:
    """What is remembered of a site."""
    data = connection.execute(select(SITE_PAGES.c.pages).where(SITE_PAGES.c.site == site)).scalar()
    return unpacked(data) if data else SitePages()


def save_sites(connection: Connection, rows: Iterable[tuple[str, bytes]], now: float, limit: int = SITES) -> None:
    """Write what was learned of sites; forget those that brought no page for longest."""
    columns = ("site", "pages", "seen_at")
    values = [dict(zip(columns, (site, pages, now), strict=True)) for site, pages in rows]
    connection.execute(insert_or_replace(SITE_PAGES, columns), values)
    newest = select(SITE_PAGES.c.seen_at).order_by(SITE_PAGES.c.seen_at.desc()).offset(limit).limit(1)
    oldest = connection.execute(newest).scalar()
    if oldest is not None:
        connection.execute(delete(SITE_PAGES).where(SITE_PAGES.c.seen_at <= oldest))
