"""The labelled articles, and the half of them that rules and weights are made with."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from geowire.errors import Misconfigured
from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger, Tags

ARTICLES = Path("themes/articles_dev.jsonl.gz")
"""Where they are in the data folder."""

UNLABELLED = Path("themes/unlabelled_dev.jsonl.gz")
"""Articles without labels."""

OPENINGS = Path(__file__).parent / "openings.json"
"""Themes that we read in the openings of some of those, by id."""

PARAGRAPHS = Path(__file__).parents[2] / "tests/data/tag/paragraphs.yaml"
"""Short news that we wrote for the tests."""

NEWS = Path(__file__).parents[2] / "tests/data/tag/languages"
"""Short news of our own in other languages, a file each."""

MILITARY_AID = Path(__file__).parent / "military_aid.json"
"""Whether others of them treat military aid, by id."""

OPENING = 2_600
"""How long an opening is at most, in code points."""

Part = Literal["tuning", "held back", "all"]
"""Which articles count."""

PARTS: tuple[Part, ...] = ("tuning", "held back", "all")


def require(data: Path) -> Path:
    """The folder. Raises `Misconfigured` if the labelled sets are not in it."""
    missing = [path for path in (ARTICLES, UNLABELLED) if not (data / path).is_file()]
    if missing:
        raise Misconfigured(f"{data / missing[0]} is missing: name the folder of the labelled sets")
    return data


def read_articles(data: Path, part: Part = "all") -> list[dict[str, Any]]:
    """The labelled articles of that part."""
    with gzip.open(data / ARTICLES, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if part in {"all", part_of(row["id"])}]


def part_of(article: str) -> Part:
    """By a hash of the id, so that nobody chooses."""
    return "tuning" if hashlib.sha256(article.encode()).digest()[-1] % 2 == 0 else "held back"


def read_openings(data: Path) -> list[dict[str, Any]]:
    """The openings of unlabelled articles, with the themes that we read in them."""
    labels: dict[str, list[str]] = json.loads(OPENINGS.read_text(encoding="utf-8"))
    chosen = [row for row in _unlabelled(data) if row["id"] in labels]
    return [{**row, "text": opening(row["text"]), "themes": dict.fromkeys(labels[row["id"]], 1)} for row in chosen]


def read_military_aid(data: Path) -> list[dict[str, Any]]:
    """Unlabelled articles of which we read only whether they treat military aid: `themes` has that theme or none."""
    labels: dict[str, int] = json.loads(MILITARY_AID.read_text(encoding="utf-8"))
    return [{**row, "themes": {"military-aid": labels[row["id"]]}} for row in _unlabelled(data) if row["id"] in labels]


def read_paragraphs(part: Part = "all") -> list[dict[str, Any]]:
    """The short news of our own, in the same shape."""
    rows = yaml.safe_load(PARAGRAPHS.read_text(encoding="utf-8"))
    chosen = [row for row in rows if part in {"all", part_of(row["id"])}]
    return [{**row, "date": None, "themes": dict.fromkeys(row["themes"], 2)} for row in chosen]


def languages() -> list[str]:
    """The languages in which there is news of our own."""
    return sorted(path.stem for path in NEWS.glob("*.yaml"))


def read_news(language: str, part: Part = "all") -> list[dict[str, Any]]:
    """That news, in the same shape; of two articles the first is held back."""
    rows = yaml.safe_load((NEWS / f"{language}.yaml").read_text(encoding="utf-8"))
    chosen = rows if part == "all" else rows[0 if part == "held back" else 1 :: 2]
    return [{**row, "language": language, "date": None, "themes": dict.fromkeys(row["themes"], 2)} for row in chosen]


def _unlabelled(data: Path) -> list[dict[str, Any]]:
    with gzip.open(data / UNLABELLED, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def opening(text: str) -> str:
    """Whole paragraphs, else sentences, of the beginning."""
    if len(text) <= OPENING:
        return text
    head = text[:OPENING]
    return head.rpartition("\n")[0] if "\n" in head[1500:] else f"{head.rpartition('. ')[0]}."


def tag(tagger: ArticleTagger, row: dict[str, Any]) -> Tags:
    """The tags of a labelled article, which has a title or none."""
    return tagger.tag_text(row["title"] or "", row["text"], sources_of(row))


def sources_of(row: dict[str, Any]) -> Sources:
    """What is known of a labelled article besides its words."""
    return Sources(published_at=_date(row["date"]), language=row.get("language"))


def _date(words: str | None) -> datetime | None:
    digits = "".join(filter(str.isdigit, words or ""))[:8]
    return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC) if len(digits) == 8 else None
