"""One connection to a broker that goes as far as a client must get, to learn what stands in the way.

connect -> TLS handshake -> versions -> log in, or ask for metadata

kafka-python loses the reason on each of these steps: it logs it and asks again. It can even miss the broker's word
that a password is wrong, when the end of the connection comes with it.
"""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Any

from kafka import errors as kafka_errors
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from geowire.errors import Misconfigured
from geowire.kafka_options import KafkaOptions

UNSUPPORTED_MECHANISM = 33
NOT_ASKED_TO_LOG_IN = 34
HOST_NAME_DIFFERS = {62, 64}  # of a name, of an address: X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
OUT_OF_DATE = {9, 10}  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
REFUSES_OUR_CERTIFICATE = ("ALERT_BAD_CERTIFICATE", "CERTIFICATE_REQUIRED", "ALERT_UNKNOWN_CA", "CERTIFICATE_UNKNOWN")
LARGEST_ANSWER = 16 * 2**20


class Unreachable(Exception):
    """The broker does not answer now; nothing says that a setting is wrong."""


class HungUp(Unreachable):
    """The broker ended the connection, or answered what is not Kafka's protocol."""


def greet(server: str, options: KafkaOptions, tls: ssl.SSLContext | None, timeout: float) -> None:
    """Return if the broker lets us in. Raises `Misconfigured` that names a setting, `Unreachable` otherwise."""
    host, _, port = server.rpartition(":")
    address = (host.strip("[]"), int(port))
    try:
        with Conversation(address, tls, timeout) as broker:
            _introduce(broker, server, options)
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured(_distrust(server, error)) from error
    except ssl.SSLError as error:
        raise _tls_fault(address, server, options, error, timeout) from error
    except HungUp:
        _find_out_why(address, server, options, timeout)
        raise
    except OSError as error:
        raise Unreachable(error.strerror or str(error) or type(error).__name__) from error


class Conversation:
    """Requests and answers on one socket, one after the other."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None, timeout: float) -> None:
        self._socket = socket.create_connection(address, timeout=timeout)
        self._protocol = KafkaProtocol(client_id="geowire-greeting", receive_message_max_bytes=LARGEST_ANSWER)
        try:
            if tls is not None:
                self._socket = tls.wrap_socket(self._socket, server_hostname=address[0])
        except BaseException:
            self._socket.close()
            raise

    def ask(self, request: Any) -> Any:
        """The answer. Raises `HungUp` if there is none."""
        self._protocol.send_request(request)
        self._socket.sendall(self._protocol.send_bytes())
        size = struct.unpack(">i", self._receive(4))[0]
        if not 0 < size <= LARGEST_ANSWER:
            raise HungUp("what answers does not speak Kafka's protocol")
        frame = struct.pack(">i", size) + self._receive(size)
        try:
            ((_, answer),) = self._protocol.receive_bytes(frame)
        except kafka_errors.KafkaError as error:
            raise HungUp("what answers does not speak Kafka's protocol") from error
        return answer

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                more = self._socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise HungUp("the connection was closed")
            data += more
        return data

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _introduce(broker: Conversation, server: str, options: KafkaOptions) -> None:
    broker.ask(ApiVersionsRequest(version=0))
    if options.logs_in:
        _log_in(broker, server, options)
    broker.ask(MetadataRequest(topics=[], version=1))


def _log_in(broker: Conversation, server: str, options: KafkaOptions) -> None:
    answer = broker.ask(SaslHandshakeRequest(mechanism=options.mechanism, version=1))
    if answer.error_code == NOT_ASKED_TO_LOG_IN:
        wanted = "ssl" if options.uses_tls else "plaintext"
        raise Misconfigured(f"GEOWIRE_KAFKA_SECURITY: {server} asks for no login; write {wanted}")
    if answer.error_code == UNSUPPORTED_MECHANISM:
        raise Misconfigured(
            f"GEOWIRE_KAFKA_SASL_MECHANISM: {server} does not take {options.mechanism};"
            f" write one that it takes: {', '.join(answer.mechanisms)}"
        )
    mechanism = get_sasl_mechanism(options.mechanism)(
        sasl_mechanism=options.mechanism,
        sasl_plain_username=options.username,
        sasl_plain_password=options.password.get_secret_value(),
    )
    while not mechanism.is_done():
        answer = broker.ask(SaslAuthenticateRequest(mechanism.auth_bytes(), version=0))
        if answer.error_code:
            raise Misconfigured(
                f"GEOWIRE_KAFKA_USERNAME, GEOWIRE_KAFKA_PASSWORD: {server} does not let {options.username!r} in"
                f" with {options.mechanism}; write a user and a password that it knows"
            )
        mechanism.receive(answer.auth_bytes)


def _distrust(server: str, error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with the broker's certificate."""
    why = error.verify_message.rstrip(".")
    if error.verify_code in HOST_NAME_DIFFERS:
        return (
            f"GEOWIRE_BUS: {why}: write {server} by a name that is in its certificate,"
            " or GEOWIRE_KAFKA_CHECK_HOSTNAME=false if nobody else can answer there"
        )
    if error.verify_code in OUT_OF_DATE:
        return f"GEOWIRE_BUS: the certificate of {server} cannot be used: {why}; renew it there, or set the clock here"
    return f"GEOWIRE_KAFKA_CA: the certificate of {server} is not trusted: {why}; name the PEM file of who signed it"


