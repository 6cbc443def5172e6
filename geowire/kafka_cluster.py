"""The brokers and the way in: every client of geowire is made here, after a greeting that says what is wrong."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from kafka import errors as kafka_errors

from geowire.bus import NAME_TAKEN
from geowire.errors import Misconfigured, PartitionLost, Transient
from geowire.kafka_greeting import Unreachable, greet
from geowire.kafka_options import KafkaOptions

GREETING_SECONDS = 5.0
GREETING_STEP = 0.25
SHORTEST_GREETING = 2.0
CONNECTION = {"bootstrap_timeout_ms": 10_000, "reconnect_backoff_max_ms": 1_000}


class KafkaCluster:
    """Some brokers of one cluster, and how to reach them."""

    def __init__(self, servers: Sequence[str], options: KafkaOptions | None = None) -> None:
        self.servers = tuple(servers)
        self.options = options or KafkaOptions()
        self._answered = self.servers[0]

    def __str__(self) -> str:
        return ", ".join(self.servers)

    def connect(self, make: Callable[..., Any], **config: Any) -> Any:
        """A client of kafka-python. Raises `Transient` if no broker answers, `Misconfigured` if they refuse us.

        kafka-python itself asks again and again whatever the broker answers, and forgets why it failed.
        """
        self._greet_any()
        return make(**CONNECTION | self._login | {"bootstrap_servers": list(self.servers)} | config)

    def _greet_any(self) -> None:
        deadline = time.monotonic() + GREETING_SECONDS
        patience = max(SHORTEST_GREETING, GREETING_SECONDS / len(self.servers))  # a silent one must not use up all
        while True:
            faults = []
            for server in sorted(self.servers, key=lambda server: server != self._answered):
                try:
                    greet(server, self.options, self.tls, patience)
                except Unreachable as fault:
                    faults.append(f"{server}: {fault}")
                else:
                    self._answered = server
                    return
            if time.monotonic() >= deadline:
                raise Transient(f"no answer from Kafka at {'; '.join(faults)}")
            threading.Event().wait(GREETING_STEP)

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """What TLS connections are made with; None without TLS. Raises `Misconfigured` that names a wrong file."""
        return tls_context(self.options) if self.options.uses_tls else None

    @cached_property
    def _login(self) -> dict[str, Any]:
        options = self.options
        login: dict[str, Any] = {"security_protocol": options.security.upper()}
        if self.tls is not None:
            login |= {"ssl_context": self.tls}
        if options.logs_in:
            login |= {
                "sasl_mechanism": options.mechanism,
                "sasl_plain_username": options.username,
                "sasl_plain_password": options.password.get_secret_value(),
            }
        return login


def tls_context(options: KafkaOptions) -> ssl.SSLContext:
    """TLS 1.2 or later, the brokers' certificates always checked. Raises `Misconfigured` that names a wrong file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = options.check_hostname
    if options.ca is None:
        context.load_default_certs()
    else:
        with _pem_faults("CA", options.ca, "certificates"):
            context.load_verify_locations(cafile=options.ca)
    if options.certificate is not None:
        _present(context, options)
    return context


def _present(context: ssl.SSLContext, options: KafkaOptions) -> None:
    assert options.certificate is not None
    with _pem_faults("CERTIFICATE", options.certificate, "a certificate"):
        ssl.create_default_context(cafile=options.certificate)
    key = options.key or options.certificate
    with _pem_faults("KEY", key, "the certificate's private key, or GEOWIRE_KAFKA_KEY_PASSWORD does not open it"):
        # without a password function OpenSSL would ask at the terminal
        context.load_cert_chain(options.certificate, key, options.key_password.get_secret_value)


@contextmanager
def _pem_faults(name: str, path: Path, wanted: str) -> Iterator[None]:
    try:
        yield
    except (ssl.SSLError, ValueError) as error:
        raise Misconfigured(f"GEOWIRE_KAFKA_{name}: {path} is not {wanted}; name a PEM file") from error
    except OSError as error:
        raise Misconfigured(f"GEOWIRE_KAFKA_{name}: cannot read {path}: {error.strerror}; name a PEM file") from error


@contextmanager
def kafka_faults(what: str) -> Iterator[None]:
    """Turn kafka-python's errors into geowire's: a lost partition, a wrong set-up, or try again."""
    try:
        yield
    except (kafka_errors.CommitFailedError, kafka_errors.RebalanceInProgressError) as error:
        raise PartitionLost(f"{what}: {in_words(error)}") from error
    except kafka_errors.FencedInstanceIdError as error:
        raise Misconfigured(NAME_TAKEN) from error
    except kafka_errors.AuthorizationError as error:
        raise Misconfigured(f"Kafka: {what}: {refusal(error)}; docs/delivery.md lists what to grant") from error
    except kafka_errors.UnsupportedVersionError as error:
        raise Misconfigured(f"GEOWIRE_BUS: {what}: {in_words(error)}") from error
    except (kafka_errors.KafkaError, OSError) as error:
        raise Transient(f"Kafka: {what}: {in_words(error)}") from error


def in_words(error: Exception) -> str:
    """The name of an error and what it says, if it says anything."""
    name = type(error).__name__
    said = str(error).partition(f"{name}: ")[2] or ", ".join(str(part) for part in error.args)
    return f"{name}: {said}" if said not in {"", "None"} else name


def refusal(error: Exception) -> str:
    """An authorization error in words."""
    kind = type(error).__name__.removesuffix("AuthorizationFailedError").lower()
    return f"the broker does not permit it ({kind} authorization)"


def hide_passwords(record: logging.LogRecord) -> bool:
    """Drop the lines in which kafka-python prints a login byte by byte, or its whole configuration."""
    return record.levelno > logging.DEBUG


for _name in ("kafka.net.connection", "kafka.protocol.parser", "kafka.admin.client"):
    logging.getLogger(_name).addFilter(hide_passwords)
