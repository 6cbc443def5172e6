"""The settings for reaching Kafka: what does not fit together is one line that says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from geowire.bus import open_bus
from geowire.errors import Misconfigured
from geowire.kafka_cluster import tls_context
from geowire.kafka_options import KafkaOptions
from geowire.settings import load_settings

LOGIN = {"SECURITY": "sasl_ssl", "SASL_MECHANISM": "PLAIN", "USERNAME": "geowire", "PASSWORD": "hunter2-secret"}


def without(name: str) -> dict[str, str]:
    """A whole login, less one setting."""
    return {key: value for key, value in LOGIN.items() if key != name}


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"SECURITY": "tls"}, r"^GEOWIRE_KAFKA_SECURITY: .*'ssl'"),
        (LOGIN | {"SASL_MECHANISM": "GSSAPI"}, r"^GEOWIRE_KAFKA_SASL_MECHANISM: .*'PLAIN'"),
        (without("SASL_MECHANISM"), r"^GEOWIRE_KAFKA_SASL_MECHANISM is missing; write PLAIN, "),
        (without("USERNAME"), "^GEOWIRE_KAFKA_USERNAME is missing"),
        (without("PASSWORD"), "^GEOWIRE_KAFKA_PASSWORD is missing; .* GEOWIRE_KAFKA_PASSWORD_FILE"),
        (without("SECURITY"), r"^GEOWIRE_KAFKA_SECURITY=plaintext takes no user .*; write sasl_ssl \(or"),
        (LOGIN | {"SECURITY": "ssl"}, "^GEOWIRE_KAFKA_SECURITY=ssl takes no user .*; write sasl_ssl$"),
        (LOGIN | {"PASSWORD_FILE": "/nowhere"}, "^GEOWIRE_KAFKA_PASSWORD and GEOWIRE_KAFKA_PASSWORD_FILE are both"),
        (without("PASSWORD") | {"PASSWORD_FILE": "/nowhere"}, "^GEOWIRE_KAFKA_PASSWORD_FILE: cannot read /nowhere: No"),
        (without("PASSWORD") | {"PASSWORD_FILE": "/dev/null"}, "^GEOWIRE_KAFKA_PASSWORD_FILE: .* has no first line"),
        ({"CA": "ca.pem"}, "^GEOWIRE_KAFKA_CA is of no use with plaintext; write GEOWIRE_KAFKA_SECURITY=ssl$"),
        (LOGIN | {"SECURITY": "sasl_plaintext", "CA": "ca.pem"}, "; write GEOWIRE_KAFKA_SECURITY=sasl_ssl$"),
        ({"SECURITY": "ssl", "KEY": "key.pem"}, "^GEOWIRE_KAFKA_CERTIFICATE is missing"),
        ({"TIMEOUT": "0s"}, "^GEOWIRE_KAFKA_TIMEOUT: .*greater than or equal to 1 second"),
    ],
)
def test_what_does_not_fit_together_is_said(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], line: str
) -> None:
    """The line names the setting, says what to write, and holds no password."""
    for name, value in environment.items():
        monkeypatch.setenv(f"GEOWIRE_KAFKA_{name}", value)

    with pytest.raises(Misconfigured, match=line) as caught:
        assert load_settings().kafka

    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its first line, without the end of the line; lower and upper case are both understood."""
    (tmp_path / "password").write_text("hunter2-secret\n", encoding="utf-8")
    changed = {"SECURITY": "SASL_SSL", "SASL_MECHANISM": "scram-sha-256", "PASSWORD_FILE": str(tmp_path / "password")}
    for name, value in (without("PASSWORD") | changed).items():
        monkeypatch.setenv(f"GEOWIRE_KAFKA_{name}", value)

    options = load_settings().kafka

    assert (options.security, options.mechanism) == ("sasl_ssl", "SCRAM-SHA-256")
    assert options.password.get_secret_value() == "hunter2-secret"
    assert "hunter2" not in repr(options)


def test_empty_settings_are_those_of_a_plain_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a compose file hands them on."""
    for name in ("SECURITY", "CA", "CERTIFICATE", "KEY", "KEY_PASSWORD", "SASL_MECHANISM", "PASSWORD", "PASSWORD_FILE"):
        monkeypatch.setenv(f"GEOWIRE_KAFKA_{name}", "")

    assert load_settings().kafka == KafkaOptions()


@pytest.mark.parametrize("scheme", ["kafka://", "kafkas://", "kafka:/", "sqlite://", ""])
def test_a_password_in_the_address_is_refused_and_not_repeated(scheme: str) -> None:
    """It would stand in every log, the scheme right or wrong."""
    with pytest.raises(Misconfigured, match="GEOWIRE_KAFKA_USERNAME") as caught:
        open_bus(f"{scheme}geowire:hunter2-secret@broker:9092")
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder with a certificate, its key, and the key of another."""
    for name in ("own", "other"):
        issued = trustme.CA().issue_cert("client.example")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}-key.pem")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    (tmp_path / "text.pem").write_text("not a certificate", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("ca", "certificate", "key", "line"),
    [
        ("nowhere.pem", None, None, "^GEOWIRE_KAFKA_CA: cannot read .*nowhere.pem: No such file"),
        ("text.pem", None, None, "^GEOWIRE_KAFKA_CA: .*text.pem is not certificates; name a PEM file"),
        (None, "text.pem", "own-key.pem", "^GEOWIRE_KAFKA_CERTIFICATE: .*text.pem is not a certificate"),
        (None, "own.pem", "other-key.pem", "^GEOWIRE_KAFKA_KEY: .*other-key.pem is not the certificate's private key"),
        (None, "own.pem", "nowhere.pem", "^GEOWIRE_KAFKA_KEY: cannot read .*nowhere.pem"),
        (None, "own.pem", None, "^GEOWIRE_KAFKA_KEY: .*own.pem is not the certificate's private key"),
    ],
)
def test_a_wrong_file_is_named(
    papers: Path, ca: str | None, certificate: str | None, key: str | None, line: str
) -> None:
    """With the setting that names it."""

    def path(name: str | None) -> Path | None:
        return papers / name if name else None

    options = KafkaOptions(security="ssl", ca=path(ca), certificate=path(certificate), key=path(key))

    with pytest.raises(Misconfigured, match=line):
        tls_context(options)


def test_a_locked_key_without_its_password_is_not_asked_for_at_the_terminal(papers: Path) -> None:
    """OpenSSL would; the line names the setting instead."""
    from cryptography.hazmat.primitives import serialization as pem

    private = pem.load_pem_private_key((papers / "own-key.pem").read_bytes(), None)
    lock = pem.BestAvailableEncryption(b"sesame-street")
    locked = private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock)
    (papers / "locked.pem").write_bytes(locked)

    for password in ("", "wrong-password"):
        options = KafkaOptions(
            security="ssl",
            certificate=papers / "own.pem",
            key=papers / "locked.pem",
            key_password=SecretStr(password),
        )
        with pytest.raises(Misconfigured, match="GEOWIRE_KAFKA_KEY_PASSWORD does not open it"):
            tls_context(options)
