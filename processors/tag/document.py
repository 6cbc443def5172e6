"""An article's words as the taggers see them: title and text as one string of the same offsets, cut into sentences."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from geowire.messages.tagged import TextField
from processors.tag.sentences import Splitter

_SAME_LENGTH = (
    ("\u00a0", " "),
    ("\u202f", " "),
    ("\u2009", " "),
    ("’", "'"),
    ("‘", "'"),
    ("\u2011", "-"),
    ("\u2010", "-"),
)
_CAPITALS = re.compile(r"\b[^\W\d_a-z]{4,}\b")
_AROUND = 40
_WORD = re.compile(r"\w+")
_GAP_AND_WORD = re.compile(r"(?P<gap>\W*)(?P<word>\w+)")


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known of an article besides its words."""

    published_at: datetime | None = None
    publisher_country: str | None = None
    language: str | None = None


class Document:
    """Title and text, joined by a line feed. Sentence 0 is the title."""

    def __init__(self, title: str, text: str, sources: Sources, splitter: Splitter) -> None:
        self.title = title
        self.text = text
        self.full = _plain_signs(f"{title}\n{text}")
        self.shift = len(title) + 1
        self.date = sources.published_at.date().isoformat() if sources.published_at else "9999-12-30"
        self.publisher_country = sources.publisher_country
        self.language = (sources.language or "en").partition("-")[0].lower()
        self.text_sentences = splitter.split(text)
        moved = [(start + self.shift, end + self.shift) for start, end in self.text_sentences]
        self.sentences = [(0, len(title)), *moved]
        self._before: dict[int, tuple[str, str]] = {}
        self._after: dict[int, tuple[str, str]] = {}
        self._words: dict[int, frozenset[str]] = {}
        self._starts = [start for start, _ in self.sentences]

    @property
    def is_english(self) -> bool:
        """True if the grammar of facts, which is English, applies."""
        return self.language == "en"

    def recased(self) -> Iterator[tuple[int, str]]:
        """Stretches around words in capitals, which are written like names, so that `MOSCOW` is found."""
        end = 0
        start = -1
        for found in _CAPITALS.finditer(self.full):
            if start >= 0 and found.start() > end:
                yield start, self._recased(start, end)
                start = -1
            if start < 0:
                start = max(0, found.start() - _AROUND)
            end = found.end() + _AROUND
        if start >= 0:
            yield start, self._recased(start, end)

    def _recased(self, start: int, end: int) -> str:
        return _CAPITALS.sub(_like_a_name, self.full[start:end])

    @property
    def lowered(self) -> str:
        """The words in lower case, every code point at its place."""
        lowered = self.full.lower()
        if len(lowered) == len(self.full):
            return lowered
        return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in self.full)

    def sentence_at(self, position: int) -> int:
        """The index of the sentence in which a position stands."""
        return bisect_right(self._starts, position) - 1

    def sentence_until(self, position: int) -> tuple[int, int]:
        """The index of the sentence in which a position stands, and where the next one begins."""
        after = bisect_right(self._starts, position)
        return after - 1, self._starts[after] if after < len(self._starts) else len(self.full) + 1

    def place(self, start: int, end: int) -> tuple[TextField, int, int]:
        """A span as the message has it: field and offsets there."""
        if start < self.shift:
            return "title", start, end
        return "text", start - self.shift, end - self.shift

    def surface(self, start: int, end: int) -> str:
        """The words as the article writes them."""
        field, first, last = self.place(start, end)
        return (self.title if field == "title" else self.text)[first:last]

    def word_before(self, position: int) -> tuple[str, str]:
        """The word before a position and what stands between; empty where a sentence or clause begins."""
        known = self._before.get(position)
        if known is None:
            window = self.full[max(0, position - _AROUND) : position]
            backwards = _GAP_AND_WORD.match(window[::-1])
            known = (backwards["word"][::-1], backwards["gap"][::-1]) if backwards else ("", window)
            self._before[position] = known
        return known

    def word_after(self, position: int) -> tuple[str, str]:
        """The word after a position and what stands between."""
        known = self._after.get(position)
        if known is None:
            window = self.full[position : position + _AROUND]
            following = _WORD.search(window)
            known = (following.group(), window[: following.start()]) if following else ("", window)
            self._after[position] = known
        return known

    def words_around(self, position: int) -> frozenset[str]:
        """The words of the sentence in which a position stands, in lower case."""
        index = self.sentence_at(position)
        known = self._words.get(index)
        if known is None:
            known = self._words[index] = frozenset(self.words(*self.sentences[index]))
        return known

    def words(self, start: int, end: int) -> Iterator[str]:
        """The words of a span, in lower case."""
        return (word.lower() for word in _WORD.findall(self.full[start:end]))


def _plain_signs(text: str) -> str:
    """The text with plain blanks, apostrophes and hyphens; replacing one by one is much faster than a table."""
    if not text.isascii():
        for sign, plain in _SAME_LENGTH:
            text = text.replace(sign, plain)
    return text


def _like_a_name(word: re.Match[str]) -> str:
    letters = word.group()
    tail = letters[1:].lower()
    return letters[0] + tail if len(tail) == len(letters) - 1 else letters
