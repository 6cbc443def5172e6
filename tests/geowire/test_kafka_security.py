"""TLS, passwords and permissions, each demanded by a real broker; what is set wrongly is one line that says so."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
)
from pydantic import SecretStr
from servers.secured_kafka import LEAVER, PASSWORD, SecuredBroker, secured_broker

from cli.main import run_app
from geowire.bus import Bus, Delivery, MemberOptions, Record, Subscription, open_bus
from geowire.errors import Misconfigured, Transient
from geowire.kafka_options import KafkaOptions, Mechanism
from geowire.stage import group_of
from geowire.topics import ARTICLES, TOPICS, Topic

pytestmark = pytest.mark.kafka
GRANTED = [
    (ResourceType.TOPIC, ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")),
    (ResourceType.GROUP, ("READ",)),
]
"""What docs/delivery.md lists, on everything whose name begins with `geowire.`."""
SECONDS = 15.0


@pytest.fixture(scope="module")
def secured(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """One broker for all of it; `geowire` has exactly the permissions of docs/delivery.md, `nobody` has none."""
    with secured_broker(kafka_libs, tmp_path_factory.mktemp("secured")) as broker:
        grant(broker.broker.server)
        yield broker


def grant(server: str) -> None:
    """Give the user `geowire` what it needs and no more."""
    admin = KafkaAdminClient(bootstrap_servers=[server])
    acls = [
        ACL(
            principal="User:geowire",
            host="*",
            operation=ACLOperation[operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(kind, "geowire.", ACLResourcePatternType.PREFIXED),
        )
        for kind, operations in GRANTED
        for operation in operations
    ]
    assert not admin.create_acls(acls)["failed"]
    admin.close()


def login(mechanism: Mechanism = "SCRAM-SHA-512", password: str = PASSWORD, user: str = "geowire") -> dict[str, Any]:
    """Options for a user with a password."""
    return {"mechanism": mechanism, "username": user, "password": SecretStr(password)}


def carries(bus: Bus, name: str) -> bool:
    """Whether a record goes in and comes out through a group."""
    topic = Topic(name, "id", "s", "w", (), partitions=1)
    bus.ensure_topics([topic])
    bus.publish([Record(name, b"k", b"v")])
    with bus.subscribe(f"{name}.group", [name]) as subscription:
        taken = take_and_commit(subscription)
    lag = sum(extent.lag for extent in bus.extents(f"{name}.group", [name]).values())
    return [delivery.record.value for delivery in taken] == [b"v"] and lag == 0


def take_and_commit(subscription: Subscription) -> list[Delivery]:
    """The first batch that comes."""
    for _ in range(30):
        if taken := subscription.poll(10, 0.5):
            subscription.commit({delivery.source: delivery.offset + 1 for delivery in taken})
            return taken
    raise AssertionError("nothing came")


@pytest.mark.parametrize(
    "way", ["tls", "unchecked", "mutual", "locked-key", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "clear"]
)
def test_every_way_in_carries_records(secured: SecuredBroker, way: str) -> None:
    """TLS, TLS with a certificate of our own, a password over TLS in three ways, and over plain text."""
    papers = secured.papers
    ours: dict[str, Any] = {"ca": papers.ca, "certificate": papers.certificate}
    ways: dict[str, tuple[str, KafkaOptions]] = {
        "tls": ("TLS", KafkaOptions(security="ssl", ca=papers.ca)),
        "unchecked": ("TLS", KafkaOptions(security="ssl", ca=papers.ca, check_hostname=False)),
        "mutual": ("MUTUAL", KafkaOptions(security="ssl", key=papers.key, **ours)),
        "locked-key": (
            "MUTUAL",
            KafkaOptions(security="ssl", key=papers.locked_key, key_password=SecretStr(PASSWORD), **ours),
        ),
        "clear": ("CLEAR", KafkaOptions(security="sasl_plaintext", **login())),
    }
    listener, options = ways.get(way) or (
        "PASSWORD",
        KafkaOptions(security="sasl_ssl", ca=papers.ca, **login(way)),  # type: ignore[arg-type]
    )

    host = "127.0.0.1" if options.check_hostname else "localhost"  # for which the broker has no certificate
    with open_bus(secured.url(listener, host), kafka=options) as bus:
        assert carries(bus, f"geowire.{uuid.uuid4().hex}")


WRONG: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "password": ("PASSWORD", "sasl_ssl", login("PLAIN", "hunter2-secret"), "GEOWIRE_KAFKA_PASSWORD"),
    "scram-password": ("CLEAR", "sasl_plaintext", login(password="hunter2-secret"), "GEOWIRE_KAFKA_PASSWORD"),
    "user": ("PASSWORD", "sasl_ssl", login(user="stranger"), "'stranger'"),
    "mechanism": ("CLEAR", "sasl_plaintext", login("PLAIN"), "one that it takes: SCRAM-SHA-"),
    "authority": ("TLS", "ssl", {"ca": "stranger"}, "GEOWIRE_KAFKA_CA: "),
    "host": ("TLS", "ssl", {"host": "localhost"}, "GEOWIRE_KAFKA_CHECK_HOSTNAME"),
    "no-certificate": ("MUTUAL", "ssl", {}, "GEOWIRE_KAFKA_CERTIFICATE: "),
    "clear-to-tls": ("TLS", "plaintext", {}, "speaks TLS only; write ssl"),
    "clear-login-to-tls": ("PASSWORD", "sasl_plaintext", login(), "speaks TLS only; write sasl_ssl"),
    "tls-to-clear": ("CLEAR", "sasl_ssl", login(), "does not speak TLS; write sasl_plaintext"),
    "no-login": ("CLEAR", "plaintext", {}, "asks for a login (SCRAM"),
    "no-login-tls": ("PASSWORD", "ssl", {}, "write sasl_ssl"),
    "needless-login": ("PLAINTEXT", "sasl_plaintext", login(), "asks for no login; write plaintext"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_at_once(secured: SecuredBroker, caplog: pytest.LogCaptureFixture, case: str) -> None:
    """It names the setting, and no password is in it or in any log, not even in the lines meant for debugging."""
    listener, security, changes, expected = WRONG[case]
    for name in (None, "kafka"):  # which the command silences
        caplog.set_level(logging.DEBUG, logger=name)
    options = dict(changes)
    host = str(options.pop("host", "127.0.0.1"))
    if "ssl" in security.removeprefix("sasl_"):
        options["ca"] = secured.papers.stranger if options.get("ca") else secured.papers.ca
    started = time.monotonic()

    with (
        open_bus(secured.url(listener, host), kafka=options_of(security, options)) as bus,
        pytest.raises(Misconfigured) as caught,
    ):
        bus.ensure_topics(TOPICS)

    line = str(caught.value)
    assert expected in line
    assert "\n" not in line
    assert time.monotonic() - started < SECONDS
    assert not [secret for secret in (PASSWORD, "hunter2-secret") if secret in line + caplog.text]


def options_of(security: str, changes: dict[str, Any]) -> KafkaOptions:
    """Options from loose parts."""
    return KafkaOptions(security=security, **changes)  # type: ignore[arg-type]


def test_a_login_leaves_no_password_in_the_logs(secured: SecuredBroker, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at DEBUG, where kafka-python prints what it sends."""
    for name in (None, "kafka"):  # which the command silences
        caplog.set_level(logging.DEBUG, logger=name)
    options = options_of("sasl_ssl", {"ca": secured.papers.ca, **login("PLAIN")})

    with open_bus(secured.url("PASSWORD"), kafka=options) as bus:
        assert carries(bus, f"geowire.{uuid.uuid4().hex}")

    assert "kafka" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(options)


