"""One real broker that demands TLS, client certificates, passwords and permissions, each on a listener of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization as pem
from servers.kafka_broker import Broker
from servers.processes import free_port

PASSWORD = "correct-horse-7"
"""Of every user that the broker knows."""
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512")
LEAVER = "leaver"
"""A user that a test may take away."""
LISTENERS = {"TLS": "SSL", "MUTUAL": "SSL", "PASSWORD": "SASL_SSL", "CLEAR": "SASL_PLAINTEXT"}
"""Listener name -> protocol; beside the plain one, where everybody may do everything. CLEAR asks again and again."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Certificates as PEM files: who signed the broker's, one for a client, and an authority that signed nothing."""

    ca: Path
    broker: Path
    certificate: Path
    key: Path
    locked_key: Path
    stranger: Path


def pkcs8(key: bytes, password: bytes | None = None) -> bytes:
    """A private key in the form that Kafka reads."""
    lock = pem.BestAvailableEncryption(password) if password else pem.NoEncryption()
    private = pem.load_pem_private_key(key, None)
    return private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock)


def issue_papers(folder: Path) -> Papers:
    """Sign what the broker and its clients need; the broker's certificate is for 127.0.0.1 alone."""
    authority = trustme.CA()
    broker, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client.example", common_name="geowire")
    papers = Papers(**{name: folder / f"{name}.pem" for name in Papers.__slots__})
    authority.cert_pem.write_to_path(papers.ca)
    chain = b"".join(part.bytes() for part in broker.cert_chain_pems)
    papers.broker.write_bytes(pkcs8(broker.private_key_pem.bytes()) + chain)
    papers.certificate.write_bytes(client.cert_chain_pems[0].bytes())
    papers.key.write_bytes(client.private_key_pem.bytes())
    papers.locked_key.write_bytes(pkcs8(client.private_key_pem.bytes(), PASSWORD.encode()))
    trustme.CA().cert_pem.write_to_path(papers.stranger)
    return papers


@dataclass(slots=True)
class SecuredBroker:
    """The broker, its listeners' ports and the papers."""

    broker: Broker
    papers: Papers
    ports: dict[str, int] = field(default_factory=dict)

    def url(self, listener: str, host: str = "127.0.0.1") -> str:
        """The bus address of a listener."""
        return f"kafka://{host}:{self.ports[listener]}"


def security(papers: Papers, plain: int, controller: int, ports: dict[str, int]) -> dict[str, object]:
    """The broker's settings beyond a plain one's. Whoever is not named may do everything."""
    addresses = {"PLAINTEXT": plain} | ports
    listeners = [f"{name}://127.0.0.1:{port}" for name, port in addresses.items()]
    protocols = {"CONTROLLER": "PLAINTEXT", "PLAINTEXT": "PLAINTEXT"} | LISTENERS
    users = " ".join(f'user_{name}="{PASSWORD}"' for name in ("geowire", "nobody"))
    return {
        "listeners": ",".join([*listeners, f"CONTROLLER://127.0.0.1:{controller}"]),
        "advertised.listeners": ",".join(listeners),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": papers.broker,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": papers.ca,
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.password.plain.sasl.jaas.config": f"{PLAIN} {users};",
        "listener.name.password.scram-sha-256.sasl.jaas.config": SCRAM,
        "listener.name.password.scram-sha-512.sasl.jaas.config": SCRAM,
        "listener.name.clear.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.clear.connections.max.reauth.ms": 2_000,
        "listener.name.clear.scram-sha-256.sasl.jaas.config": SCRAM,
        "listener.name.clear.scram-sha-512.sasl.jaas.config": SCRAM,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:ANONYMOUS;User:{LEAVER}",
    }


@contextlib.contextmanager
def secured_broker(libs: Path, folder: Path) -> Iterator[SecuredBroker]:
    """The broker, ready."""
    papers = issue_papers(folder)
    plain = Broker(libs, folder)
    others = {name: free_port() for name in LISTENERS}
    plain.extra = security(papers, plain.port, plain.controller, others)
    plain.users = [f"{mechanism}=[name=geowire,password={PASSWORD}]" for mechanism in MECHANISMS]
    plain.users.append(f"SCRAM-SHA-512=[name={LEAVER},password={PASSWORD}]")
    with plain.running():
        yield SecuredBroker(plain, papers, {"PLAINTEXT": plain.port} | others)
