"""Settings: durations, networks, and one line for whatever is written wrongly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from geowire.bus import open_bus
from geowire.errors import Misconfigured
from geowire.settings import load_settings, misspelt_names
from geowire.settings_values import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800), ("1.5h", 5_400), ("500ms", 0.5)]
)
def test_durations_are_a_number_and_a_unit(text: str, seconds: float) -> None:
    """`7d`, `12h`, `90s`."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("MAX_AGE", "7", "write a number and a unit"),
        ("MAX_AGE", "99999999999999d", "too long"),
        ("ALLOW_PRIVATE_NETWORKS", "10.0.0.0/40", "write true, false, or CIDRs"),
        ("CONCURRENCY", "many", "write a whole number"),
        ("CONCURRENCY", "0", "write a value greater than or equal to 1"),
        ("LOG_LEVEL", "LOUD", "write 'DEBUG', 'INFO'"),
        ("LOG_FORMAT", "xml", "write 'text' or 'json'"),
        ("OBEY_ROBOTS", "maybe", "write true or false"),
        ("RETRY_WAIT", "0s", "write a value greater than or equal to 1000 microseconds"),
        ("METRICS", "everywhere", "write a port such as 9464"),
        ("METRICS", ":9464", "write a port such as 9464"),
        ("METRICS", "127.0.0.1:99999", "host:port"),
        ("METRICS", "::1:9464", "host:port"),
        ("METRICS", "9" * 5_000, "host:port"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    """The line names the variable, what is wrong and what it holds."""
    monkeypatch.setenv(f"GEOWIRE_{name}", value)

    with pytest.raises(Misconfigured) as caught:
        load_settings()

    line = str(caught.value)
    assert line.startswith(f"GEOWIRE_{name}: ")
    assert hint in line
    assert "\n" not in line


def test_an_env_file_in_another_encoding_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As an old editor saves it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("GEOWIRE_USER_AGENT=Müller".encode("latin-1"))

    with pytest.raises(Misconfigured, match=r"^\.env: .*; save it as UTF-8$"):
        load_settings()


def test_private_networks_are_a_switch_or_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off by default."""
    assert load_settings().allow_private_networks == ()
    monkeypatch.setenv("GEOWIRE_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8, 10.1.0.0/16")
    assert [str(network) for network in load_settings().allow_private_networks] == ["127.0.0.0/8", "10.1.0.0/16"]


@pytest.mark.parametrize("name", ["WATCHES", "SPACY_MODEL", "FLAG_FEEDS"])
def test_an_empty_path_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """As a compose file hands it on."""
    monkeypatch.setenv(f"GEOWIRE_{name}", "")

    assert getattr(load_settings(), name.lower()) is None


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state's address may hold one."""
    monkeypatch.setenv("GEOWIRE_STATE", "postgresql://geowire:hunter2@db/geowire")

    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "kafka",
            "kafka://",
            "kafka://host",
            "kafka://host:port",
            "sqlite://x",
            "amqp://h:1",
            "kafka://a..b:9092",
        ),
        f"kafka://host:{'9' * 5_000}",
    ],
    ids=lambda url: url[:20],
)
def test_a_wrong_bus_address_says_what_to_write(url: str) -> None:
    """Both forms stand in the message."""
    with pytest.raises(Misconfigured, match=r"kafka://host:9092.*"):
        open_bus(url)


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("", None),
        ("9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),
        ("[::1]:9464", ("::1", 9464)),
        ("metrics.example:1", ("metrics.example", 1)),
    ],
)
def test_metrics_listen_where_they_are_told(
    monkeypatch: pytest.MonkeyPatch, text: str, listener: tuple[str, int] | None
) -> None:
    """A bare port is one of this machine alone; empty is off."""
    monkeypatch.setenv("GEOWIRE_METRICS", text)

    assert load_settings().metrics_listener == listener


def test_every_secret_is_known_to_who_hides_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The passwords of Kafka, from a file too, and where alerts go; a set-up that cannot be hides what it was given."""
    (tmp_path / "key").write_text("0pens-the-key\n", "utf-8")
    given = {"KAFKA_SECURITY": "sasl_ssl", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_USERNAME": "geowire"}
    given |= {"KAFKA_CERTIFICATE": str(tmp_path / "pem"), "KAFKA_KEY_PASSWORD_FILE": str(tmp_path / "key")}
    given |= {"KAFKA_PASSWORD": "pa55-of-kafka", "ALERT_WEBHOOK": "http://127.0.0.1:1/t0ken"}
    for name, value in given.items():
        monkeypatch.setenv(f"GEOWIRE_{name}", value)

    assert {"0pens-the-key", "pa55-of-kafka", "http://127.0.0.1:1/t0ken"} <= set(load_settings().secrets)
    monkeypatch.setenv("GEOWIRE_KAFKA_SECURITY", "plaintext")
    assert "pa55-of-kafka" in load_settings().secrets


def test_a_misspelt_setting_is_named_with_the_one_it_is_like(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the environment or in `.env`; other names that begin alike are left alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("GEOWIRE_MAXAGE=2d\nGEOWIRE_MAX_AGE=3d\n")
    monkeypatch.setenv("geowire_poll_intervall", "20m")
    monkeypatch.setenv("GEOWIRE_PORT_9092_TCP", "tcp://10.0.0.1:9092")

    assert misspelt_names() == [
        "GEOWIRE_MAXAGE is no setting and does nothing; GEOWIRE_MAX_AGE is one",
        "GEOWIRE_POLL_INTERVALL is no setting and does nothing; GEOWIRE_POLL_INTERVAL is one",
    ]
