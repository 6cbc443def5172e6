"""From the compose file to processes of this machine: nothing of the containers' world is left in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT

from geowire.errors import Misconfigured
from local.compose import Service, filled_in, image_environment, levels_of, read_services
from local.kafka import properties_of
from local.launch import System, left_out, plan
from local.plan import SAMPLE_WEB, Place, Ports, shown_ports, starting_levels

COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
PASSWORD = "a-password-of-the-tests"


@pytest.fixture
def services() -> dict[str, Service]:
    """The services of the compose file."""
    return read_services(COMPOSE, {"POSTGRES_PASSWORD": PASSWORD})


def system(services: dict[str, Service], *, feeds: str = "", postgres: bool = True) -> System:
    """A system on ports that are not the compose file's."""
    image = image_environment((ROOT / "Dockerfile").read_text("utf-8"))
    ports = Ports(kafka=31_000, postgres=31_010, prefect=31_020, web=31_030)
    place = Place(ROOT, Path("/here"), Path("/venv/bin"), ports, feeds, {"PATH": "/usr/bin", "LANG": "C"}, image)
    return System(services, place, Path("/libs"), Path("/pg") if postgres else None)


def test_every_service_is_a_process(services: dict[str, Service]) -> None:
    """Kafka, PostgreSQL and every service of our image; the sample news web besides, if there are no feeds."""
    assert set(plan(system(services, feeds="feeds.yaml"))) == set(services)
    assert set(plan(system(services))) == {*services, SAMPLE_WEB}
    assert not left_out(services, list(plan(system(services))))


def test_commands_and_settings_are_those_of_the_containers(services: dict[str, Service]) -> None:
    """Word for word, but for addresses, ports, paths, and what is read from the person's own environment."""
    for name, process in plan(system(services, feeds="feeds.yaml")).items():
        if not services[name].is_ours:
            continue
        assert len(process.command) == len(services[name].command)
        for ours, said in zip(process.command, services[name].command, strict=True):
            assert ours == said or re.fullmatch(r"0\.0\.0\.0|\d+", said), (name, said)
        for setting, said in services[name].environment.items():
            is_place = re.search(r":\d{4,5}\b|^/|^\d+$", said)
            assert is_place or process.environment[setting] == said, (name, setting)


def test_nothing_is_left_of_the_containers_addresses(services: dict[str, Service]) -> None:
    """No host of a container, no open address, no path of the image's volumes."""
    hosts = "|".join(services)
    for name, process in plan(system(services)).items():
        told = [*process.command, *process.environment.values()]
        assert not [word for word in told if re.search(rf"(?<![\w.-])({hosts}):\d|0\.0\.0\.0", word)], name
        assert not [word for word in told if word.startswith(("/data", "/config", "/tmp/"))], name


