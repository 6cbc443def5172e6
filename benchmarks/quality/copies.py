"""Near duplicates on simulated copies: how many are found, how many finds are wrong.

    python benchmarks/quality/copies.py DATA

Each base text is copied four times, once in each way: cut, edited, given boilerplate, and all of these mixed. All are
put into one stream with all base texts. Base texts are split in two by a hash of their text: limits were chosen on one
half, the other is held back. A find is right if both texts come from one base text; base texts that are copies of one
another in the set itself (exact overlap of shingles of half or more) count as one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from processors.relate import Grouping, tagged_from_line

SOURCES = ("themes/unlabelled_dev", "stories/basil", "themes/articles_dev")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
SEED = 20
FILLER = (
    "Sign up for our evening letter and get the day's reports in one place. "
    "This report was supplied by an agency and was edited for length and style. "
    "Read more about this on our pages, where our reporters answer questions from readers every Friday. "
    "All rights reserved; do not copy, store or pass on this material without leave of the owner. "
    "With additional reporting by our correspondents in three capitals. "
    "Support independent journalism with a small gift each month and read without advertising."
)
WORDS_IN = ["reportedly", "also", "meanwhile", "officials", "still", "however", "later", "again", "local", "major"]


@dataclass(frozen=True)
class Text:
    """A text of the stream: the base that it comes from, and what was done to it."""

    base: str
    way: str
    text: str


@dataclass(frozen=True)
class Row:
    """Figures of one way of copying."""

    half: str
    way: str
    copies: int
    found: int
    recall: float
    precision: float


def cut(text: str, random: Random) -> str:
    """A copy that keeps between four and eight tenths, from the start as a desk would cut."""
    sentences = SENTENCE.split(text)
    kept = max(3, round(len(sentences) * random.uniform(0.4, 0.8)))
    return " ".join(sentences[:kept])


def edited(text: str, random: Random, share: float = 0.1) -> str:
    """A copy with a tenth of its words replaced, dropped or given company."""
    words: list[str] = []
    for word in text.split():
        if random.random() >= share:
            words.append(word)
        elif random.random() < 0.67:
            words += [random.choice(WORDS_IN)] if random.random() < 0.5 else [word, random.choice(WORDS_IN)]
    return " ".join(words)


def with_boilerplate(text: str, random: Random) -> str:
    """A copy with a dateline in front and notices of the publisher's behind."""
    notices = random.sample(SENTENCE.split(FILLER), random.randint(2, 5))
    return f"{random.choice(['CAPITAL', 'LONDON', 'NAIROBI'])} (Agency) - {text} {' '.join(notices)}"


def mixed(text: str, random: Random) -> str:
    """Cut, edited, and given boilerplate."""
    return with_boilerplate(edited(cut(text, random), random, 0.07), random)


WAYS: tuple[tuple[str, Callable[[str, Random], str]], ...] = (
    ("cut", cut),
    ("edited", edited),
    ("boilerplate", with_boilerplate),
    ("mixed", mixed),
)


def base_texts(data: Path) -> list[str]:
    """Different texts of some length."""
    texts: dict[str, None] = {}
    for source in SOURCES:
        with gzip.open(data / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts.update((str(json.loads(line)["text"]), None) for line in lines)
    return [text for text in texts if len(text.split()) >= 80]


def half_of(text: str) -> str:
    """`tuned` or `held back`, by a hash."""
    return "tuned" if hashlib.sha256(text.encode()).digest()[0] % 2 else "held back"


def groups(texts: list[str]) -> list[int]:
    """The number of each text's group: texts that share half of the shorter one's five-word shingles are one."""
    having: dict[str, list[int]] = {}
    shingled = [shingles(text) for text in texts]
    for place, found in enumerate(shingled):
        for shingle in found:
            having.setdefault(shingle, []).append(place)
    number = list(range(len(texts)))
    for place, found in enumerate(shingled):
        shared: dict[int, int] = {}
        for other in (other for shingle in found for other in having[shingle] if other < place):
            shared[other] = shared.get(other, 0) + 1
        for other, count in shared.items():
            if count >= 0.5 * min(len(found), len(shingled[other])):
                number[place] = min(number[place], number[other])
    return number


def shingles(text: str, words: int = 5) -> set[str]:
    """Runs of words."""
    found = re.findall(r"\w+", text.lower())
    return {" ".join(found[at : at + words]) for at in range(len(found) - words + 1)}


def stream(texts: list[str], random: Random) -> list[Text]:
    """Base texts and their copies, shuffled."""
    names = [str(number) for number in groups(texts)]
    told = [Text(name, "base", text) for name, text in zip(names, texts, strict=True)]
    told += [Text(name, way, make(text, random)) for name, text in zip(names, texts, strict=True) for way, make in WAYS]
    random.shuffle(told)
    return told


def score(data: Path) -> list[Row]:
    """Recall and precision of each way of copying, for both halves."""
    texts = base_texts(data)
    return [
        row
        for half in ("tuned", "held back")
        for row in measure(stream([text for text in texts if half_of(text) == half], Random(SEED)), half)
    ]


def measure(told: list[Text], half: str) -> Iterator[Row]:
    """Group a stream, article by article. A text whose kind came before is to be found."""
    grouping = Grouping()
    seen: set[str] = set()
    expected, right, wrong = (dict.fromkeys([*(name for name, _ in WAYS), "base"], 0) for _ in range(3))
    for place, each in enumerate(told):
        title = " ".join(Random(place).sample(each.text.split(), 8))
        found = grouping.add(tagged_from_line({"id": str(place), "title": title, "text": each.text}, place))
        expected[each.way] += each.base in seen
        seen.add(each.base)
        if found.duplicate_of is not None:
            (right if told[int(found.duplicate_of)].base == each.base else wrong)[each.way] += 1
    for way in (*expected, "all"):
        names = list(expected) if way == "all" else [way]
        yield _row(half, way, *(sum(counts[name] for name in names) for counts in (expected, right, wrong)))


def _row(half: str, way: str, expected: int, right: int, wrong: int) -> Row:
    return Row(half, way, expected, right, right / max(1, expected), right / max(1, right + wrong))


def main() -> None:
    """Print the table."""
    print(f"{'half':<10} {'way':<12} {'copies':>6} {'found':>6} {'recall':>7} {'precision':>9}")
    for row in score(Path(sys.argv[1])):
        print(f"{row.half:<10} {row.way:<12} {row.copies:>6} {row.found:>6} {row.recall:>7.4f} {row.precision:>9.4f}")


if __name__ == "__main__":
    main()
