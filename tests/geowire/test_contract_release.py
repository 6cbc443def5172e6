"""What this code writes is what the last release promised; its schemas are an additive change of the released ones."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from geowire.bus import Delivery, open_bus
from geowire.contract.compatibility import breaks
from geowire.contract.release import current_schemas, problems, release, released_schemas
from geowire.errors import Misconfigured
from geowire.events import header_texts
from geowire.settings import Settings
from geowire.topics import MODELS, TOPICS

Schema = dict[str, Any]
NAMES = sorted({model.__name__ for model in MODELS.values()})
WRITTEN = {
    "geowire.article.published", "geowire.article.updated", "geowire.article.withdrawn", "geowire.article.tagged",
    "geowire.story.started", "geowire.story.updated", "geowire.flag.raised", "geowire.flag.retracted",
    "geowire.feed.polled",
}  # fmt: skip


@pytest.fixture(scope="module")
def deliveries(sample_run: Settings) -> list[Delivery]:
    """Everything that the real pipeline writes for the sample news web."""
    with open_bus(sample_run.bus_url) as bus:
        return [delivery for topic in TOPICS for delivery in everything(bus, topic.name)]


def everything(bus: Any, topic: str) -> Iterator[Delivery]:
    """All that stands on a topic."""
    with bus.read(topic) as reader:
        while not reader.at_end():
            yield from reader.poll(500, 1.0)


def any_value(schema: Any) -> Any:
    """A schema as a careful reader has it: where it lists values, others of the same type may come."""
    if isinstance(schema, dict):
        return {name: any_value(part) for name, part in schema.items() if name != "enum" or not isinstance(part, list)}
    return [any_value(part) for part in schema] if isinstance(schema, list) else schema


def test_what_the_pipeline_writes_follows_the_released_schemas(deliveries: list[Delivery]) -> None:
    """A reader that validates with the last release's schemas refuses nothing."""
    schemas = {name: jsonschema.Draft202012Validator(any_value(s)) for name, s in released_schemas().items()}
    written = Counter(header_texts(delivery.record.headers)["ce_type"] for delivery in deliveries)

    assert written.keys() >= WRITTEN
    for delivery in deliveries:
        model = MODELS[header_texts(delivery.record.headers)["ce_type"]].__name__
        assert not list(schemas[model].iter_errors(json.loads(delivery.record.value or b"")))


def test_what_the_pipeline_writes_follows_the_current_schemas(deliveries: list[Delivery]) -> None:
    """Values of lists included."""
    schemas = {name: jsonschema.Draft202012Validator(schema) for name, schema in current_schemas().items()}

    for delivery in deliveries:
        model = MODELS[header_texts(delivery.record.headers)["ce_type"]].__name__
        assert not list(schemas[model].iter_errors(json.loads(delivery.record.value or b"")))


def test_every_message_is_released() -> None:
    """A new message is frozen with the release that brings it: `make freeze`."""
    assert released_schemas().keys() == set(NAMES)


def test_the_current_schemas_are_an_additive_change_of_the_released_ones() -> None:
    """What is not needs a topic of its own, `.v2`, beside the old one."""
    assert problems(released_schemas(), current_schemas()) == []


def test_a_message_that_is_gone_is_noticed() -> None:
    """Readers of its type would wait for ever."""
    current = current_schemas()
    del current["StoryMerged"]

    assert problems(released_schemas(), current) == ["StoryMerged: the message is gone"]


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_open(name: str) -> None:
    """As documented: a reader ignores fields that it does not know, and no schema forbids them."""
    for schema in (released_schemas()[name], current_schemas()[name]):
        objects = [one for one in (schema, *schema.get("$defs", {}).values()) if "properties" in one]

        assert objects
        assert all(one.get("additionalProperties", True) is True for one in objects)


MESSAGE: Schema = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"type": "string", "maxLength": 64},
        "kind": {"enum": ["one", "two"], "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "span": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "integer"}], "minItems": 2},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "$defs": {"Part": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}  # fmt: skip
Change = Callable[[Schema], object]


def changed(change: Change) -> Schema:
    """The message's schema after a change."""
    schema = copy.deepcopy(MESSAGE)
    change(schema)
    return schema


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: s["properties"].update(mood={"type": "string"}), id="a new field"),
        pytest.param(lambda s: s["$defs"]["Part"]["properties"].update(size={"type": "integer"}), id="one in a part"),
        pytest.param(lambda s: s["properties"]["kind"]["enum"].append("three"), id="a new value"),
        pytest.param(lambda s: s["properties"]["id"].update(description="other words"), id="other words"),
        pytest.param(lambda s: s["properties"]["parts"].update(items=s["$defs"]["Part"]), id="a part in its place"),
    ],
)  # fmt: skip
def test_an_additive_change_is_none_that_breaks(change: Change) -> None:
    """Neither old messages nor old readers notice it."""
    assert breaks(MESSAGE, changed(change)) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda s: s["properties"].pop("note"), "note: is gone"),
        (lambda s: s["$defs"]["Part"]["properties"].pop("name"), "parts[].name: is gone"),
        (lambda s: s["properties"].update(note={"type": "string"}), "note: can no longer be null"),
        (lambda s: s["properties"].update(id={"type": "integer"}), "id: can no longer be string"),
        (lambda s: s["properties"]["id"].update(maxLength=32), "id: maxLength was 64, is 32"),
        (lambda s: s["properties"]["id"].pop("maxLength"), "id: maxLength was 64, is None"),
        (lambda s: s["properties"]["id"].update(pattern="^[a-z]+$"), "id: pattern was None, is ^[a-z]+$"),
        (lambda s: s["properties"]["id"].update(enum=["a"]), "id: may only be one of some values now"),
        (lambda s: s["required"].append("note"), "note: is required now"),
        (lambda s: s["$defs"]["Part"].update(required=["name", "size"]), "parts[].size: is required now"),
        (lambda s: s["required"].remove("id"), "id: is no longer required"),
        (lambda s: s["properties"]["kind"].update(enum=["one"]), "kind: value 'two' is gone"),
        (lambda s: s["properties"]["kind"].pop("enum"), "kind: may be more than the values listed"),
        (lambda s: s["properties"]["span"]["prefixItems"].pop(), "span: had 2 places, has 1"),
        (lambda s: s["properties"]["span"]["prefixItems"][0].update(type="null"), "span[0]: can no longer be integer"),
        (lambda s: s["properties"]["counts"]["additionalProperties"].update(type="null"), "counts.*: can now be null"),
        (lambda s: s.update(additionalProperties=False), "message: additionalProperties was True, is False"),
    ],
)  # fmt: skip
def test_a_change_that_breaks_is_named(change: Change, line: str) -> None:
    """By the field and what became of it."""
    assert line in breaks(MESSAGE, changed(change))


def test_a_wider_type_breaks_readers() -> None:
    """A reader of a string does not expect null."""
    assert breaks({"type": "string"}, MESSAGE["properties"]["note"]) == ["message: can now be null"]


def test_a_release_freezes_the_current_schemas(tmp_path: Path) -> None:
    """And a later one is refused when it would break a reader."""
    release(tmp_path)
    assert released_schemas(tmp_path) == current_schemas()

    article = json.loads((tmp_path / "Article.json").read_text("utf-8"))
    article["properties"]["mood"] = {"type": "string"}
    (tmp_path / "Article.json").write_text(json.dumps(article), "utf-8")

    with pytest.raises(Misconfigured, match=r"Article\.mood: is gone"):
        release(tmp_path)
