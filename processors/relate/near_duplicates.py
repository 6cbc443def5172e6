"""Near duplicates: MinHash signatures of word shingles, found by locality-sensitive hashing in a bounded ring."""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass, field
from operator import eq

from rensa import RMinHash

from processors.relate.contribution import first_words
from processors.relate.words import WORD

PERMUTATIONS = 128
BANDS = 32
BAND_BYTES = PERMUTATIONS // BANDS * 4
SHINGLE_WORDS = 5
FEWEST_WORDS = 20
MOST_WORDS = 600
LEAST_JACCARD = 0.45
SEED = 1
GENERATION = 5_000
GENERATIONS = 8


def signature(title: str, text: str) -> bytes | None:
    """MinHash (Broder, 1997) of an article's words; None if it is too short to tell."""
    words = [word.lower() for word in WORD.findall(f"{title}\n{first_words(text, MOST_WORDS)}")]
    if len(words) < FEWEST_WORDS:
        return None
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update([" ".join(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)])
    return array("I", sketch.digest()).tobytes()


def jaccard(left: bytes, right: bytes) -> float:
    """Estimated share of shingles that two articles have in common."""
    equal: int = sum(map(eq, memoryview(left).cast("I"), memoryview(right).cast("I")))
    return equal / PERMUTATIONS


@dataclass(slots=True)
class Generation:
    """Some thousand signatures and the first one of each band value."""

    articles: list[tuple[str, bytes]] = field(default_factory=list)
    bands: dict[int, int] = field(default_factory=dict)

    def add(self, article_id: str, signed: bytes) -> None:
        """Remember a signature."""
        place = len(self.articles)
        self.articles.append((article_id, signed))
        for band in _band_values(signed):
            self.bands.setdefault(band, place)

    def sharing_a_band(self, signed: bytes) -> dict[str, bytes]:
        """Articles that share a band value with a signature."""
        places = {self.bands[band] for band in _band_values(signed) if band in self.bands}
        return dict(self.articles[place] for place in sorted(places))


class NearDuplicates:
    """The signatures of the last forty thousand articles."""

    def __init__(self) -> None:
        self.count = 0
        self._ring: deque[Generation] = deque([Generation()], maxlen=GENERATIONS)

    def add(self, article_id: str, signed: bytes) -> None:
        """Remember an article's signature; with a full ring the oldest generation goes."""
        if self.count and self.count % GENERATION == 0:
            self._ring.append(Generation())
        self._ring[-1].add(article_id, signed)
        self.count += 1

    def alike(self, signed: bytes) -> list[tuple[float, str]]:
        """Articles that are copies of one another with their likeness, the most alike first, then the oldest."""
        found: dict[str, bytes] = {}
        for generation in self._ring:
            found |= generation.sharing_a_band(signed)
        likeness = [(jaccard(signed, other), article_id) for article_id, other in found.items()]
        close = [pair for pair in likeness if pair[0] >= LEAST_JACCARD]
        return sorted(close, key=lambda pair: -pair[0])

    @property
    def oldest(self) -> int:
        """Number of the oldest signature that is kept."""
        return max(0, ((self.count - 1) // GENERATION - GENERATIONS + 1) * GENERATION)


def _band_values(signed: bytes) -> list[int]:
    # hash() differs from process to process: bands are made anew from the signatures at each start
    return [hash(signed[at : at + BAND_BYTES]) + at for at in range(0, len(signed), BAND_BYTES)]
