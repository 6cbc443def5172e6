"""The pages that follow from the code are those of the code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from geowire.contract.pages import duration_text, generate_pages, setting_type, type_text
from geowire.settings import Settings
from geowire.settings_values import parse_duration
from geowire.topics import ARTICLES, DAY_MS, FEEDS, FLAGGED, MODELS, STORIES, TAGGED, TOPICS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(generate_pages()))
def test_a_page_is_that_of_the_code(name: str) -> None:
    """Run `make contract` after a change of the messages or the settings."""
    assert (DOCS / name).read_text("utf-8") == generate_pages()[name]


def test_the_page_for_readers_has_the_topics_of_the_contract() -> None:
    """Key, partitions and how long a message is kept, of each topic that it names in its table."""
    page = (DOCS / "consuming.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `geo")
    ]
    topics = {f"`{topic.name}`": topic for topic in TOPICS}

    assert {name for name, *_ in rows} >= {f"`{topic.name}`" for topic in (ARTICLES, TAGGED, STORIES, FLAGGED, FEEDS)}
    for name, key, partitions, kept, _ in rows:
        topic = topics[name]
        days = f"{topic.retention_ms // DAY_MS} days" if topic.cleanup == "delete" else "compacted"
        assert (key, partitions, kept[: len(days)]) == (topic.key, str(topic.partitions), days)


def test_every_setting_has_a_row_with_its_meaning() -> None:
    """Name, default, type and what it does; none of the cells is empty."""
    rows = [line for line in generate_pages()["settings.md"].splitlines() if line.startswith("| `GEOWIRE_")]

    assert len(rows) == len(Settings.model_fields)
    assert not [row for row in rows if any(not cell.strip() for cell in row.split(" | "))]


def test_every_field_of_every_message_has_a_row_with_its_meaning() -> None:
    """Those of parts as well."""
    page = generate_pages()["messages.md"]
    rows = [line for line in page.splitlines() if line.startswith("| `") and "`geowire." not in line.split(" | ")[0]]

    assert not [row for row in rows if row.endswith("|  |")]
    for model in MODELS.values():
        section = page.partition(f"\n## {model.__name__}\n")[2].partition("\n## ")[0]
        assert all(f"\n| `{info.alias or name}` | " in section for name, info in model.model_fields.items())


@pytest.mark.parametrize("text", ["0s", "500ms", "90s", "15m", "12h", "7d", "36h"])
def test_a_default_is_written_as_a_person_would(text: str) -> None:
    """What the page shows may be copied into the environment."""
    assert duration_text(parse_duration(text)) == text


def test_a_day_is_the_largest_unit() -> None:
    """Nobody thinks in weeks of a limit of ten days."""
    assert duration_text(timedelta(days=14)) == "14d"


class Some(BaseModel):
    """Settings of each kind."""

    value: Literal["plaintext", "ssl"] = "ssl"
    number: int = Field(default=8, ge=1, le=5_000)
    duration: timedelta = Field(default=timedelta(1), ge=timedelta(seconds=90))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("value", "`plaintext`, `ssl`"),
        ("number", "integer, at least 1, at most 5,000"),
        ("duration", "duration, at least 90s"),
    ],
)
def test_what_a_setting_takes_is_said(name: str, text: str) -> None:
    """Its values, or the bounds of a number or a duration."""
    assert setting_type(Some.model_fields[name]) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "maxItems": 50, "items": {"type": "string"}}, "list (at most 50) of string"),
        ({"type": "string", "maxLength": 2_048}, "string (at most 2,048)"),
        ({"anyOf": [{"enum": ["a", "b"], "type": "string"}, {"type": "null"}]}, "`a`, `b` or null"),
        ({"$ref": "#/$defs/Part"}, "[Part](#part)"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": "array", "prefixItems": [{"type": "integer"}] * 2}, "[integer, integer]"),
    ],
)  # fmt: skip
def test_a_type_is_said_in_words(schema: dict[str, object], text: str) -> None:
    """A reader of the page need not know JSON Schema."""
    assert type_text(schema) == text
