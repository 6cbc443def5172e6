"""The YAML form of a feed list, a row for each feed: `url`, and `title`, `publisher`, `language`, `folder` if known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from geowire.errors import Misconfigured
from geowire.messages.base import CountryCode
from ingest.clean_text import clean_line

EXAMPLE = "write feeds: and below it a line - url: https://... for each"
FAST_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast; but it bounds no nesting, names faults less well, and where a node ends it tells otherwise."""
NUMBER_LIMIT = 100
DEEPEST = 20
"""Levels of lists and mappings that are read fast."""


def _one_line(value: object) -> object:
    """Text as every form of the list can hold it."""
    return clean_line(value) or None if isinstance(value, str) else value


class PublisherRow(BaseModel):
    """Who publishes a feed; everything may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str | None = Field(default=None, min_length=1, max_length=200)
    """Stable id, such as `reuters`; without it the registered domain stands in."""
    name: str | None = Field(default=None, max_length=200)
    """As readers know it."""
    country: CountryCode | None = None
    """Where it is based: ISO 3166-1 alpha-2."""
    family: str | None = Field(default=None, max_length=200)
    """Its owner's id, so that the titles of one owner count as one voice."""

    _texts = field_validator("id", "name", "family", mode="before")(_one_line)


class FeedRow(BaseModel):
    """One feed of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: str = Field(min_length=1, max_length=2_048)
    """Address of the feed: http or https."""
    title: str | None = Field(default=None, max_length=500)
    """What to call it."""
    publisher: PublisherRow = PublisherRow()
    """Who publishes it."""
    language: str | None = Field(default=None, max_length=35)
    """BCP 47, usually two letters."""
    folder: str | None = Field(default=None, max_length=500)
    r"""Where a person keeps it, such as `europe/baltics`; a slash inside a name is written `\/`."""

    _texts = field_validator("title", "language", "folder", mode="before")(_one_line)

    @field_validator("folder")
    @classmethod
    def _plain_path(cls, folder: str | None) -> str | None:
        return join_folder(split_folder(folder))


class FeedList(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    feeds: Annotated[tuple[FeedRow, ...], BeforeValidator(lambda value: () if value is None else value)] = ()
    """The feeds, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place in a feed list that could not be read, and what to write there."""

    name: str
    """The file."""
    line: int
    """0 if it is the whole file."""
    reason: str

    def __str__(self) -> str:
        return f"{self.name}, line {self.line}: {self.reason}" if self.line else f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a feed list holds: rows with their line numbers, and what could not be read."""

    rows: list[tuple[int, FeedRow]]
    unreadable: list[Unreadable]


def split_folder(folder: str | None) -> tuple[str, ...]:
    """The names in a folder's path."""
    marked = re.sub(r"\\(.)", lambda found: {"/": "\0", "\\": "\1"}.get(found[1], found[0]), folder or "")
    names = (name.replace("\0", "/").replace("\1", "\\").strip() for name in marked.split("/"))
    return tuple(name for name in names if name)


def join_folder(names: Iterable[str]) -> str | None:
    """The path of a folder from its names."""
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in names if name) or None


def feed_list_schema() -> dict[str, Any]:
    """JSON Schema of the YAML form, for editors."""
    return FeedList.model_json_schema()


def parse_yaml(data: bytes, name: str) -> Rows:
    """The rows, with what is wrong in others. Raises `Misconfigured` if the file is no feed list at all."""
    root = _composed_fast(data, name)
    if root is None:
        return Rows([], [])
    _refuse_bombs(root, name)
    _refuse_second_list(root, name)
    value = _constructed(root, name)
    try:
        parsed: dict[int, FeedRow] = dict(enumerate(FeedList.model_validate(value).feeds))
        unreadable: dict[int, Unreadable] = {}
    except ValidationError as error:
        unreadable = _unreadable_rows(error, root, name)
        good = [(at, row) for at, row in enumerate(value["feeds"]) if at not in unreadable]
        parsed = {at: FeedRow.model_validate(row) for at, row in good}
    lines = [node.start_mark.line + 1 for node in feed_nodes(root)]
    return Rows([(lines[at], row) for at, row in parsed.items()], list(unreadable.values()))


def write_yaml(rows: Iterable[FeedRow]) -> str:
    """Rows as the items of `feeds`, a publisher on one line. What is not set is left out."""
    items = [_fields(row) for row in rows]
    return yaml.dump(items, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)


