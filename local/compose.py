"""Reading docker-compose.yml: the one description of the services, here without an engine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import yaml

from geowire.errors import Misconfigured

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
OUR_IMAGE = "geowire:local"
DONE = "service_completed_successfully"


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the compose file has it, its variables filled in."""

    name: str
    is_ours: bool
    """Whether it runs our image."""
    command: tuple[str, ...]
    """Entrypoint and command; empty if the image's own is meant and the image is not ours."""
    environment: Mapping[str, str]
    mounts: Mapping[str, str]
    """By path in the container: a volume's name, or a path beside the compose file that begins with a dot."""
    ports: Mapping[int, int]
    """The port on this machine by the port in the container, where one is published."""
    needs: Mapping[str, str]
    """The services that it waits for, and the condition."""


def read_services(text: str, variables: Mapping[str, str]) -> dict[str, Service]:
    """The services that start by default. Raises `Misconfigured` if a variable that must be set is not."""
    services = yaml.safe_load(text)["services"]
    wanted = {name: said for name, said in services.items() if not said.get("profiles")}
    return {name: _service(name, filled_in(said, variables)) for name, said in wanted.items()}


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` replaced in all its texts."""
    if isinstance(value, dict):
        return {key: filled_in(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, variables) for inner in value]
    return VARIABLE.sub(lambda found: _variable(found, variables), value) if isinstance(value, str) else value


def levels_of(needs: Mapping[str, Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The names in the order of their start: those of one level need only names of the levels before."""
    sorter = TopologicalSorter({name: [one for one in of if one in needs] for name, of in needs.items()})
    sorter.prepare()
    levels = []
    while sorter.is_active():
        levels.append(tuple(sorted(sorter.get_ready())))
        sorter.done(*levels[-1])
    return levels


def image_environment(dockerfile: str) -> dict[str, str]:
    """What the `ENV` lines of the image's last stage set."""
    last_stage = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[-1]
    lines = re.findall(r"^ENV (.+)$", last_stage, flags=re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in shlex.split(line))


def _variable(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, operator, rest = found.groups()
    if value := variables.get(name):
        return value
    if operator == "?":
        raise Misconfigured(f"{name}: {rest}")
    return rest or ""


def _service(name: str, said: Mapping[str, Any]) -> Service:
    is_ours = said.get("image") == OUR_IMAGE
    entrypoint = said.get("entrypoint") or (["geowire"] if is_ours else [])
    mounts = dict(_mount(mount) for mount in said.get("volumes", []))
    return Service(
        name=name,
        is_ours=is_ours,
        command=(*_words(entrypoint), *_words(said.get("command") or [])),
        environment={key: str(value) for key, value in (said.get("environment") or {}).items()},
        mounts=mounts | dict.fromkeys(said.get("tmpfs", []), "tmpfs"),
        ports=dict(_port(port) for port in said.get("ports", [])),
        needs={other: how["condition"] for other, how in said.get("depends_on", {}).items()},
    )


def _words(said: str | list[Any]) -> list[str]:
    return shlex.split(said) if isinstance(said, str) else [str(word) for word in said]


def _mount(written: str) -> tuple[str, str]:
    source, target, *_ = written.split(":")
    return target, source


def _port(written: str) -> tuple[int, int]:
    *_, here, inside = str(written).split(":")
    return int(inside), int(here)
