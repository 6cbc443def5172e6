"""The compose file, without a Docker engine: it follows the specification, and nothing in it is open or secret."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cli.stages import READS

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The document."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


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
    """A user of its own, a read-only file system, no capabilities."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    ours = [service for service in compose["services"].values() if service["image"] == "geowire:local"]

    assert "USER geowire" in dockerfile
    assert ours
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)


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
