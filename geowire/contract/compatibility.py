"""Whether a schema is a purely additive change of a released one: what `breaks` finds would break somebody.

Allowed are new fields that need not be there, new values of a list of values, and other words. Everything else either
stops this code from reading what was written before, or surprises a reader that was made for the released schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

LIMITS = (
    "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "propertyNames",
)  # fmt: skip
"""Keywords that must stay as they are: tighter ones refuse old messages, looser ones surprise old readers."""


@dataclass(frozen=True)
class Place:
    """One schema inside a document, which resolves its references."""

    document: Schema
    schema: Schema

    def at(self, schema: Schema) -> Place:
        """Another schema of the same document."""
        return Place(self.document, schema)

    def alternatives(self) -> dict[str, Place]:
        """What may stand here, by JSON type; references and `anyOf` are followed."""
        if reference := self.schema.get("$ref"):
            return self.at(self.document["$defs"][str(reference).rpartition("/")[2]]).alternatives()
        if choices := self.schema.get("anyOf"):
            return {kind: place for choice in choices for kind, place in self.at(choice).alternatives().items()}
        return {str(self.schema.get("type", "anything")): self}


def breaks(released: Schema, current: Schema) -> list[str]:
    """What is not additive, one line each that begins with the field; empty if a release may follow the other."""
    return list(_compare("", Place(released, released), Place(current, current)))


def _compare(path: str, old: Place, new: Place) -> Iterator[str]:
    before, after = old.alternatives(), new.alternatives()
    yield from (f"{path or 'message'}: can no longer be {kind}" for kind in before.keys() - after.keys())
    yield from (f"{path or 'message'}: can now be {kind}" for kind in after.keys() - before.keys())
    for kind in sorted(before.keys() & after.keys()):
        yield from _compare_kind(path, before[kind], after[kind])


def _compare_kind(path: str, old: Place, new: Place) -> Iterator[str]:
    for name in LIMITS:
        was, is_ = old.schema.get(name), new.schema.get(name)
        if was != is_:
            yield f"{path or 'message'}: {name} was {was}, is {is_}"
    yield from _compare_values(path, old.schema, new.schema)
    yield from _compare_fields(path, old, new)
    yield from _compare_items(path, old, new)


def _compare_values(path: str, old: Schema, new: Schema) -> Iterator[str]:
    was, is_ = old.get("enum"), new.get("enum")
    if (was is None) != (is_ is None):
        yield f"{path}: {'may only be one of some values now' if was is None else 'may be more than the values listed'}"
    elif was is not None and is_ is not None:
        yield from (f"{path}: value {value!r} is gone" for value in was if value not in is_)


def _compare_fields(path: str, old: Place, new: Place) -> Iterator[str]:
    was, is_ = old.schema.get("properties", {}), new.schema.get("properties", {})
    needed_before, needed_now = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
    yield from (f"{_join(path, name)}: is gone" for name in was if name not in is_)
    yield from (f"{_join(path, name)}: is required now" for name in sorted(needed_now - needed_before))
    yield from (
        f"{_join(path, name)}: is no longer required" for name in sorted(needed_before & is_.keys() - needed_now)
    )
    for name in was.keys() & is_.keys():
        yield from _compare(_join(path, name), old.at(was[name]), new.at(is_[name]))
    yield from _compare_others(path, old, new)


def _compare_others(path: str, old: Place, new: Place) -> Iterator[str]:
    """Fields that are not named: an open object stays open, the values of a dictionary keep their schema."""
    was, is_ = old.schema.get("additionalProperties", True), new.schema.get("additionalProperties", True)
    if isinstance(was, Mapping) and isinstance(is_, Mapping):
        yield from _compare(f"{path}.*", old.at(was), new.at(is_))
    elif was != is_:
        yield f"{path or 'message'}: additionalProperties was {was}, is {is_}"


def _compare_items(path: str, old: Place, new: Place) -> Iterator[str]:
    was, is_ = old.schema.get("prefixItems", []), new.schema.get("prefixItems", [])
    if len(was) != len(is_):
        yield f"{path}: had {len(was)} places, has {len(is_)}"
    for number, (one, other) in enumerate(zip(was, is_, strict=False)):
        yield from _compare(f"{path}[{number}]", old.at(one), new.at(other))
    if "items" in old.schema and "items" in new.schema:
        yield from _compare(f"{path}[]", old.at(old.schema["items"]), new.at(new.schema["items"]))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
