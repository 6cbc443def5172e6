"""What tagging costs beside flashgeotext and a spaCy PhraseMatcher, with the same names on the same texts.

    make bench-tag TEXTS=texts.jsonl.gz     # JSON lines with a text; the others come from the dependency group `bench`

The texts are cut and joined into articles of 5 kB. Each engine gets the processor time of its best of three rounds.
"""

from __future__ import annotations

import gzip
import importlib
import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from processors.tag.document import Sources
from processors.tag.gazetteer import load_gazetteer
from processors.tag.tag import ArticleTagger

ARTICLE_SIZE = 5_000
ROUNDS = 3
LARGE = 5_000_000

Engine = Callable[[str], Any]


def read_articles(path: Path) -> list[str]:
    """The texts of a file of JSON lines as articles of 5 kB."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        text = "\n".join(json.loads(line)["text"] for line in lines)
    return [text[start : start + ARTICLE_SIZE] for start in range(0, len(text) - ARTICLE_SIZE, ARTICLE_SIZE)]


def seconds(engine: Engine, articles: Iterable[str]) -> float:
    """Processor time of the best round."""
    articles = list(articles)
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        for article in articles:
            engine(article)
        best = min(best, time.process_time() - begin)
    return best


def flashgeotext_engine(names: list[str]) -> Engine | None:
    """Flashgeotext with our names, if it is installed."""
    try:
        geotext = importlib.import_module("flashgeotext.geotext")
        lookup = importlib.import_module("flashgeotext.lookup")
    except ImportError:
        return None
    engine = geotext.GeoText(config=geotext.GeoTextConfiguration(use_demo_data=False))
    engine.add(lookup.LookupData(name="names", data={name: [name] for name in names}))
    extract: Engine = engine.extract
    return extract


def phrase_matcher_engine(names: list[str]) -> Engine | None:
    """A PhraseMatcher with our names behind spaCy's English tokenizer, if it is installed."""
    try:
        spacy = importlib.import_module("spacy")
        matcher_module = importlib.import_module("spacy.matcher")
    except ImportError:
        return None
    language = spacy.blank("en")
    matcher = matcher_module.PhraseMatcher(language.vocab)
    matcher.add("names", list(language.tokenizer.pipe(names)))
    return lambda text: matcher(language.make_doc(text))


def measure(name: str, engine: Engine | None, articles: Sequence[str]) -> float:
    """Print a line for an engine; its articles a second."""
    if engine is None:
        print(f"{name:24} not installed")
        return 0.0
    speed = len(articles) / seconds(engine, articles)
    size = speed * ARTICLE_SIZE / 1e6
    print(f"{name:24} {speed:8.0f} articles/s {speed * 60:10.0f} a minute {size:7.2f} MB/s")
    return speed


def measure_large(engine: Engine, text: str) -> None:
    """Print what a text of 5 MB costs for each megabyte, as it is and as one sentence without an end."""
    for kind, whole in (("one article", text), ("one sentence", re.sub(r"[.!?:;\n]+", " ", text))):
        begin = time.process_time()
        engine(whole)
        speed = len(whole) / (time.process_time() - begin) / 1e6
        print(f"{kind} of {len(whole) / 1e6:.1f} MB {'':32} {speed:7.2f} MB/s")


def main(path: Path) -> None:
    """Ours first, so that the memory is ours; then the others with our names."""
    begin = time.process_time()
    gazetteer = load_gazetteer()
    load = time.process_time() - begin
    tagger, sources = ArticleTagger(gazetteer), Sources()
    articles = read_articles(path)
    print(
        f"{len(articles)} articles of {ARTICLE_SIZE} characters, {len(gazetteer.names)} names, loaded in {load:.2f} s"
    )
    entities = measure("ours, entities alone", lambda text: tagger.tag_entities("", text, sources), articles)
    everything = measure("ours, everything", lambda text: tagger.tag_text("", text, sources), articles)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    text = "".join(articles)
    measure_large(lambda text: tagger.tag_text("", text, sources), (text * (LARGE // len(text) + 1))[:LARGE])
    flash = measure("flashgeotext", flashgeotext_engine(gazetteer.names), articles)
    matcher = measure("spaCy PhraseMatcher", phrase_matcher_engine(gazetteer.names), articles[: len(articles) // 4])
    if flash and matcher:
        print(
            f"entities alone are {entities / flash:.1f} x flashgeotext, everything {everything / matcher:.1f} x spaCy"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("name a gzipped file of JSON lines that have a text: make bench-tag TEXTS=texts.jsonl.gz")
    main(Path(sys.argv[1]))
