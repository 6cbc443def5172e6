"""A document that is read, sentence by sentence: what countries, facts and themes start from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from geowire.messages import Evidence
from geowire.messages.tagged import ClaimStatus
from processors.tag.document import Document
from processors.tag.lexicon import Hit
from processors.tag.mention import Mention

LONGEST = 1_500
"""Code points from which on a sentence is a list of links or captions."""


@dataclass(frozen=True)
class Sentence:
    """One sentence with what stands in it."""

    index: int
    start: int
    end: int
    words: str
    mentions: tuple[Mention, ...]
    hits: tuple[Hit, ...]
    language: str = "en"

    @property
    def is_overlong(self) -> bool:
        """True if it is no sentence that tells who does what."""
        return len(self.words) > LONGEST

    @cached_property
    def groups(self) -> frozenset[str]:
        """The groups of which it has a word."""
        return frozenset(hit.group for hit in self.hits)

    @cached_property
    def countries(self) -> frozenset[str]:
        """The countries that it names."""
        return frozenset(mention.entry.country for mention in self.mentions if mention.entry.country)

    @cached_property
    def lowered(self) -> str:
        """The words in lower case, as many code points."""
        lowered = self.words.lower()
        if len(lowered) == len(self.words):
            return lowered
        return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in self.words)

    def of_group(self, *groups: str) -> list[Hit]:
        """The words of these groups, in order."""
        return [hit for hit in self.hits if hit.group in groups]


class Reading:
    """The sentences of a document, title first."""

    def __init__(self, document: Document, mentions: Iterable[Mention], hits: dict[int, list[Hit]]) -> None:
        self.document = document
        self.mentions = list(mentions)
        by_sentence: dict[int, list[Mention]] = {}
        for mention in self.mentions:
            by_sentence.setdefault(document.sentence_at(mention.start), []).append(mention)
        self._mentions = by_sentence
        self._hits = hits

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences that have a mention or a hit."""
        return list(self._read())

    def evidence(self, sentence: Sentence, status: ClaimStatus, rule: str) -> Evidence:
        """The sentence as evidence."""
        field, start, end = self.document.place(sentence.start, sentence.end)
        return Evidence(field=field, start=start, end=end, status=status, rule=rule)

    def _read(self) -> Iterator[Sentence]:
        language = self.document.language
        for index, (start, end) in enumerate(self.document.sentences):
            mentions, hits = self._mentions.get(index, ()), self._hits.get(index, ())
            if mentions or hits:
                words = self.document.full[start:end]
                yield Sentence(index, start, end, words, tuple(mentions), tuple(hits), language)
