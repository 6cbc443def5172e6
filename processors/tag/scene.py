"""What the deciders look at: the document with its spans, and what the whole of it says about each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

from processors.tag.document import Document
from processors.tag.gazetteer import Entry, Gazetteer
from processors.tag.match import Span
from processors.tag.words import Words

_VOTING_KINDS = frozenset({"country", "demonym", "region", "metonym", "government", "armed_force", "agency"})
_LARGE_CITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Mention:
    """A span that is decided."""

    start: int
    end: int
    entry: Entry
    rule: str
    score: float


class Scene:
    """One document while its spans are decided."""

    def __init__(self, document: Document, spans: list[Span], gazetteer: Gazetteer, words: Words) -> None:
        self.document = document
        self.spans = spans
        self.gazetteer = gazetteer
        self.words = words

    @cached_property
    def votes(self) -> Counter[str]:
        """How often each country is named by words that can mean no other."""
        votes: Counter[str] = Counter()
        for span in self.spans:
            countries = {candidate.entry.country for candidate in span.candidates}
            if len(countries) == 1 and any(_may_vote(candidate.entry) for candidate in span.candidates):
                votes.update(filter(None, countries))
        return votes

    @cached_property
    def named_persons(self) -> dict[str, list[tuple[int, Entry]]]:
        """Who is named in full, and where, by the last word of the name and of the label."""
        named: dict[str, list[tuple[int, Entry]]] = defaultdict(list)
        for span in self.spans:
            for candidate in span.candidates:
                if candidate.entry.kind == "person" and candidate.form == "full":
                    named[candidate.entry.id].append((span.start, candidate.entry))
        return named

    @cached_property
    def span_ends(self) -> frozenset[int]:
        """Where spans end."""
        return frozenset(span.end for span in self.spans)

    @cached_property
    def spans_by_start(self) -> dict[int, Span]:
        """The outermost span that begins at each position."""
        return {span.start: span for span in reversed(self.spans)}

    @cached_property
    def title_is_cased(self) -> bool:
        """True if most words of the title begin with a capital, so that a capital says nothing there."""
        words = [word for word in self.document.title.split() if word[0].isalpha() and len(word) > 3]
        return sum(word[0].isupper() for word in words) > 0.6 * len(words)

    @cached_property
    def persons_not_places(self) -> frozenset[str]:
        """Words that name a person somewhere in the document: the bare word later is that person again."""
        return frozenset(
            self.document.full[span.start : span.end] for span in self.spans if self.is_part_of_a_persons_name(span)
        )

    def is_part_of_a_persons_name(self, span: Span) -> bool:
        """True if the words around make it a first or last name: Paris Hilton, Mr. Lincoln."""
        before = self.adjacent_before(span)
        if before in self.words.first_names and not self._begins_span_before(span):
            return True
        if before.lower() in self.words.personal_titles:
            return True
        name = self.document.full[span.start : span.end]
        if name not in self.words.person_like or self.capital_is_nothing(span):
            return False
        after, gap = self.document.word_after(span.end)
        position = span.end + len(gap)
        return gap == " " and after[:1].isupper() and not after.isupper() and position not in self.spans_by_start

    def adjacent_before(self, span: Span) -> str:
        """The word right before, if only a blank (or the period of a title) stands between."""
        word, gap = self.document.word_before(span.start)
        return word if gap in {" ", ". "} else ""

    def adjacent_after(self, span: Span) -> str:
        """The word right after, if only a blank stands between."""
        word, gap = self.document.word_after(span.end)
        return word if gap == " " else ""

    def capital_is_nothing(self, span: Span) -> bool:
        """True where capitals are no sign of a name: in a title written in capitals."""
        return span.start < self.document.shift and self.title_is_cased

    def begins_sentence(self, position: int) -> bool:
        """True if a sentence begins at that position, quotation marks aside."""
        start, _ = self.document.sentences[self.document.sentence_at(position)]
        return position - start <= 1

    def follows_unknown_name(self, span: Span) -> bool:
        """True if the word before begins with a capital and is no title, no mention and no beginning of a sentence."""
        word, gap = self.document.word_before(span.start)
        if gap != " " or not word[:1].isupper() or word.lower() in self.words.titles | self.words.function_words:
            return False
        end = span.start - len(gap)
        return end not in self.span_ends and not self.begins_sentence(end - len(word))

    def _begins_span_before(self, span: Span) -> bool:
        return span.start - 1 in self.span_ends


def _may_vote(entry: Entry) -> bool:
    return entry.kind in _VOTING_KINDS or (entry.kind == "city" and entry.population >= _LARGE_CITY)
