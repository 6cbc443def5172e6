"""Near duplicates: MinHash in its bottom-k form (Broder, 1997) over three-word shingles, in a bounded ring of days.

Of a text the smallest hashes of all shingles are kept. Two texts are compared by containment, the share of the
smaller one's shingles that the other has too, so that a copy that was cut or got a footer is still a copy.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from processors.relate.words import UNSPACED

KEPT_HASHES = 192
INDEXED_HASHES = 20
ASKED_HASHES = 80
"""Enough to meet the indexed hashes of a text of a quarter of the length."""
FIRST, SECOND, THIRD = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
"""A word counts by its place in the shingle: odd constants, so that no bit is lost."""
STIR, HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(32)
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
    hashed = np.fromiter(map(crc32, " ".join(words[:MOST_WORDS]).lower().encode().split(b" ")), np.uint64)
    in_order = np.sort(_mix(hashed[:-2] * FIRST + hashed[1:-1] * SECOND + hashed[2:] * THIRD))
    different = np.append(True, in_order[1:] != in_order[:-1])
    return tuple(in_order[different][:KEPT_HASHES].tolist())


def _mix(sums: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Upper half of the sums once every bit has stirred every other (finalizer of MurmurHash3, Appleby)."""
    stirred = (sums ^ (sums >> HALF)) * STIR
    return ((stirred ^ (stirred >> HALF)) >> HALF).astype(np.uint32)


def pack(hashes: Sketch) -> bytes:
    """A sketch as bytes."""
    return array("I", hashes).tobytes()


def indexed(packed: bytes) -> array[int]:
    """The hashes that an article is found by."""
    return array("I", packed[: INDEXED_HASHES * HASH_BYTES])


def containment(left: Sketch, left_set: frozenset[int], right: Sequence[int]) -> float:
    """Estimated share of the smaller text's shingles that the other has too; 0 if hardly any are shared.

    Sketches are comparable up to the end of the one that ends first; what both have lies before that.
    """
    shared = len(left_set.intersection(right))
    if shared < LEAST_SHARED:
        return 0.0
    reach = min(left[-1], right[-1])
    return shared / min(bisect_right(left, reach), bisect_right(right, reach))


@dataclass(slots=True)
class Day:
    """The sketches of a day, in the order in which they came."""

    number: int
    first: int
    sketches: list[tuple[str, bytes]] = field(default_factory=list)


class Having:
    """Which articles have a hash among their smallest: a bare number for one, a list for several."""

    def __init__(self) -> None:
        self._places: dict[int, int | list[int]] = {}

    def add(self, hashes: Iterable[int], place: int) -> None:
        """Note an article under its hashes."""
        for each in hashes:
            held = self._places.setdefault(each, place)
            if isinstance(held, list):
                if len(held) < SAME_HASH_LIMIT:
                    held.append(place)
            elif held != place:
                self._places[each] = [held, place]

    def drop(self, hashes: Iterable[int], place: int) -> None:
        """Forget an article."""
        for each in hashes:
            held = self._places.get(each)
            if held == place:
                del self._places[each]
            elif isinstance(held, list) and place in held:
                held.remove(place)
                if not held:
                    del self._places[each]

    def counted(self, hashes: Set[int]) -> dict[int, int]:
        """The articles that have some of these hashes, and how many of them."""
        held = [self._places[each] for each in self._places.keys() & hashes]
        counts = Counter([each for each in held if isinstance(each, int)])
        counts.update(chain.from_iterable([each for each in held if isinstance(each, list)]))
        return counts


class NearDuplicates:
    """The sketches of some days, and of at most so many articles."""

    def __init__(self, days: int = 8, most: int = MOST_SKETCHES) -> None:
        self.count = 0
        self._days = days
        self._most = most
        self._ring: deque[Day] = deque()
        self._having = Having()

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
        self._ring[-1].sketches.append((article_id, packed))
        self._having.add(indexed(packed), self.count)
        self.count += 1
        while self._ring[0].number <= number - self._days or self.count - self._ring[0].first > self._most:
            self._forget(self._ring.popleft())

    def _forget(self, day: Day) -> None:
        for place, (_, packed) in enumerate(day.sketches, day.first):
            self._having.drop(indexed(packed), place)

    def alike(self, hashes: Sketch) -> list[tuple[float, str]]:
        """Articles that are copies of one another with their likeness, the most alike first, then the oldest."""
        counts = self._having.counted(frozenset(hashes[:ASKED_HASHES]))
        enough = max(counts.values(), default=0) / LEAST_PART
        found = sorted([(count, -place) for place, count in counts.items() if count >= enough], reverse=True)
        ours = frozenset(hashes)
        likeness: list[tuple[float, int, str]] = []
        for _, place in found[:MOST_COMPARED]:
            article_id, packed = self._at(-place)
            likeness.append((containment(hashes, ours, array("I", packed)), place, article_id))
        likeness.sort(key=itemgetter(0, 1), reverse=True)
        return [(alike, article_id) for alike, _, article_id in likeness if alike >= LEAST_CONTAINMENT]

    def _at(self, place: int) -> tuple[str, bytes]:
        day = next(day for day in reversed(self._ring) if day.first <= place)
        return day.sketches[place - day.first]

    @property
    def oldest(self) -> int:
        """Number of the oldest sketch that is kept."""
        return self._ring[0].first if self._ring else self.count
