"""The article's own JSON-LD: when it was published and whether it is free to read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

SCRIPT_LIMIT = 500_000
DEPTH_LIMIT = 6


def article_node(scripts: Iterable[str]) -> dict[str, Any]:
    """The first node that describes an article; empty if there is none."""
    for script in scripts:
        for node in _nodes(_loaded(script), DEPTH_LIMIT):
            if _is_article(node):
                return node
    return {}


def is_free(node: dict[str, Any]) -> bool:
    """False only if the article, or a part of it, says that it is not."""
    parts = node.get("hasPart")
    listed = parts if isinstance(parts, list) else [parts]
    return not any(_is_closed(part) for part in (node, *listed[:20]) if isinstance(part, dict))


def _is_closed(part: dict[str, Any]) -> bool:
    stated = str(part.get("isAccessibleForFree", True)).strip().lower()
    return stated in {"false", "no", "0", "http://schema.org/false", "https://schema.org/false"}


def text_of(node: dict[str, Any], name: str) -> str:
    """A field as text; empty if it is something else."""
    value = node.get(name)
    return value if isinstance(value, str) else ""


def names_of(node: dict[str, Any], field: str) -> list[str]:
    """The names of the people in a field: text, an object with a name, or a list of those."""
    value = node.get(field)
    people = value if isinstance(value, list) else [value]
    names = [person.get("name") if isinstance(person, dict) else person for person in people[:50]]
    flat = [part for name in names for part in (name if isinstance(name, list) else [name])]
    return [name.strip() for name in flat if isinstance(name, str) and name.strip() and "://" not in name]


def _loaded(script: str) -> Any:
    if len(script) > SCRIPT_LIMIT:
        return None
    try:
        return json.loads(script.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _nodes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, list) and depth:
        for item in value[:200]:
            yield from _nodes(item, depth - 1)
    elif isinstance(value, dict) and depth:
        yield value
        yield from _nodes(value.get("@graph"), depth - 1)
        yield from _nodes(value.get("mainEntity"), depth - 1)


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.endswith(("Article", "BlogPosting", "Report")) for name in names)
