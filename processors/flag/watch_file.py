"""Reading a watches file: YAML to frozen models, or one line that says where it is wrong and what to write instead."""

from __future__ import annotations

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
        _refuse_odd_nesting(root, name, set())
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
    try:
        return WatchFile.model_validate(data).watches
    except ValidationError as error:
        raise Misconfigured(_in_one_line(error.errors(include_url=False)[0], root, name)) from error


def _refuse_odd_nesting(node: yaml.Node | None, name: str, met: set[int], level: int = 0) -> None:
    """A key that stands twice, of which YAML would take the last, nesting that nobody reads, and aliases.

    An alias of aliases makes a small file mean more than fits into memory.
    """
    if node is None or isinstance(node, yaml.ScalarNode):
        return
    line = node.start_mark.line + 1
    if id(node) in met:
        raise Misconfigured(f"{name}:{line}: an alias stands for this; write it out where it is meant")
    met.add(id(node))
    if level > DEEPEST:
        raise Misconfigured(f"{name}:{line}: is nested too deeply; write at most {DEEPEST} levels")
    seen: set[str] = set()
    for child in node.value:
        key, value = child if isinstance(node, yaml.MappingNode) else (None, child)
        if key is not None and str(key.value) in seen:
            raise Misconfigured(f"{name}:{key.start_mark.line + 1}: {key.value}: stands here twice; write it once")
        seen |= {str(key.value)} if key is not None else set()
        _refuse_odd_nesting(value, name, met, level + 1)


def _in_one_line(problem: ErrorDetails, root: yaml.Node | None, name: str) -> str:
    path = [str(step) for step in problem["loc"]] + str(problem.get("ctx", {}).get("field", "")).split(".")
    place = [step for step in path if step]
    given = problem["input"]
    was = f" (it is {given!r})" if isinstance(given, str) else ""
    field = ".".join(place) or "the file"
    return f"{name}:{line_of(root, place)}: {field}: {_advice(problem)}{was}"


ADVICE = {
    "missing": "is missing; write it",
    "bool_parsing": "write true or false",
    "float_parsing": "write a number",
    "finite_number": "write a number",
    "too_short": "is empty; write at least one",
    "string_too_short": "is empty; write something",
}


def _advice(problem: ErrorDetails) -> str:
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
