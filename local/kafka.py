"""Kafka from its jars, with the settings that the compose file gives its container."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from geowire.errors import Misconfigured
from local.compose import Service
from local.plan import Place, Planned, localised

CLUSTER_ID = "Z2Vvd2lyZS1sb2NhbC0wMQ"
JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
OF_THE_IMAGE = {"KAFKA_HEAP_OPTS"}
"""Read by the container's scripts, not by Kafka."""


def properties_of(service: Service, services: Mapping[str, Service], place: Place) -> dict[str, str]:
    """`KAFKA_LOG_DIRS` is `log.dirs`, as the image does it; hosts, ports and folders are those of this machine."""
    properties = {}
    for name, value in service.environment.items():
        if name.startswith("KAFKA_") and name not in OF_THE_IMAGE:
            here = place.mounted(service, value) or localised(_with_hosts(value, service), services, place.ports)
            properties[name.removeprefix("KAFKA_").lower().replace("_", ".")] = here
    return properties


def plan_kafka(service: Service, place: Place, libs: Path) -> Planned:
    """The broker's process. Its configuration is written by `format_storage`."""
    heap = shlex.split(service.environment.get("KAFKA_HEAP_OPTS", ""))
    logs = f"-Dkafka.logs.dir={place.folder / 'logs'}"
    command = (*JAVA, *heap, logs, "-cp", f"{libs}/*", "kafka.Kafka", str(_config(place)))
    return Planned(service.name, command, dict(place.inherited))


def format_storage(service: Service, services: Mapping[str, Service], place: Place, libs: Path) -> None:
    """Write the configuration and make the storage ready, once. Raises `Misconfigured` with what Kafka says."""
    properties = properties_of(service, services, place)
    Path(properties["log.dirs"]).mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in properties.items())
    _config(place).write_text(text, encoding="utf-8")
    tool = ["java", "-Xmx128m", "-cp", f"{libs}/*", "kafka.tools.StorageTool", "format", "--ignore-formatted"]
    command = [*tool, "-t", CLUSTER_ID, "-c", str(_config(place))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-300:]
        raise Misconfigured(f"Kafka cannot make its storage ready: {said}; Java 17 or later is needed")


def _with_hosts(value: str, service: Service) -> str:
    """Listeners that are open to every host listen on loopback here."""
    return value.replace("://:", f"://{service.name}:")


def _config(place: Place) -> Path:
    return place.folder / "data" / "kafka.properties"


def is_there(libs: Path) -> bool:
    """Whether the jars were copied."""
    return any(libs.glob("kafka_*.jar"))
