"""From services to processes of this machine: hosts and ports become loopback, mounts become folders. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.compose import DONE, Service, levels_of

LOOPBACK = "127.0.0.1"
ANYWHERE = "0.0.0.0"  # noqa: S104  # what is replaced here
LISTENER = re.compile(re.escape(ANYWHERE) + r":(\d+)")
SAMPLE_WEB = "sample-web"
SAMPLE_SITES = 16
"""Ports in a row that the sample news web may take."""
SAMPLE_ENVIRONMENT = {
    "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
    "GEOWIRE_MAX_AGE": "36500d",  # the sample's articles are of one year and never too old
    "GEOWIRE_STORY_WINDOW": "21d",  # they come all at once: none of them is late
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The first port of each server on loopback."""

    kafka: int = 29_092
    """This one for a person, the next for the services, the one after for the controller, as in the compose file."""
    postgres: int = 25_432
    prefect: int = 4_200
    web: int = 28_000
    """The sample news web takes sixteen in a row."""
    metrics: int = 29_464
    """For what a service shows to the others alone, such as metrics; one for each service, in the order of names."""

    def of(self, service: str, inside: int) -> int | None:
        """The port here of a service's port in its container."""
        known = {
            ("kafka", 29_092): self.kafka,
            ("kafka", 9_092): self.kafka + 1,
            ("kafka", 9_093): self.kafka + 2,
            ("postgres", 5_432): self.postgres,
            ("prefect-server", 4_200): self.prefect,
        }
        return known.get((service, inside))

    def taken_by(self, names: Mapping[str, object], shown: Mapping[str, int]) -> dict[int, tuple[str, str]]:
        """Every port that the named processes will listen on: whose it is, and the option that moves it.

        `shown` are the ports of what a service shows to the others alone.
        """
        mine = {"kafka": ("KAFKA_PORT", self.kafka, 3), "postgres": ("POSTGRES_PORT", self.postgres, 1)}
        mine |= {"prefect-server": ("PREFECT_PORT", self.prefect, 1), SAMPLE_WEB: ("WEB_PORT", self.web, SAMPLE_SITES)}
        servers = {
            first + more: (name, option)
            for name, (option, first, count) in mine.items()
            if name in names
            for more in range(count)
        }
        return servers | {port: (name, "METRICS_PORT") for name, port in shown.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where on this machine a system lives, and with what."""

    root: Path
    """The clone: commands start here, as in the image's working folder."""
    folder: Path
    """Logs, data and the record."""
    binaries: Path
    """The folder of `geowire`, `prefect` and `python`."""
    ports: Ports
    feeds: str
    """A path or an address; empty: the sample news web."""
    inherited: Mapping[str, str]
    """The environment of whoever starts it."""
    image: Mapping[str, str]
    """The environment that the image sets."""

    @property
    def catalogue(self) -> str:
        """Where the feed list is read."""
        return self.feeds or f"http://{LOOPBACK}:{self.ports.web}/feeds.yaml"

    def mounted(self, service: Service, path: str) -> str | None:
        """The path here of a path in the service's container; None if nothing is mounted there."""
        for target, source in service.mounts.items():
            if path == target or path.startswith(f"{target}/"):
                return str(self._source(service, source)) + path.removeprefix(target)
        return None

    def _source(self, service: Service, source: str) -> Path:
        if source == "tmpfs":
            return self.folder / "tmp" / service.name
        return self.root / source if source.startswith((".", "/")) else self.folder / "data" / source


@dataclass(frozen=True, slots=True)
class Planned:
    """A process to be started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_one_shot: bool = False
    """Whether it is done when it ends, and whoever needs it waits for that."""


def plan_ours(services: Mapping[str, Service], place: Place) -> dict[str, Planned]:
    """The processes of our image, and the sample news web if there are no feeds."""
    one_shots = {name for service in services.values() for name, how in service.needs.items() if how == DONE}
    ours = {name: service for name, service in services.items() if service.is_ours}
    planned = {name: _planned(service, services, place, name in one_shots) for name, service in ours.items()}
    if not place.feeds:
        web = (str(place.binaries / "python"), "-m", "cli.sample_web", "--port", str(place.ports.web))
        planned[SAMPLE_WEB] = Planned(SAMPLE_WEB, web, dict(place.inherited))
    return planned


def starting_levels(services: Mapping[str, Service], names: Mapping[str, object]) -> list[tuple[str, ...]]:
    """The named processes in the order of their start; the sample news web before everything."""
    needs: dict[str, Mapping[str, str]] = {name: dict(services[name].needs) for name in names if name in services}
    if SAMPLE_WEB in names:
        needs[SAMPLE_WEB] = {}
    return levels_of(needs)


def localised(text: str, services: Mapping[str, Service], ports: Ports) -> str:
    """The text with loopback addresses in the place of `service:port`, and published ports as they are here."""

    def here(found: re.Match[str]) -> str:
        port = port_here(services[found[1]], int(found[2]), ports)
        return found[0] if port is None else f"{LOOPBACK}:{port}"

    def published(found: re.Match[str]) -> str:
        mapped = [
            (one, inside) for one in services.values() for inside, out in one.ports.items() if str(out) == found[2]
        ]
        port = port_here(*mapped[0], ports) if mapped else None
        return found[0] if port is None else f"{found[1]}:{port}"

    names = "|".join(re.escape(name) for name in services)
    return re.sub(
        rf"(?<![\w.-])({names}):(\d+)", here, re.sub(rf"({re.escape(LOOPBACK)}|localhost):(\d+)", published, text)
    )


def shown_ports(services: Mapping[str, Service], ports: Ports) -> dict[str, int]:
    """The port here of each service that listens for the others on a port that is not published."""
    return {
        name: ports.metrics + number
        for number, name in enumerate(sorted(services))
        for value in services[name].environment.values()
        if (found := LISTENER.fullmatch(value)) and port_here(services[name], int(found[1]), ports) is None
    }


def port_here(service: Service, inside: int, ports: Ports) -> int | None:
    """The port here of a port in the service's container: ours to choose, or the one that is published."""
    return ports.of(service.name, inside) or service.ports.get(inside)


def _planned(service: Service, services: Mapping[str, Service], place: Place, is_one_shot: bool) -> Planned:
    own = {**place.image, **service.environment}
    environment = {
        name: place.mounted(service, value) or _word(value, service, services, place) for name, value in own.items()
    }
    if "GEOWIRE_FEEDS" in environment:
        environment |= {"GEOWIRE_FEEDS": place.catalogue} | ({} if place.feeds else SAMPLE_ENVIRONMENT)
    elif service.command[0] == "geowire" and not place.feeds:
        environment |= SAMPLE_ENVIRONMENT
    path, temporary = f"{place.binaries}:{place.inherited.get('PATH', '')}", place.mounted(service, "/tmp")  # noqa: S108
    environment |= {"PATH": path} | ({"TMPDIR": temporary} if temporary else {})
    command = tuple(_word(word, service, services, place) for word in service.command)
    return Planned(service.name, command, {**place.inherited, **environment}, is_one_shot)


def _word(word: str, service: Service, services: Mapping[str, Service], place: Place) -> str:
    """A word of a command or a setting: an address to listen on becomes loopback, a port of the service's own ours."""
    if word.isdecimal():
        return str(port_here(service, int(word), place.ports) or word)
    if word == ANYWHERE:
        return LOOPBACK
    if listener := LISTENER.fullmatch(word):
        port = port_here(service, int(listener[1]), place.ports) or shown_ports(services, place.ports)[service.name]
        return f"{LOOPBACK}:{port}"
    return localised(word, services, place.ports)
