"""The compose file, without a Docker engine: it follows the specification, and nothing in it is open or secret."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cli.stages import READS
from local.compose import image_environment, read_services

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The document."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


def last_stage() -> str:
    """The part of the Dockerfile that makes the image."""
    return re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[-1]


def test_it_follows_the_specification(compose: dict[str, Any]) -> None:
    """The schema of the Compose Specification accepts it, and can refuse."""
    schema = json.loads(gzip.decompress((DATA / "compose-spec.schema.json.gz").read_bytes()))
    validator = jsonschema.Draft201909Validator(schema)

    assert not list(validator.iter_errors(compose))
    compose["services"]["tag"]["restarts"] = "always"
    assert list(validator.iter_errors(compose))
    del compose["services"]["tag"]["restarts"]


def test_nothing_is_open_beyond_loopback(compose: dict[str, Any]) -> None:
    """Every published port is bound to 127.0.0.1."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_no_password_is_written_down(compose: dict[str, Any]) -> None:
    """Passwords come from the environment, and a missing one stops the start with a word."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")

    assert text.count("${POSTGRES_PASSWORD:?") == text.count("POSTGRES_PASSWORD}") + text.count("${POSTGRES_PASSWORD:?")
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")


def test_our_image_is_not_root_and_cannot_write_to_itself(compose: dict[str, Any]) -> None:
    """A user of its own, which the last stage ends with; a read-only file system, no capabilities."""
    ours = [service for service in compose["services"].values() if service["image"] == "geowire:local"]
    users = re.findall(r"^USER (.+)$", last_stage(), flags=re.MULTILINE)

    assert users == ["geowire"]
    assert "useradd --create-home --uid 10001 geowire" in last_stage()
    assert last_stage().index("USER geowire") > last_stage().rindex("RUN ")
    assert ours
    assert all(service["read_only"] for service in ours)


def test_nobody_gains_privileges(compose: dict[str, Any]) -> None:
    """No service keeps capabilities that it was not given by name, and none is privileged or on the host's network."""
    for name, service in compose["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "network_mode", "pid", "devices"} & service.keys(), name
        assert not [mount for mount in service.get("volumes", []) if "docker.sock" in str(mount)], name
        assert "cap_add" not in service or name == "postgres"


def test_images_have_versions(compose: dict[str, Any]) -> None:
    """What is pulled tomorrow is what was tried; our own is built here."""
    pulled = [service["image"] for service in compose["services"].values() if "build" not in service]
    built_on = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)

    for image in [*pulled, *built_on]:
        assert re.search(r":\d[\w.-]*$", image), image


def test_who_is_waited_for_can_be_asked(compose: dict[str, Any]) -> None:
    """Each service that another needs healthy has a health check; one that must end is not started again for ever."""
    services = compose["services"]
    waits = [(need, how) for one in services.values() for need, how in one.get("depends_on", {}).items()]

    assert waits
    for need, how in waits:
        if how["condition"] == "service_healthy":
            assert {"test", "interval", "timeout", "retries"} <= services[need]["healthcheck"].keys(), need
        else:
            assert how["condition"] == "service_completed_successfully"
            assert services[need]["restart"] == "on-failure"


def test_every_path_that_is_written_is_a_volume_or_in_memory() -> None:
    """Whatever folder the settings of our services name lies on a mount; only what is mounted read-only is not."""
    image = image_environment(DOCKERFILE)
    written = {"GEOWIRE_DATA", "PREFECT_HOME", "PREFECT_SERVER_UI_STATIC_DIRECTORY"}
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    ours = [service for service in read_services(text, {"POSTGRES_PASSWORD": "x"}).values() if service.is_ours]

    assert ours
    for service in ours:
        settings = {**image, **service.environment}
        paths = {name: value for name, value in settings.items() if value.startswith("/") and name != "PATH"}
        assert {"/data", "/tmp"} <= service.mounts.keys()
        assert paths.keys() - written <= {"GEOWIRE_FEEDS"}, service.name
        for name in paths.keys() & written:
            assert any(f"{paths[name]}/".startswith(f"{target}/") for target in ("/data", "/tmp")), (service.name, name)


def test_what_the_image_is_made_of_is_there() -> None:
    """Each source of a COPY exists and is sent to the builder, every room among them; hashes are checked."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
    sources = [source for line in lines for source in line.split()[:-1]]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    installs = re.findall(r"pip install .+", DOCKERFILE)

    assert {"geowire", "ingest", "processors", "flows", "cli", "prefect.yaml"} <= set(sources)
    assert not [source for source in sources if not (ROOT / source).exists() or source in ignored]
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert all("--no-deps" in install for install in installs)


def test_the_image_holds_no_tool_of_development() -> None:
    """Its lock is a part of the one for development, version by version, without what only that one asks for."""
    image, development = (pins(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    tools = {re.split(r"[<>=]", line)[0].lower() for line in groups["dev"]}

    assert image.items() < development.items()
    assert not image.keys() & (tools - {"babel", "jsonschema"})
    assert tools <= development.keys()


def pins(lock: Path) -> dict[str, str]:
    """The version of each package that a lock names."""
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;]+)", lock.read_text("utf-8"), flags=re.MULTILINE))


def test_the_build_is_sent_no_secrets() -> None:
    """What a person keeps beside the code stays there."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()

    assert {".env", ".geowire", ".local", ".git"} <= set(ignored)


def test_every_stage_is_a_service(compose: dict[str, Any]) -> None:
    """One service per stage, each with a volume for its state."""
    for name in READS:
        service = compose["services"][name]
        assert service["command"] == ["process", name]
        assert service["volumes"] == [f"{name}:/data"]
        assert name in compose["volumes"]


def test_what_prometheus_scrapes_is_a_service_that_shows_metrics(compose: dict[str, Any]) -> None:
    """The targets of ops/prometheus.yml are the services with GEOWIRE_METRICS, each checked by its readiness."""
    scraped = yaml.safe_load((ROOT / "ops" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    targets = {target for job in scraped for config in job["static_configs"] for target in config["targets"]}
    showing = {
        name: service
        for name, service in compose["services"].items()
        if "GEOWIRE_METRICS" in service.get("environment", {})
    }

    assert targets == {f"{name}:9464" for name in showing}
    assert showing.keys() == {*READS, "exporter"}
    for service in showing.values():
        assert service["environment"]["GEOWIRE_METRICS"].endswith(":9464")
        assert "/readyz" in " ".join(service["healthcheck"]["test"])


def test_every_volume_is_named(compose: dict[str, Any]) -> None:
    """State survives `docker compose down`."""
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith((".", "$"))}

    assert named == compose["volumes"].keys()
