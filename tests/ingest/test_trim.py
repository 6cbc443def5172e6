"""What is not the article goes, and the article stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.blocks import Block, Kind, folded
from ingest.trim import Surroundings, candidate_hashes, is_prose, site_hash, trim

FIRST = "The harbour of Vellmar stayed closed for a third day while divers searched the basin for the lost barge."
SECOND = "“We will not open the locks before the last rope is found,” the harbour master said at the quay on Tuesday."
THIRD = "Grain for the upper valley is now carried by lorry, which costs the mills about twice as much as a barge."
ARTICLE = [Block(FIRST), Block(SECOND), Block(THIRD)]


def left(*blocks: Block, **around: object) -> list[str]:
    """The texts that stay."""
    return [block.text for block in trim(blocks, Surroundings(**around)).blocks]  # type: ignore[arg-type]


def body(*, before: list[Block] | None = None, after: list[Block] | None = None) -> list[Block]:
    """The article with something before and after it."""
    return [*(before or []), *ARTICLE, *(after or [])]


TEXTS = [block.text for block in ARTICLE]


@pytest.mark.parametrize(
    "opener",
    [
        "Most Commented",
        "Lesen Sie auch",
        "À lire aussi",
        "Te puede interesar",
        "Leggi anche:",
        "Leia também",
        "Lees ook",
        "Läs mer:",
        "Czytaj także",
        "Читайте также",
        "Читайте також:",
        "اقرأ أيضا",
        "関連記事",
        "相关阅读",
        "Related",
        "COMMENTS (12)",
    ],
)
def test_a_list_of_other_stories_goes_with_its_heading(opener: str) -> None:
    """To the end, whether the headlines are links or not."""
    tail = [
        Block(opener, "head"),
        Block("Ten soups for a long winter"),
        Block("Club wins the cup again", link_share=1.0),
    ]

    assert left(*body(after=tail)) == TEXTS


def test_what_follows_an_inline_reference_stays() -> None:
    """Only the reference goes."""
    reference = Block("Read more: Mills ask for help with the cost of lorries", link_share=0.8)

    assert left(ARTICLE[0], reference, *ARTICLE[1:]) == TEXTS


@pytest.mark.parametrize(
    "sentence",
    [
        "More from the valley was expected on Friday, but the road was closed by a fall of rock in the night.",
        "Related costs were put at four million crowns by the board, which met for nine hours without a result.",
        "By Tuesday the water had fallen by a hand, and the divers could work without lamps for the first time.",
        "Published figures show that the port handles one tonne in three of all that the country eats in winter.",
        "He told followers on Facebook that he would not subscribe to a plan that nobody in the valley had seen.",
        "Von Dienstag an soll wieder ein Schiff am Tag durch die Schleuse, sagte der Hafenmeister vor der Presse.",
        "Newsletters had gone to 4,000 households in May, telling people to keep water and bread for three days.",
        "Will it open before the frost?",
        "“No.”",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_sentence_of_the_article_stays(sentence: str, place: int) -> None:
    """Wherever it stands, whatever it begins with."""
    blocks = [*ARTICLE[:place], Block(sentence), *ARTICLE[place:]]

    assert sentence in left(*blocks, titles=("Harbour closed",), authors=("Ann Writer",))


def test_title_and_what_stands_above_it_go() -> None:
    """With a kicker or the site's name; a heading further down stays."""
    head = [Block("World > Harbours"), Block("Harbour: Third day without barges in Vellmar", "head")]
    blocks = [*head, *ARTICLE, Block("Who pays for it", "head"), Block(SECOND.replace("ropes", "x") + " He left.")]

    kept = left(*blocks, titles=("Third day without barges in Vellmar",))

    assert kept[0] == FIRST
    assert "Who pays for it" in kept


@pytest.mark.parametrize(
    "line",
    [
        "By Ann Writer",
        "Von Ann Writer",
        "Ann Writer and Bo Skald",
        "Updated 3 May 2026, 10:15",
        "Stand: 03.05.2026",
        "Lesedauer: 4 Minuten",
        "Reporter",
        "記者 Ann Writer",
    ],
)
def test_bylines_and_dates_above_the_text_go(line: str) -> None:
    """Short lines that are no sentence."""
    assert left(*body(before=[Block(line)]), authors=("Ann Writer",)) == TEXTS


@pytest.mark.parametrize(
    "text",
    [
        "Sign up for our newsletter and get the harbour news in your inbox every morning.",
        "Abonnieren Sie unseren Newsletter, und Sie lesen jeden Morgen das Wichtigste.",
        "Suivez-nous sur WhatsApp pour ne rien manquer de l'actualité.",
        "Подписывайтесь на наш канал в Телеграме.",
        "© 2026 The Vellmar Post. All rights reserved.",
        "Empfohlener redaktioneller Inhalt",
        "Für die Darstellung von eingebetteten Inhalten brauchen wir Ihre Zustimmung.",
    ],
)
@pytest.mark.parametrize("place", [1, 3])
def test_what_the_publisher_says_of_itself_goes(text: str, place: int) -> None:
    """Also in the middle of the text."""
    assert left(*ARTICLE[:place], Block(text), *ARTICLE[place:]) == TEXTS


