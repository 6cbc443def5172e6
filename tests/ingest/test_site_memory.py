"""What a site repeats is learned from its second page on, and nothing of an article is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ingest import site_memory
from ingest.blocks import Block
from ingest.database import Database
from ingest.extract import extract_page
from ingest.extraction import Page
from ingest.site_memory import PAGES, SiteMemory, SitePages, save_sites, unpacked
from ingest.trim import site_hash

SITE = "https://www.post.example/valley/"
LABEL = "The voice of the valley and of the islands beyond, since eighteen eighty-four"
NOTE = "Our reporters pay for their own meals, and they give back every present that is worth more than a pen."
QUOTE = "“We will not open the locks before the last rope is found,” the harbour master said at the quay."
Clock = Callable[[], datetime]


def page(number: int, *extra: str) -> tuple[str, list[str]]:
    """The address of a page and its lines: its own sentences, and what else stands on it."""
    own = [
        f"In the year {number}{part} the harbour took in {number * part} barges and sent out a few more."
        for part in range(1, 6)
    ]
    return f"{SITE}{number}", [*own, *extra]


def taught(*pages: tuple[str, list[str]]) -> SitePages:
    """A memory of these pages."""
    known = SitePages()
    for address, lines in pages:
        known = known.learned(address, [site_hash(Block(line)) for line in lines])
    return known


def read(known: SitePages, address: str, lines: list[str]) -> str:
    """A page's text, with that memory."""
    body = "".join(f"<p>{line}</p>" for line in lines)
    html = f"<html><body><article>{body}</article></body></html>"
    return extract_page(Page(address, html.encode()), repeated=known.repeated(address)).text


def test_a_label_goes_from_the_second_page_on() -> None:
    """The first page still has it."""
    first, second = page(1, LABEL), page(2, LABEL)

    assert LABEL in read(SitePages(), *first)
    assert LABEL not in read(taught(first), *second)


def test_a_quotation_in_two_stories_stays() -> None:
    """In three as well: a sentence takes four pages, and half of them."""
    assert QUOTE in read(taught(page(1, QUOTE)), *page(2, QUOTE))
    assert QUOTE in read(taught(page(1, QUOTE), page(2, QUOTE)), *page(3, QUOTE))
    assert QUOTE in read(taught(*(page(n, QUOTE) for n in range(3)), *(page(n) for n in range(3, 8))), *page(9, QUOTE))


def test_a_sentence_on_every_page_goes_with_the_fourth() -> None:
    """It is the publisher's, not the story's."""
    known = taught(*(page(number, NOTE) for number in range(3)))

    assert NOTE not in read(known, *page(3, NOTE))
    assert read(known, *page(3, NOTE)) == "\n".join(page(3)[1])


def test_the_same_page_again_loses_nothing_and_teaches_nothing() -> None:
    """Neither at its address nor at another, nor with some sentences changed."""
    address, lines = page(1, LABEL)
    known = taught((address, lines))
    copy, changed = (f"{SITE}amp/1", lines), (f"{SITE}copy", [*lines[:4], "A new end.", LABEL])

    assert taught((address, lines), copy, changed) == known
    assert read(known, *copy) == "\n".join(lines)
    assert read(known, address, lines) == "\n".join(lines)


def test_a_page_that_changed_takes_the_place_of_its_old_self() -> None:
    """It is still one witness."""
    known = taught(page(1, LABEL), (page(1)[0], page(1, NOTE)[1]))

    assert len(known.pages) == 1
    assert known.repeated(page(2)[0]) == taught(page(1, NOTE)).repeated(page(2)[0])


def test_a_page_without_text_teaches_nothing() -> None:
    """What it is cannot be told."""
    assert taught((SITE, [])) == taught((SITE, ["More", "News"])) == SitePages()


def test_memory_of_a_site_is_bounded() -> None:
    """In pages and in blocks."""
    known = taught(*(page(n, *(f"Label {n} {k}" for k in range(400))) for n in range(40)))

    assert len(known.pages) == PAGES
    assert len(known.packed()) <= PAGES * (5 + 4 * site_memory.BLOCKS)


@given(st.binary(max_size=300))
def test_any_bytes_are_some_memory(data: bytes) -> None:
    """A row that was damaged ends no poll."""
    assert len(unpacked(data).pages) <= PAGES


def test_packing_loses_nothing() -> None:
    """The same pages come back."""
    known = taught(page(1, LABEL), page(2, LABEL))

    assert unpacked(known.packed()) == known


def test_memory_survives_a_restart(state_url: SecretStr) -> None:
    """In either kind of database; hosts with and without www are one site."""
    first, second = page(1, LABEL), page(2, LABEL)

    async def learn() -> None:
        database = Database(state_url)
        memory = SiteMemory(database, lambda: datetime(2026, 5, 3, tzinfo=UTC))
        await memory.learn(first[0], [site_hash(Block(line)) for line in first[1]])
        await memory.save()
        database.close()

    async def recall() -> frozenset[int]:
        database = Database(state_url)
        found = await SiteMemory(database, lambda: datetime(2026, 5, 3, tzinfo=UTC)).repeated(
            second[0].replace("www.", "")
        )
        database.close()
        return found

    asyncio.run(learn())

    assert site_hash(Block(LABEL)) in asyncio.run(recall())


def test_the_sites_that_brought_nothing_for_longest_are_forgotten(state_url: SecretStr) -> None:
    """So many are kept, and no more."""
    database = Database(state_url)
    for hour in range(5):
        database.run_here(lambda connection, at=hour: save_sites(connection, [(f"s{at}.example", b"")], float(at), 3))  # type: ignore[misc]

    rows = database.run_here(lambda connection: connection.exec_driver_sql("SELECT site FROM site_pages").fetchall())
    database.close()

    assert sorted(row[0] for row in rows) == ["s2.example", "s3.example", "s4.example"]


def test_what_is_held_between_saves_is_bounded(state_url: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand sites in one poll do not stay in memory; none is lost."""
    monkeypatch.setattr(site_memory, "HELD", 6)

    async def run() -> tuple[int, frozenset[int]]:
        database = Database(state_url)
        memory = SiteMemory(database, lambda: datetime(2026, 5, 3, tzinfo=UTC))
        for number in range(30):
            await memory.learn(f"https://s{number}.example/a", [site_hash(Block(LABEL)), site_hash(Block(QUOTE))])
        held, found = len(memory._held), await memory.repeated("https://s0.example/b")
        database.close()
        return held, found

    held, found = asyncio.run(run())

    assert held <= 7
    assert site_hash(Block(LABEL)) in found
