"""How well places are found: LGL, TR-News, GeoVirus (strict spans, country), and Worldwide."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.quality.nearest import CountryFinder
from benchmarks.quality.row import Row
from benchmarks.quality.worldwide import score_worldwide
from geowire.messages import Entity
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger

PLACE_KINDS = frozenset({"country", "region", "water", "city", "demonym"})
"""What counts as a place; a capital that stands for its government counts as the city it is."""

SHIFT_LIMIT = 40
"""How far from its offset a shifted toponym is looked for."""

Span = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """What was right, what was too much and what was missed, of one part of a set."""

    hits: int = 0
    found: int = 0
    labelled: int = 0
    country_right: int = 0
    country_known: int = 0
    repaired: int = 0
    left_out: int = 0

    @property
    def f1(self) -> float:
        """Strict F1 of the spans."""
        return 2 * self.hits / ((self.found + self.labelled) or 1)

    @property
    def country(self) -> float:
        """Share of the matched places whose country is right."""
        return self.country_right / (self.country_known or 1)


@dataclass(slots=True)
class Gold:
    """The labelled places of one article: country name, code or None by span."""

    places: dict[Span, str | None] = field(default_factory=dict)
    repaired: int = 0
    left_out: int = 0
    by_point: bool = False
    """True if the countries are read from coordinates, which say nothing of the country of Africa or of a sea."""


def score(data: Path, tagger: ArticleTagger) -> list[Row]:
    """All rows; `data` is the folder that has `entities/`."""
    finder = CountryFinder()
    rows: list[Row] = []
    for name, f1_target, country_target, demonyms in (
        ("lgl", 0.74, 0.93, True),
        ("trnews_dev", 0.84, 0.95, True),
        ("geovirus", 0.84, 0.95, False),
    ):
        articles = read(data, name)
        for part, chosen in parts(articles):
            tally = tally_articles(chosen, tagger, finder, demonyms=demonyms)
            whole = part == "all"
            rows.append(Row(name, "places, F1", part, tally.f1, tally.labelled, f1_target if whole else None))
            rows.append(
                Row(name, "country", part, tally.country, tally.country_known, country_target if whole else None)
            )
            if whole:
                rows.append(Row(name, "offsets repaired", part, tally.repaired, tally.labelled, is_count=True))
                rows.append(Row(name, "labels left out", part, tally.left_out, tally.labelled, is_count=True))
    for part, chosen in parts(read(data, "worldwide_dev")):
        for measure, value, count, target in score_worldwide(chosen, tagger):
            rows.append(Row("worldwide_dev", measure, part, value, count, target if part == "all" else None))
    return rows


def read(data: Path, name: str) -> list[dict[str, Any]]:
    """The articles of a set."""
    with gzip.open(data / "entities" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def parts(articles: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The half that rules may be written on, the half held back, and all."""
    yield "dev", [article for article in articles if not is_held_back(article["id"])]
    yield "held back", [article for article in articles if is_held_back(article["id"])]
    yield "all", articles


def is_held_back(article_id: str) -> bool:
    """True for half of the articles, by a hash of the id."""
    return sha256(str(article_id).encode()).digest()[0] % 2 == 1


def tally_articles(
    articles: Iterable[dict[str, Any]], tagger: ArticleTagger, finder: CountryFinder, *, demonyms: bool
) -> Tally:
    """The articles' places against the tagger's."""
    tally = Tally()
    for article in articles:
        gold = labelled_places(article, finder)
        found = found_places(article, tagger, demonyms=demonyms)
        matched = gold.places.keys() & found.keys()
        tally.hits += len(matched)
        tally.found += len(found)
        tally.labelled += len(gold.places)
        tally.repaired += gold.repaired
        tally.left_out += gold.left_out
        known = [
            span for span in matched if gold.places[span] is not None and not (gold.by_point and found[span] is None)
        ]
        tally.country_known += len(known)
        tally.country_right += sum(gold.places[span] == found[span] for span in known)
    return tally


def labelled_places(article: dict[str, Any], finder: CountryFinder) -> Gold:
    """The labels at their right offsets; those whose words are nowhere near are left out."""
    gold = Gold()
    for label in article["toponyms"]:
        place = _repaired(article["text"], label)
        if place is None:
            gold.left_out += 1
            continue
        gold.repaired += place[0] != label["start"]
        gold.by_point = "country" not in label
        gold.places[place] = finder.country_of(label)
    return gold


def _repaired(text: str, label: dict[str, Any]) -> Span | None:
    start, phrase = int(label["start"]), label["phrase"]
    if text.startswith(phrase, start):
        return start, start + len(phrase)
    around = [
        at
        for at in range(max(0, start - SHIFT_LIMIT), min(len(text), start + SHIFT_LIMIT))
        if text.startswith(phrase, at)
    ]
    if not around:
        return None
    nearest = min(around, key=lambda at: abs(at - start))
    return nearest, nearest + len(phrase)


def found_places(article: dict[str, Any], tagger: ArticleTagger, *, demonyms: bool) -> dict[Span, str | None]:
    """The tagger's places in the text by span."""
    entities = tagger.tag_text("", article["text"], Sources()).entities
    return {(entity.start, entity.end): entity.country for entity in entities if is_place(entity, demonyms=demonyms)}


def is_place(entity: Entity, *, demonyms: bool = True) -> bool:
    """True for places, demonyms where they count, and capitals that stand for a government."""
    if entity.kind == "demonym":
        return demonyms
    return entity.kind in PLACE_KINDS or (entity.kind == "metonym" and entity.id.endswith("-capital"))