def test_leftovers_at_the_end_go() -> None:
    """A heading without text, a signature, credits, a linked headline."""
    tail = [
        Block("(dpa/abc)"),
        Block("Reporting by Ann Writer in Vellmar; editing by Bo Skald."),
        Block("Weather", "head"),
        Block("Storm over the islands", link_share=1.0),
    ]

    assert left(*body(after=tail)) == TEXTS


def test_who_the_author_is_goes() -> None:
    """A last line about the author."""
    bio = Block("Ann Writer is our correspondent in the valley, where she has lived for nine years.")

    assert left(*body(after=[bio]), authors=("Ann Writer",)) == TEXTS


def test_a_list_at_the_end_stays() -> None:
    """Items without links, and more short lines than a tail would have."""
    items: list[Block] = [Block(f"Lock number {n}", "item") for n in range(3)]
    lines = [Block(f"{n}) A lamp for the quay") for n in range(6)]

    assert left(*body(after=items)) == TEXTS + [item.text for item in items]
    assert left(*body(after=lines)) == TEXTS + [line.text for line in lines]


def test_text_that_is_there_many_times_is_there_once() -> None:
    """Paragraph by paragraph, with the headings between them."""
    page = [Block(FIRST), Block("Locks", "head"), Block(SECOND), Block(THIRD)] * 25

    assert left(*page) == [FIRST, "Locks", SECOND, THIRD]


def test_a_refrain_stays() -> None:
    """The same question to everybody."""
    question = Block("And what would you tell the harbour master if he stood at this table now, with all his ropes?")
    answers = [Block(f"I would tell him number {n} of all that I have written down since.") for n in range(4)]
    page = [block for answer in answers for block in (question, answer)]

    assert left(*page) == [block.text for block in page]


def test_a_quotation_lifted_out_of_the_text_goes() -> None:
    """It stands in its paragraph."""
    lifted = Block("We will not open the locks before the last rope is found", "quote")

    assert left(ARTICLE[0], lifted, *ARTICLE[1:]) == TEXTS


def test_a_page_of_nothing_but_links_is_left_alone() -> None:
    """What is misread is not taken."""
    page = [Block(f"Offer number {n} of the great spring sale", link_share=1.0) for n in range(9)]

    assert left(*page) == [block.text for block in page]


def test_each_rule_says_what_it_took() -> None:
    """In characters."""
    found = trim([*ARTICLE, Block("Most Read"), Block("Ten soups")], Surroundings())

    assert dict(found.removed) == {"related": len("Most Read") + len("Ten soups")}


def test_what_other_pages_have_too_goes() -> None:
    """But never a heading that leads a text, a list inside it, or a page that is another one again."""
    label = Block("The post of the valley since 1884")
    heading, item = Block("What we know", "head"), Block("Lock one", "item")
    line = Block("Lock two, at noon")
    page = [label, ARTICLE[0], heading, ARTICLE[1], item, line, ARTICLE[2]]
    frame = frozenset(site_hash(block) for block in (label, heading, item, line))

    assert label.text not in left(*page, repeated=frame)
    assert left(*page, repeated=frame) == [FIRST, "What we know", SECOND, "Lock one", line.text, THIRD]
    assert left(*page[1:], repeated=frozenset(map(site_hash, page))) == [block.text for block in page[1:]]


def test_sentences_take_more_evidence_than_labels() -> None:
    """The memory of a site knows them by an odd hash; an invitation is no sentence."""
    assert site_hash(Block(FIRST)) & 1
    assert not site_hash(Block("More news")) & 1
    assert not is_prose(Block("Subscribe to our newsletter today."))
    assert len(candidate_hashes([Block(f"Line {n}") for n in range(500)])) == 96
    assert candidate_hashes([Block("___"), Block("\u200b")]) == ()


KINDS: list[Kind] = ["p", "head", "item", "quote", "row", "code"]


@given(
    st.lists(
        st.builds(Block, st.text(min_size=1, max_size=80).filter(str.strip), st.sampled_from(KINDS), st.floats(0, 1)),
        max_size=12,
    ),
    st.text(max_size=30),
)
def test_any_blocks_are_judged(blocks: list[Block], title: str) -> None:
    """Nothing raises, nothing is added or reordered, and what was taken is counted."""
    found = trim(blocks, Surroundings((title,), (title,)))

    rest = iter(blocks)
    assert all(block in rest for block in found.blocks)
    assert sum(count for _, count in found.removed) == sum(len(b.text) for b in blocks) - sum(
        len(b.text) for b in found.blocks
    )


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Only words in small letters are left."""
    assert folded(folded(text)) == folded(text)
