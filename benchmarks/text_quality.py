"""How clean geowire's text is beside trafilatura's alone, on the same pages in the same run.

    python benchmarks/text_quality.py DATA

DATA has `pages/` (index.json and gzipped HTML) and `extraction/aeb.jsonl.gz`. The measure is that of scrapinghub's
article-extraction-benchmark: runs of four words, their number counted; precision, recall and F1 of each page, and the
mean over pages. Pages are read as one stream, in order, with the memory of sites that a poll would have.
Half of the sites, by the hash of their name, were looked at while the rules were written; the other half was held back.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit

from trafilatura import bare_extraction

from ingest.extract import extract_page
from ingest.extraction import Extraction, Page
from ingest.site_memory import SitePages, name_of

WORD = re.compile(r"\w+")
RUN = 4
HALVES = {None: "all", 0: "seen", 1: "held back"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A page and the text that a person says is on it."""

    group: str
    site: str
    url: str
    html: bytes
    text: str

    @property
    def half(self) -> int:
        """0: its site was looked at while the rules were written."""
        return hashlib.sha256(self.site.encode()).digest()[-1] % 2


@dataclass(frozen=True, slots=True)
class Score:
    """How well a text agrees with the one expected."""

    precision: float
    recall: float
    f1: float


def runs(text: str) -> Counter[tuple[str, ...]]:
    """Every run of words, counted. Soft hyphens and the way accents are composed are no difference."""
    words = WORD.findall(unicodedata.normalize("NFC", text.replace("\xad", "")))
    return Counter(tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1)) if words)


def score(expected: str, found: str) -> Score:
    """Precision, recall and F1 of a text."""
    wanted, had = runs(expected), runs(found)
    both = (wanted & had).total()
    precision = both / had.total() if had else float(not wanted)
    recall = both / wanted.total() if wanted else 1.0
    return Score(precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0)


def samples(data: Path) -> Iterator[Sample]:
    """Every page of both sets, in order."""
    for row in json.loads((data / "pages" / "index.json").read_text("utf-8")):
        html = gzip.decompress((data / "pages" / row["file"]).read_bytes())
        yield Sample("pages", row["site"], row["url"], html, row["text"])
    with gzip.open(data / "extraction" / "aeb.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            html = row["html"].encode("utf-8", "surrogatepass")
            yield Sample("aeb", urlsplit(row["url"]).hostname or "", row["url"], html, row["text"])


class Stream:
    """Geowire as a poll would run it: each page is read with what its site's earlier pages taught."""

    def __init__(self) -> None:
        self.removed: Counter[str] = Counter()
        self._sites: dict[str, SitePages] = {}

    def __call__(self, sample: Sample) -> str:
        """The text of the next page."""
        known = self._sites.get(name_of(sample.url), SitePages())
        found: Extraction = extract_page(
            Page(sample.url, sample.html, "text/html"), repeated=known.repeated(sample.url)
        )
        self._sites[name_of(sample.url)] = known.learned(sample.url, found.blocks)
        self.removed.update(dict(found.removed))
        return found.text


def alone(sample: Sample) -> str:
    """Trafilatura's text, with its metadata as a crawler would want it."""
    document: Any = bare_extraction(sample.html.decode("utf-8", "replace"), with_metadata=True)
    return str(document.text or "") if document else ""


def measured(extract: Callable[[Sample], str], pages: Sequence[Sample]) -> tuple[list[Score], float]:
    """The score of each page, and the milliseconds of CPU that a page took."""
    scores, spent = [], 0.0
    for page in pages:
        begin = time.process_time()
        text = extract(page)
        spent += time.process_time() - begin
        scores.append(score(page.text, text))
    return scores, 1_000 * spent / len(pages)


def show(name: str, pages: Sequence[Sample], scores: Sequence[Score]) -> None:
    """One line for each set and half."""
    for group in dict.fromkeys(page.group for page in pages):
        for half, label in HALVES.items():
            some = [s for p, s in zip(pages, scores, strict=True) if p.group == group and half in {None, p.half}]
            p, r, f1 = (fmean(getattr(s, field) for s in some) for field in ("precision", "recall", "f1"))
            print(f"{name:12} {group:6} {label:10} {len(some):4} pages  P {p:.4f}  R {r:.4f}  F1 {f1:.4f}")


def main() -> None:
    """Measure both and print them side by side."""
    logging.disable(logging.CRITICAL)
    pages = list(samples(Path(sys.argv[1])))
    stream = Stream()
    for name, extract in (("trafilatura", alone), ("geowire", stream)):
        scores, milliseconds = measured(extract, pages)
        show(name, pages, scores)
        print(f"{name:12} {milliseconds:.1f} ms of CPU a page")
    print("characters taken away:", ", ".join(f"{rule} {count}" for rule, count in stream.removed.most_common()))


if __name__ == "__main__":
    main()
