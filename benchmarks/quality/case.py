"""What the tagger misses of the case article."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.quality.row import Row
from geowire.messages import Entity
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger, Tags


def score(data: Path, tagger: ArticleTagger) -> list[Row]:
    """The share of the expectations that are met; each other one is told."""
    missed = unmet(data, tagger)
    for line in missed:
        print(f"case article, not met: {line}", file=sys.stderr)
    count = sum(map(len, _case(data)["expect"].values()))
    return [Row("case article", "expectations met", "all", 1 - len(missed) / count, count, 1.0)]


def unmet(data: Path, tagger: ArticleTagger) -> list[str]:
    """The expectations of `cases/north-korea-troops.json` that are not met."""
    case = _case(data)
    sources = Sources(datetime.fromisoformat(case["published_at"]), None, case["language"])
    text = "\n\n".join(case["paragraphs"])
    tags = tagger.tag_text(case["title"], text, sources)
    return [*_entities(case["expect"], tags), *_rest(case["expect"], tags), *_denial(text, tags)]


def _case(data: Path) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((data / "cases" / "north-korea-troops.json").read_text(encoding="utf-8"))
    return case


def _entities(expected: dict[str, Any], tags: Tags) -> Iterator[str]:
    for row in expected["entities"]:
        if not any(_fits(entity, row) for entity in tags.entities):
            yield f"entity {row}"
    for surface in expected["not_tagged"]:
        if any(entity.surface == surface for entity in tags.entities):
            yield f"tagged: {surface}"


def _fits(entity: Entity, row: dict[str, Any]) -> bool:
    ids = entity.ids.model_dump()
    return (
        (entity.surface, entity.kind) == (row["surface"], row["kind"])
        and row.get("country") in {None, entity.country}
        and row.get("field") in {None, entity.field}
        and all(ids[name] == value for name, value in row.get("ids", {}).items())
    )


def _rest(expected: dict[str, Any], tags: Tags) -> Iterator[str]:
    focus = {country.iso for country in tags.countries if country.focus}
    if focus != set(expected["focus"]):
        yield f"focus {sorted(focus)}"
    missing = set(expected["themes"]) - {theme.theme for theme in tags.themes}
    if missing:
        yield f"themes without {sorted(missing)}"
    found = [
        {"action": fact.action, "donor": fact.donor, "recipient": fact.recipient, "status": fact.status}
        for fact in tags.aid
    ]
    yield from (f"aid {fact}" for fact in expected["aid"] if fact not in found)


def _denial(text: str, tags: Tags) -> Iterator[str]:
    """The sentence in which the Kremlin denies is evidence, and said to be a denial."""
    start = text.index("The Kremlin called")
    evidence = [item for theme in tags.themes for item in theme.evidence]
    evidence += [item for fact in tags.aid for item in fact.evidence]
    if not any((item.field, item.start, item.status) == ("text", start, "denied") for item in evidence):
        yield "no evidence is the Kremlin's denial"
