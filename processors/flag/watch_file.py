"""Reading a watches file: YAML to frozen models, or one line that says where it is wrong and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from geowire.errors import Misconfigured
from processors.flag.watch import Watch, WatchFile

SHIPPED = "watches.yaml"
DEEPEST = 30
"""Levels of lists and mappings."""
MOST_VALUES = 20_000
"""Values of a file once its aliases are written out: a few lines of them can stand for thousands of millions."""
SHOWN = 60
"""Characters of a wrong value that a line shows."""


def shipped_watches() -> tuple[Watch, ...]:
    """The watches that come with geowire."""
    return parse_watches(files(__package__).joinpath(SHIPPED).read_text("utf-8"), SHIPPED)


def read_watches(path: Path) -> tuple[Watch, ...]:
    """The watches of a file. Raises `Misconfigured` with file, line, field and what to write instead."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path}: cannot be read ({error}); name a UTF-8 text file in GEOWIRE_WATCHES") from error
    return parse_watches(text, str(path))


def parse_watches(text: str, name: str) -> tuple[Watch, ...]:
    """The watches in a text. Scalars are taken as written, so that `NO` is Norway and not a boolean."""
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader builds only texts, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misconfigured(
            f"{name}:{line}: not YAML: {error.problem}; write it as in the shipped {SHIPPED}"
        ) from error
    except yaml.YAMLError as error:
        raise Misconfigured(f"{name}:1: not YAML: {str(error).splitlines()[0]}; write plain UTF-8 text") from error
    except RecursionError as error:
        raise Misconfigured(f"{name}:1: is nested too deeply; write at most {DEEPEST} levels") from error
    _refuse_odd_nesting(root, name, _Spent())
    try:
        return WatchFile.model_validate(data).watches
    except ValidationError as error:
        raise Misconfigured(_in_one_line(error.errors(include_url=False)[0], root, name)) from error


@dataclass
class _Spent:
    """How many values of a file were looked at."""

    values: int = 0


def _refuse_odd_nesting(node: yaml.Node | None, name: str, spent: _Spent, level: int = 0) -> None:
    """A key that stands twice, of which YAML would take the last, and nesting or repetition that nobody reads."""
    if node is None:
        return
    line = node.start_mark.line + 1
    spent.values += 1
    if spent.values > MOST_VALUES:
        raise Misconfigured(f"{name}:{line}: has more than {MOST_VALUES} values, aliases written out; write fewer")
    if isinstance(node, yaml.ScalarNode):
        return
    if level > DEEPEST:
        raise Misconfigured(f"{name}:{line}: is nested too deeply; write at most {DEEPEST} levels")
    _refuse_twice(node, name)
    for child in node.value:
        _refuse_odd_nesting(child[1] if isinstance(node, yaml.MappingNode) else child, name, spent, level + 1)


def _refuse_twice(node: yaml.Node, name: str) -> None:
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        if str(key.value) in seen:
            raise Misconfigured(f"{name}:{key.start_mark.line + 1}: {key.value}: stands here twice; write it once")
        seen.add(str(key.value))


def _in_one_line(problem: ErrorDetails, root: yaml.Node | None, name: str) -> str:
    path = [str(step) for step in problem["loc"]] + str(problem.get("ctx", {}).get("field", "")).split(".")
    place = [step for step in path if step]
    given = problem["input"]
    was = f" (it is {_cut(given)!r})" if isinstance(given, str) else ""
    field = ".".join(place) or "the file"
    return f"{name}:{line_of(root, place)}: {field}: {_advice(problem)}{was}"


def _cut(given: str) -> str:
    return given if len(given) <= SHOWN else f"{given[:SHOWN]}…"


ADVICE = {
    "missing": "is missing; write it",
    "bool_parsing": "write true or false",
    "float_parsing": "write a number",
    "finite_number": "write a number",
    "too_short": "is empty; write at least one",
    "tuple_type": "write a list",
    "string_too_short": "is empty; write something",
}


def _advice(problem: ErrorDetails) -> str:
    if problem["type"] == "tuple_type" and not problem["input"]:
        return ADVICE["too_short"]
    said = problem["msg"].replace("Input should be", "write").replace("String should", "it should")
    return ADVICE.get(problem["type"], said)


def line_of(root: yaml.Node | None, path: list[str]) -> int:
    """The line of the deepest node that a path leads to."""
    node, line = root, 1
    for step in path:
        found = _child(node, step)
        if found is None and step.isdigit():
            continue  # one thing without brackets, which is a list of one
        if found is None:
            return line
        node, line = found
    return line


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        item: yaml.Node = node.value[int(step)]
        return item, item.start_mark.line + 1
    return None
