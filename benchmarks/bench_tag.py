"""What tagging costs beside flashgeotext and a spaCy PhraseMatcher, with the same names on the same texts.

    pip install flashgeotext spacy        # the dependency group `bench`
    python benchmarks/bench_tag.py ../shared/data/themes/unlabelled_dev.jsonl.gz

The texts are cut and joined into articles of 5 kB. Each engine gets the processor time of its best of three rounds.
"""

from __future__ import annotations

import gzip
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
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


def main(path: Path) -> None:
    """Print a line for each engine."""
    begin = time.process_time()
    gazetteer = load_gazetteer()
    load = time.process_time() - begin
    tagger = ArticleTagger(gazetteer)
    articles = read_articles(path)
    sources = Sources()
    engines: dict[str, tuple[Engine | None, int]] = {
        "ours, entities alone": (lambda text: tagger.tag_entities("", text, sources), len(articles)),
        "ours, everything": (lambda text: tagger.tag_text("", text, sources), len(articles)),
        "flashgeotext": (flashgeotext_engine(gazetteer.names), len(articles)),
        "spaCy PhraseMatcher": (phrase_matcher_engine(gazetteer.names), len(articles) // 4),
    }
    print(
        f"{len(articles)} articles of {ARTICLE_SIZE} characters, {len(gazetteer.names)} names, loaded in {load:.2f} s"
    )
    for name, (engine, count) in engines.items():
        if engine is None:
            print(f"{name:24} not installed")
            continue
        spent = seconds(engine, articles[:count])
        speed = count / spent
        size = speed * ARTICLE_SIZE / 1e6
        print(f"{name:24} {speed:8.0f} articles/s {speed * 60:10.0f} a minute {size:7.2f} MB/s")
    text = "".join(articles)[:LARGE]
    begin = time.process_time()
    tagger.tag_text("", text, sources)
    spent = time.process_time() - begin
    print(f"one text of {len(text) / 1e6:.1f} MB {'':6} {len(text) / spent / 1e6:7.2f} MB/s")
    print(
        f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, the other engines included"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
