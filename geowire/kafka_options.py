"""How to reach Kafka and how to log in there, as values; what contradicts itself is said before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from geowire.errors import Misconfigured

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
NO_SECRET = SecretStr("")


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """The settings that start with `GEOWIRE_KAFKA_`. Raises `Misconfigured` for those that do not fit together."""

    security: Security = "plaintext"
    ca: Path | None = None
    """PEM file of the authorities that may have signed the brokers' certificates; none: those of the system."""
    certificate: Path | None = None
    """PEM file of geowire's own certificate, for brokers that ask for one."""
    key: Path | None = None
    """PEM file of its private key; none: it stands in the certificate's file."""
    key_password: SecretStr = NO_SECRET
    check_hostname: bool = True
    mechanism: Mechanism = ""
    username: str = ""
    password: SecretStr = NO_SECRET
    replication: int = 1
    """Copies of each partition when topics are created."""
    timeout: float = 15.0
    """Seconds for one request; a batch that is not acknowledged within four times as long is sent again."""

    def __post_init__(self) -> None:
        """Say what contradicts itself."""
        if problem := _tls_problem(self) or _login_problem(self):
            raise Misconfigured(problem)

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.security in {"ssl", "sasl_ssl"}

    @property
    def logs_in(self) -> bool:
        """Whether a user name and a password are sent."""
        return self.security in {"sasl_plaintext", "sasl_ssl"}


def _tls_problem(options: KafkaOptions) -> str | None:
    files = {"CA": options.ca, "CERTIFICATE": options.certificate, "KEY": options.key}
    unused = next((f"GEOWIRE_KAFKA_{name}" for name, path in files.items() if path is not None), None)
    if unused and not options.uses_tls:
        wanted = "sasl_ssl" if options.logs_in else "ssl"
        return f"{unused} is of no use with {options.security}; write GEOWIRE_KAFKA_SECURITY={wanted}"
    if options.certificate is None and (options.key or options.key_password.get_secret_value()):
        return "GEOWIRE_KAFKA_CERTIFICATE is missing for that key; write the path of a PEM file"
    return None


def _login_problem(options: KafkaOptions) -> str | None:
    password = options.password.get_secret_value()
    if not options.logs_in:
        if not (options.mechanism or options.username or password):
            return None
        wanted = "sasl_ssl" if options.uses_tls else "sasl_ssl (or sasl_plaintext)"
        return f"GEOWIRE_KAFKA_SECURITY={options.security} takes no user and no password; write {wanted}"
    if not options.mechanism:
        return "GEOWIRE_KAFKA_SASL_MECHANISM is missing; write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    if not options.username:
        return "GEOWIRE_KAFKA_USERNAME is missing; write the user that the brokers know"
    if not password:
        return "GEOWIRE_KAFKA_PASSWORD is missing; write it, or a file's path as GEOWIRE_KAFKA_PASSWORD_FILE"
    return None


def read_secret(given: SecretStr, file: Path | None, name: str) -> SecretStr:
    """A secret as it was given, or the first line of a file. Raises `Misconfigured` that names the setting."""
    if file is None:
        return given
    if given.get_secret_value():
        raise Misconfigured(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Misconfigured(f"{name}_FILE: cannot read {file}: {reason}; name a text file with one line") from error
    if not lines or not lines[0]:
        raise Misconfigured(f"{name}_FILE: {file} has no first line; write the secret there")
    return SecretStr(lines[0])