def test_the_permissions_of_the_documentation_are_enough(secured: SecuredBroker) -> None:
    """With exactly these a user makes the topics, publishes, and reads as every stage's group."""
    options = options_of("sasl_ssl", {"ca": secured.papers.ca, **login()})
    with open_bus(secured.url("PASSWORD"), member=MemberOptions(name="replica-1"), kafka=options) as bus:
        assert bus.ensure_topics(TOPICS) == []
        bus.publish([Record(topic.name, b"k", b"v") for topic in TOPICS])
        for stage in ("tag", "relate", "flag", "webhook"):
            with bus.subscribe(group_of(stage), [ARTICLES.name], exclusive=stage != "tag") as subscription:
                assert take_and_commit(subscription)
            assert sum(extent.lag for extent in bus.extents(group_of(stage), [ARTICLES.name]).values()) == 0


def test_a_missing_permission_is_said_and_makes_no_dead_letter(secured: SecuredBroker) -> None:
    """A user without permissions can neither make topics nor publish; a person must act."""
    options = options_of("sasl_ssl", {"ca": secured.papers.ca, **login("PLAIN", user="nobody")})
    topic = Topic(f"geowire.{uuid.uuid4().hex}", "id", "s", "w", (), partitions=1)
    with open_bus(f"kafka://{secured.broker.server}") as bus:
        bus.ensure_topics([topic])

    with open_bus(secured.url("PASSWORD"), kafka=options) as bus:
        with pytest.raises(Misconfigured, match="does not permit it"):
            bus.ensure_topics([topic])
        with pytest.raises(Misconfigured, match=f"{topic.name}: .* does not permit DescribeConfigs"):
            bus.publish([Record(topic.name, b"k", b"v")])
        bus._limits[topic.name] = topic.max_message_bytes  # type: ignore[attr-defined]
        with pytest.raises(Misconfigured, match="does not permit it"):
            bus.publish([Record(topic.name, b"k", b"v")])


