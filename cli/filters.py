"""The stages as Unix filters: JSON lines in, one JSON line out for each, in order, no bus."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from pydantic import ValidationError

from cli.console import visible_json
from cli.stages import load_tagger
from geowire.errors import Rejected
from geowire.events import first_problem
from geowire.lines import complete_article, parse_lines
from geowire.messages import Article
from geowire.settings import load_settings
from ingest.page_lines import page_answer, page_of_line
from ingest.site_memory import SiteMemory
from ingest.site_reader import SiteReader
from ingest.workers import Workers

IN_FLIGHT = 64

Source = Annotated[
    Path | None, typer.Argument(help="A file of JSON lines; standard input if left out.", exists=True, dir_okay=False)
]


def extract(source: Source = None) -> None:
    """Clean text of pages: {"url", "html"} lines in, article lines out, in order.

    Example: [bold]geowire extract pages.jsonl > articles.jsonl[/bold]
    """
    with opened(source) as lines:
        asyncio.run(write_extractions(parse_lines(lines)))


def tag(source: Source = None) -> None:
    """Entities, countries, themes and military-aid facts: lines with id, title, text in, tagged lines out.

    Example: [bold]geowire tag articles.jsonl > tagged.jsonl[/bold]
    """
    from processors.tag.tag import tag_article  # noqa: PLC0415  # the gazetteer takes a moment

    tagger = load_tagger(load_settings())
    undated = datetime.now(UTC)
    with opened(source) as lines:
        for number, line in enumerate(parse_lines(lines), 1):
            article = checked(Article, complete_article(line, undated), number)
            write(tag_article(article, tagger).model_dump_json())


def relate(source: Source = None) -> None:
    """Group articles into stories: tagged lines in, {"article_id", "story_id", "duplicate_of"} lines out.

    A line {"merged": {"from", "to"}} comes when two stories turn out to be one.

    Example: [bold]geowire tag articles.jsonl | geowire relate[/bold]
    """
    from processors.relate.grouping import Grouping  # noqa: PLC0415
    from processors.relate.lines import tagged_from_lines  # noqa: PLC0415

    settings = load_settings()
    grouping = Grouping(settings.story_window, most=settings.stories_max)
    with opened(source) as lines:
        tagged_lines = tagged_from_lines(parse_lines(lines))
        for tagged in named_problems(tagged_lines):
            assignment = grouping.add(tagged)
            for merged in assignment.merged:
                write(json.dumps({"merged": {"from": merged.from_, "to": merged.to}}))
            answer = {"article_id": tagged.id, "story_id": assignment.story_id, "duplicate_of": assignment.duplicate_of}
            write(json.dumps(answer))


def opened(source: Path | None) -> IO[str]:
    """The file, or standard input."""
    return sys.stdin if source is None else source.open(encoding="utf-8")


def write(line: str) -> None:
    """One answer."""
    sys.stdout.write(visible_json(line) + "\n")


def checked(model: type[Article], fields: dict[str, Any], number: int) -> Article:
    """The message of a line. Raises `Rejected` that names the line and the field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise Rejected(f"line {number}", first_problem(error)) from error


def named_problems(lines: Iterator[Any]) -> Iterator[Any]:
    """The same lines; one that is wrong is named."""
    read = 0
    try:
        for line in lines:
            yield line
            read += 1
    except ValidationError as error:
        raise Rejected(f"line {read + 1}", first_problem(error)) from error


async def write_extractions(lines: Iterable[dict[str, Any]]) -> None:
    """Answer the lines in order, as many at once as there are workers."""
    async with Workers(load_settings()) as workers:
        reader = SiteReader(workers, SiteMemory(None, lambda: datetime.now(UTC)))
        async for answer in in_order(reader, lines):
            write(json.dumps(answer, ensure_ascii=False))


async def in_order(reader: SiteReader, lines: Iterable[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """The answers in the order of the lines, a bounded number under way."""
    waiting: deque[asyncio.Task[dict[str, Any]]] = deque()
    for number, line in enumerate(lines, 1):
        page = page_of_line(line, number)
        waiting.append(asyncio.create_task(page_answer(reader, page)))
        if len(waiting) >= IN_FLIGHT:
            yield await waiting.popleft()
    while waiting:
        yield await waiting.popleft()
