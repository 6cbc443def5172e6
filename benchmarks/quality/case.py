"""What the tagger misses of the case article: every line printed is one expectation not met.

python -m benchmarks.quality.case ../shared/data
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from geowire.messages import Entity
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger, Tags


def unmet(data: Path, tagger: ArticleTagger | None = None) -> list[str]:
    """The expectations of `cases/north-korea-troops.json` that are not met."""
    case = json.loads((data / "cases" / "north-korea-troops.json").read_text(encoding="utf-8"))
    sources = Sources(datetime.fromisoformat(case["published_at"]), None, case["language"])
    tags = (tagger or ArticleTagger.load()).tag_text(case["title"], "\n\n".join(case["paragraphs"]), sources)
    return [*_entities(case["expect"], tags), *_rest(case["expect"], tags)]


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


if __name__ == "__main__":
    print("\n".join(unmet(Path(sys.argv[1]))) or "all met")