def _composed_fast(data: bytes, name: str) -> yaml.Node | None:
    with suppress(yaml.YAMLError, ValueError):
        if not _is_deep(data):
            fast: yaml.Node | None = yaml.compose(data, Loader=FAST_LOADER)
            return fast
    return compose_yaml(data, name)


def _is_deep(data: bytes) -> bool:
    """Whether it nests deeper than any feed list: the fast loader would end the process."""
    level = 0
    for event in yaml.parse(data, Loader=FAST_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        if level > DEEPEST:
            return True
    return False


def compose_yaml(data: bytes, name: str) -> yaml.Node | None:
    """The document with its positions. Raises `Misconfigured` naming file and line."""
    try:
        node: yaml.Node | None = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misconfigured(f"{name}, line {line}: this is not YAML: {error.problem}; {EXAMPLE}") from error
    except RecursionError as error:
        raise Misconfigured(f"{name}: this is not a feed list: too many brackets in brackets; {EXAMPLE}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise Misconfigured(f"{name}: this is not YAML: {' '.join(str(error).split())}; {EXAMPLE}") from error
    return node


def feed_nodes(root: yaml.Node | None) -> list[yaml.Node]:
    """The nodes of the feeds, in order; none if the file has no list of feeds."""
    found = feed_list_node(root)
    return list(found.value) if found is not None else []


def feed_list_node(root: yaml.Node | None) -> yaml.SequenceNode | None:
    """The node that holds them; None if the file has no list of feeds."""
    found = _step(root, "feeds")
    return found if isinstance(found, yaml.SequenceNode) else None


class _Inline(dict[str, object]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes `_Inline` in braces."""


_Dumper.add_representer(
    _Inline, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)


def _fields(row: FeedRow) -> dict[str, object]:
    fields = {name: value for name, value in row.model_dump(exclude_none=True).items() if value}
    return fields | {name: _Inline(value) for name, value in fields.items() if isinstance(value, dict)}


def _refuse_bombs(root: yaml.Node, name: str) -> None:
    """Aliases of aliases and endless numbers make a small file cost hours. Raises `Misconfigured` naming the line."""
    met: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            if node.tag.endswith((":int", ":float")) and len(node.value) > NUMBER_LIMIT:
                raise Misconfigured(f"{name}, line {line}: nothing in a feed list is so long a number; {EXAMPLE}")
            continue
        if id(node) in met:
            raise Misconfigured(f"{name}, line {line}: an alias stands for this; write it out where it is meant")
        met.add(id(node))
        pairs = isinstance(node, yaml.MappingNode)
        waiting += [part for pair in node.value for part in pair] if pairs else node.value


def _refuse_second_list(root: yaml.Node, name: str) -> None:
    """Of two lists of feeds YAML would drop the first without a word. Raises `Misconfigured` naming the line."""
    keys = [key for key, _ in root.value if key.value == "feeds"] if isinstance(root, yaml.MappingNode) else []
    if len(keys) > 1:
        line = keys[1].start_mark.line + 1
        raise Misconfigured(f"{name}, line {line}: feeds: is written twice; write all feeds under the first")


def _constructed(root: yaml.Node, name: str) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise Misconfigured(f"{name}: this is not a feed list: {said}; {EXAMPLE}") from error


def _unreadable_rows(error: ValidationError, root: yaml.Node, name: str) -> dict[int, Unreadable]:
    """What is wrong by row, the first thing of each. Raises `Misconfigured` if it is not about a row."""
    found: dict[int, Unreadable] = {}
    for problem in error.errors(include_url=False, include_context=False):
        path = problem["loc"]
        field = ".".join(str(step) for step in path) or "file"
        unreadable = Unreadable(name, _line_of(root, path), f"{field}: {problem['msg']}; {EXAMPLE}")
        if len(path) < 2 or not isinstance(path[1], int):
            raise Misconfigured(str(unreadable)) from error
        found.setdefault(path[1], unreadable)
    return found


def _line_of(root: yaml.Node, path: tuple[int | str, ...]) -> int:
    node = root
    for step in path:
        inner = _step(node, step)
        if inner is None:
            break
        node = inner
    return int(node.start_mark.line) + 1


def _step(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
