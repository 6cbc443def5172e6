"""What one article brings into a story's profile: the part of it that likeness is measured by."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import from_json, to_json

from geowire.messages import Tagged
from processors.relate.document_counts import DocumentCounts
from processors.relate.marks import marks_of
from processors.relate.ordinals import Ordinals, ordinals
from processors.relate.vectors import Vector, counted, weigh
from processors.relate.words import WORD, terms, terms_of

LEAD_WORDS = 250
ORDINAL_LEAD_CHARACTERS = 250
MOST_ENTITIES = 60
TITLE_TIMES = 2
MOST_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """Weighted terms of title and lead, of the title alone, entities, numbered things and marks."""

    body: Vector
    title: Vector
    entities: tuple[str, ...]
    ordinals: Ordinals
    marks: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """As few bytes, to take it out of a story again."""
        numbered = {thing: sorted(numbers) for thing, numbers in self.ordinals.items()}
        parts = (self.body, self.title, self.entities, numbered, self.marks)
        return zlib.compress(to_json(parts), level=1)

    @classmethod
    def unpack(cls, packed: bytes) -> Contribution:
        """The reverse of `pack`."""
        body, title, entities, numbered, marks = from_json(zlib.decompress(packed))
        ordinals = {thing: frozenset(n) for thing, n in numbered.items()}
        return cls(body, title, tuple(entities), ordinals, tuple(marks))


EMPTY = Contribution({}, {}, (), {})


@dataclass(frozen=True, slots=True)
class ArticleTerms:
    """The terms of an article before they are weighed."""

    title: list[str]
    lead: list[str]


def article_terms(title: str, words: Sequence[str]) -> ArticleTerms:
    """Terms of the title and of the first 250 words of the text."""
    return ArticleTerms(terms(title), terms_of(words[:LEAD_WORDS]))


def first_words(text: str) -> list[str]:
    """The words of a text that anything is concluded from."""
    return WORD.findall(text[:MOST_CHARACTERS])


def contribution(tagged: Tagged, found: ArticleTerms, documents: DocumentCounts) -> Contribution:
    """What the article would bring into a story, by the counts of now."""
    body = weigh(counted(*[found.title] * TITLE_TIMES, found.lead), documents)
    title = weigh(counted(found.title), documents)
    entities = dict.fromkeys(entity.id for entity in tagged.entities)
    return Contribution(body, title, tuple(entities)[:MOST_ENTITIES], _numbered_things(tagged), marks_of(tagged))


def _numbered_things(tagged: Tagged) -> Ordinals:
    """Those of the title; of the lead only what the title does not number."""
    return ordinals(tagged.text[:ORDINAL_LEAD_CHARACTERS]) | ordinals(tagged.title)
