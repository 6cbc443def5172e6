"""Near duplicates: MinHash in its bottom-k form (Broder, 1997) over three-word shingles, in a bounded ring of days.

Of a text the smallest hashes of all shingles are kept. Two texts are compared by containment, the share of the
smaller one's shingles that the other has too, so that a copy that was cut or got a footer is still a copy.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from zlib import crc32

from processors.relate.words import UNSPACED

KEPT_HASHES = 192
INDEXED_HASHES = 20
ASKED_HASHES = 80
"""Enough to meet the indexed hashes of a text of a quarter of the length."""
LARGEST_HASH = 0xFFFFFFFF
FEWEST_WORDS = 20
MOST_WORDS = 800
LEAST_CONTAINMENT = 0.52
MOST_SKETCHES = 40_000
LEAST_SHARED = 6
"""Shingles that two texts share at least, whatever their length."""
SAME_HASH_LIMIT = 12
"""Articles that one hash leads to: a phrase that more of them have is a phrase, not a text."""
SECONDS_A_DAY = 86_400.0
HASH_BYTES = 4
LEAST_PART = 3
"""A sketch with less than a third of the most hashes in common is not looked at."""
MOST_COMPARED = 24
"""Sketches that are looked at closely: those with most hashes in common."""
MOST_PARTS = 8
"""A day is cut where it has more than this part of all that is kept."""

Sketch = tuple[int, ...]


def sketch(words: Sequence[str]) -> Sketch | None:
    """The smallest hashes of the shingles of a text's words, in order; None if it is too short to tell."""
    if UNSPACED.search("".join(words[:FEWEST_WORDS])):
        words = "".join(words)
    if len(words) < FEWEST_WORDS:
        return None
    hashed = [*map(_word_hash, words[:MOST_WORDS])]
    shingles = zip(hashed, hashed[1:], hashed[2:], strict=False)
    # Python salts the hashes of strings, not those of integers and tuples of them
    smallest = sorted({each & LARGEST_HASH for each in map(hash, shingles)})
    return tuple(smallest[:KEPT_HASHES])


@lru_cache(maxsize=100_000)
def _word_hash(word: str) -> int:
    return crc32(word.lower().encode())


def pack(hashes: Sketch) -> bytes:
    """A sketch as bytes."""
    return array("I", hashes).tobytes()


def unpack(packed: bytes) -> Sketch:
    """The reverse of `pack`."""
    return tuple(array("I", packed))


def containment(left: Sketch, right: Sketch) -> float:
    """Estimated share of the smaller text's shingles that the other has too; 0 if hardly any are shared.

    Sketches are comparable up to the end of the one that ends first.
    """
    reach = min(left[-1], right[-1])
    ours, theirs = left[: bisect_right(left, reach)], right[: bisect_right(right, reach)]
    shared = len(set(ours).intersection(theirs))
    return shared / min(len(ours), len(theirs)) if shared >= LEAST_SHARED else 0.0


@dataclass(slots=True)
class Day:
    """The sketches of a day, and which of them have a hash."""

    number: int
    first: int
    sketches: list[tuple[str, bytes]] = field(default_factory=list)
    having: dict[int, int | list[int]] = field(default_factory=dict)

    def add(self, article_id: str, packed: bytes) -> None:
        """Remember a sketch."""
        place = self.first + len(self.sketches)
        self.sketches.append((article_id, packed))
        for each in unpack(packed[: INDEXED_HASHES * HASH_BYTES]):
            held = self.having.setdefault(each, place)
            if isinstance(held, list):
                if len(held) < SAME_HASH_LIMIT:
                    held.append(place)
            elif held != place:
                self.having[each] = [held, place]

    def places(self, hashes: Set[int]) -> list[int]:
        """The numbers of articles that have these hashes among their smallest, once for each hash."""
        found: list[int] = []
        for each in self.having.keys() & hashes:
            held = self.having[each]
            if isinstance(held, int):
                found.append(held)
            else:
                found += held
        return found


class NearDuplicates:
    """The sketches of some days, and of at most so many articles."""

    def __init__(self, days: int = 8, most: int = MOST_SKETCHES) -> None:
        self.count = 0
        self._days = days
        self._most = most
        self._ring: deque[Day] = deque()

    def restore(self, seq: int, article_id: str, packed: bytes, newest: float) -> None:
        """Take back a sketch that was written down, with its number."""
        if not self._ring:
            self.count = seq
        self.add(article_id, packed, newest)

    def add(self, article_id: str, packed: bytes, newest: float) -> None:
        """Remember an article's sketch at a moment of the stream; days that are over go."""
        number = int(newest // SECONDS_A_DAY)
        if (
            not self._ring
            or self._ring[-1].number != number
            or len(self._ring[-1].sketches) >= self._most // MOST_PARTS
        ):
            self._ring.append(Day(number, self.count))
        self._ring[-1].add(article_id, packed)
        self.count += 1
        while self._ring[0].number <= number - self._days or self.count - self._ring[0].first > self._most:
            self._ring.popleft()

    def alike(self, hashes: Sketch) -> list[tuple[float, str]]:
        """Articles that are copies of one another with their likeness, the most alike first, then the oldest."""
        wanted = frozenset(hashes[:ASKED_HASHES])
        found = [(count, -place, day) for day in self._ring for place, count in Counter(day.places(wanted)).items()]
        found.sort(key=itemgetter(0, 1), reverse=True)
        likeness: list[tuple[float, int, str]] = []
        for count, place, day in found[:MOST_COMPARED]:
            if count * LEAST_PART < found[0][0]:
                break
            article_id, packed = day.sketches[-place - day.first]
            likeness.append((containment(hashes, unpack(packed)), place, article_id))
        likeness.sort(key=itemgetter(0, 1), reverse=True)
        return [(alike, article_id) for alike, _, article_id in likeness if alike >= LEAST_CONTAINMENT]

    @property
    def oldest(self) -> int:
        """Number of the oldest sketch that is kept."""
        return self._ring[0].first if self._ring else self.count