def test_addresses_and_folders_are_those_of_this_machine(services: dict[str, Service]) -> None:
    """The services' own listener of Kafka, PostgreSQL's port, Prefect's port; volumes are folders."""
    planned = plan(system(services))
    worker, server = planned["worker"].environment, planned["prefect-server"]

    assert worker["GEOWIRE_BUS"] == "kafka://127.0.0.1:31001"
    assert worker["GEOWIRE_STATE"] == f"postgresql://geowire:{PASSWORD}@127.0.0.1:31010/geowire"
    assert worker["PREFECT_API_URL"] == "http://127.0.0.1:31020/api"
    assert worker["GEOWIRE_FEEDS"] == "http://127.0.0.1:31030/feeds.yaml"
    assert worker["GEOWIRE_DATA"] == "/here/data/worker"
    assert worker["TMPDIR"] == "/here/tmp/worker"
    assert worker["PATH"] == "/venv/bin:/usr/bin"
    assert server.environment["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:31020/api"
    origins = "http://127.0.0.1:31020,http://localhost:31020"
    assert server.environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == origins
    assert server.command[-4:] == ("--host", "127.0.0.1", "--port", "31020")


def test_kafka_has_the_containers_settings(services: dict[str, Service]) -> None:
    """Three listeners, all on loopback; what the compose file sets, under Kafka's own names."""
    made = system(services)

    properties = properties_of(services["kafka"], services, made.place)

    assert properties["listeners"] == "INTERNAL://127.0.0.1:31001,CONTROLLER://127.0.0.1:31002,HOST://127.0.0.1:31000"
    assert properties["advertised.listeners"] == "INTERNAL://127.0.0.1:31001,HOST://127.0.0.1:31000"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:31002"
    assert properties["log.dirs"] == "/here/data/kafka"
    assert properties["auto.create.topics.enable"] == "false"
    assert "-Xmx512m" in plan(made)["kafka"].command


def test_without_postgresql_nobody_is_told_of_it(services: dict[str, Service]) -> None:
    """No setting names it, so that geowire and Prefect take SQLite."""
    planned = plan(system(services, postgres=False))

    assert "postgres" not in planned
    assert not [value for one in planned.values() for value in one.environment.values() if "postgresql" in value]


def test_who_needs_another_starts_after_it(services: dict[str, Service]) -> None:
    """As `depends_on` has it, with the sample news web first."""
    levels = starting_levels(services, plan(system(services)))
    level = {name: number for number, names in enumerate(levels) for name in names}

    assert level[SAMPLE_WEB] == 0
    for name, service in services.items():
        assert all(level[name] > level[needed] for needed in service.needs)
    assert levels_of({"a": {"gone": ""}}) == [("a",)]


def test_a_variable_that_must_be_set_is_named() -> None:
    """One line, with the compose file's own words."""
    with pytest.raises(Misconfigured, match=r"POSTGRES_PASSWORD: write POSTGRES_PASSWORD into \.env"):
        read_services(COMPOSE, {})


@pytest.mark.parametrize(
    ("written", "meant"),
    [("${A}", "1"), ("${A:-2}", "1"), ("${B:-2}", "2"), ("${B}", ""), ("x${A:?no}y${B:-}", "x1y"), ("plain", "plain")],
)
def test_variables_are_filled_in(written: str, meant: str) -> None:
    """As compose does it."""
    assert filled_in([written], {"A": "1"}) == [meant]


def test_what_services_show_each_other_gets_a_port_of_its_own() -> None:
    """Each container has its own port 9464; here each process has another one, on loopback."""
    shows = 'image: "geowire:local", command: [process], environment: {GEOWIRE_METRICS: "0.0.0.0:9464"}'
    published = 'image: "geowire:local", environment: {A: "0.0.0.0:80"}, ports: ["127.0.0.1:8080:80"]'
    kafka = "image: kafka"
    services = read_services(
        f"services: {{kafka: {{{kafka}}}, a: {{{shows}}}, b: {{{shows}}}, c: {{{published}}}}}", {}
    )
    made = system(services, feeds="feeds.yaml", postgres=False)

    planned = plan(made)

    assert planned["a"].environment["GEOWIRE_METRICS"] == "127.0.0.1:29464"
    assert planned["b"].environment["GEOWIRE_METRICS"] == "127.0.0.1:29465"
    assert planned["c"].environment["A"] == "127.0.0.1:8080"
    taken = made.place.ports.taken_by(planned, shown_ports(services, made.place.ports))
    assert taken[29_465] == ("b", "METRICS_PORT")
    assert taken[31_000] == ("kafka", "KAFKA_PORT")


def test_a_service_of_a_profile_waits_to_be_asked_for() -> None:
    """It does not start by default, neither there nor here; a published port is kept as it is."""
    text = 'services: {a: {image: "geowire:local", ports: ["127.0.0.1:9101:9100"]}, b: {image: x, profiles: [extra]}}'

    found = read_services(text, {})

    assert list(found) == ["a"]
    assert found["a"].ports == {9_100: 9_101}
    assert found["a"].command == ("geowire",)
