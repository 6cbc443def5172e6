"""The YAML form of a feed list: `feeds: [{url, title?, publisher?: {id?, name?, country?, family?}, language?}]`."""

from __future__ import annotations

from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from geowire.errors import Misconfigured
from geowire.messages.base import CountryCode

EXAMPLE = "write feeds: [{url: https://...}]"


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


class FeedList(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    feeds: Annotated[tuple[FeedRow, ...], BeforeValidator(lambda value: () if value is None else value)] = ()
    """The feeds, in the order in which they are listed."""


def feed_list_schema() -> dict[str, Any]:
    """JSON Schema of the YAML form, for editors."""
    return FeedList.model_json_schema()


def parse_yaml(data: bytes, name: str) -> list[tuple[int, FeedRow]]:
    """The rows with their line numbers. Raises `Misconfigured` naming file, line and field."""
    root = compose_yaml(data, name)
    if root is None:
        return []
    try:
        parsed = FeedList.model_validate(yaml.safe_load(data))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(step) for step in problem["loc"]) or "file"
        line = _line_of(root, problem["loc"])
        raise Misconfigured(f"{name}, line {line}: {field}: {problem['msg']}; {EXAMPLE}") from error
    return list(zip((item.start_mark.line + 1 for item in feed_nodes(root)), parsed.feeds, strict=True))


def compose_yaml(data: bytes, name: str) -> yaml.Node | None:
    """The document with its positions. Raises `Misconfigured` naming file and line."""
    try:
        node: yaml.Node | None = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misconfigured(f"{name}, line {line}: this is not YAML: {error.problem}; {EXAMPLE}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise Misconfigured(f"{name}: this is not YAML: {' '.join(str(error).split())}; {EXAMPLE}") from error
    return node


def feed_nodes(root: yaml.Node | None) -> list[yaml.Node]:
    """The nodes of the feeds, in order; none if the file has no list of feeds."""
    found = _step(root, "feeds") if root is not None else None
    return list(found.value) if isinstance(found, yaml.SequenceNode) else []


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