def test_a_user_that_is_taken_away_is_not_waited_for(secured: SecuredBroker) -> None:
    """A login is renewed while records are read; once the broker refuses that, the member ends with the line."""
    options = options_of("sasl_plaintext", login(user=LEAVER))
    topic = Topic(f"geowire.{uuid.uuid4().hex}", "id", "s", "w", (), partitions=1)
    member = MemberOptions(session_timeout=2.0)
    with open_bus(secured.url("CLEAR"), member=member, kafka=options) as bus:
        bus.ensure_topics([topic])
        with bus.subscribe("g" + topic.name, [topic.name]) as subscription:
            assert not [delivery for _ in range(5) for delivery in subscription.poll(10, 0.5)]
            bus.publish([Record(topic.name, b"k", b"v")])
            assert take_and_commit(subscription)
            admin = KafkaAdminClient(bootstrap_servers=[secured.broker.server])
            admin.alter_user_scram_credentials([UserScramCredentialDeletion(LEAVER, ScramMechanism.SCRAM_SHA_512)])
            admin.close()
            started = time.monotonic()

            with pytest.raises(Misconfigured, match="GEOWIRE_KAFKA_PASSWORD"):
                poll_through_faults(subscription)

        assert time.monotonic() - started < SECONDS


def poll_through_faults(subscription: Subscription) -> None:
    """Poll as the loop does, whatever passing fault there is."""
    for _ in range(60):
        with contextlib.suppress(Transient):
            subscription.poll(10, 0.5)


def test_the_command_reads_the_settings(
    secured: SecuredBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the environment and a password file to the broker; what is wrong is one line and exit code 2."""
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    settings = {"SECURITY": "sasl_ssl", "CA": secured.papers.ca, "SASL_MECHANISM": "PLAIN", "USERNAME": "geowire"}
    for name, value in (settings | {"PASSWORD_FILE": password}).items():
        monkeypatch.setenv(f"GEOWIRE_KAFKA_{name}", str(value))
    monkeypatch.setenv("GEOWIRE_BUS", secured.url("PASSWORD"))

    assert run_app(["status", "--json"]) in {0, 1}  # what other tests left may wait
    assert "geowire.articles.v1" in capsys.readouterr().out
    password.write_text("hunter2-secret", encoding="utf-8")
    assert run_app(["status"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("geowire: GEOWIRE_KAFKA_USERNAME, GEOWIRE_KAFKA_PASSWORD: ")
    assert "hunter2" not in line