def _tls_fault(
    address: tuple[str, int], server: str, options: KafkaOptions, error: ssl.SSLError, timeout: float
) -> Exception:
    """A TLS connection that failed: what we show, what the other side is, or nothing that can be known."""
    if any(word in (error.reason or "") for word in REFUSES_OUR_CERTIFICATE):
        shown = options.certificate or "no certificate"
        return Misconfigured(
            f"GEOWIRE_KAFKA_CERTIFICATE: {server} refuses {shown} ({error.reason});"
            " name the PEM file of a certificate that it trusts, and GEOWIRE_KAFKA_KEY"
        )
    if _answers_in_clear(address, timeout):
        wanted = "sasl_plaintext" if options.logs_in else "plaintext"
        return Misconfigured(
            f"GEOWIRE_KAFKA_SECURITY: {server} does not speak TLS; write {wanted}, or its TLS port in GEOWIRE_BUS"
        )
    return Unreachable(error.reason or "the TLS handshake failed")


def _find_out_why(address: tuple[str, int], server: str, options: KafkaOptions, timeout: float) -> None:
    """Raise `Misconfigured` if the broker hung up because it wants TLS or a login."""
    if not options.uses_tls and _speaks_tls(address, timeout):
        wanted = "sasl_ssl" if options.logs_in else "ssl"
        raise Misconfigured(f"GEOWIRE_KAFKA_SECURITY: {server} speaks TLS only; write {wanted}")
    if not options.logs_in and (takes := _login_wanted(address, options, timeout)):
        wanted = "sasl_ssl" if options.uses_tls else "sasl_plaintext"
        raise Misconfigured(
            f"GEOWIRE_KAFKA_SECURITY: {server} asks for a login ({', '.join(takes)}); write {wanted},"
            " GEOWIRE_KAFKA_SASL_MECHANISM, GEOWIRE_KAFKA_USERNAME and GEOWIRE_KAFKA_PASSWORD"
        )


def _answers_in_clear(address: tuple[str, int], timeout: float) -> bool:
    try:
        with Conversation(address, None, timeout) as broker:
            broker.ask(ApiVersionsRequest(version=0))
    except (OSError, Unreachable):
        return False
    return True


def _speaks_tls(address: tuple[str, int], timeout: float) -> bool:
    try:
        with Conversation(address, _unverified(), timeout):
            return True
    except OSError:
        return False


def _login_wanted(address: tuple[str, int], options: KafkaOptions, timeout: float) -> list[str]:
    """The mechanisms that the broker takes; none if it asks for no login."""
    try:
        with Conversation(address, _unverified() if options.uses_tls else None, timeout) as broker:
            answer = broker.ask(SaslHandshakeRequest(mechanism="?", version=1))
    except (OSError, Unreachable):
        return []
    return list(answer.mechanisms)


def _unverified() -> ssl.SSLContext:
    """For a connection on which nothing is sent that matters."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
