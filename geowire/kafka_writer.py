"""Writing to Kafka through kafka-python, with a guard around the faults that were found in its producer.

- One record that the broker refuses stops an idempotent producer for good: the producer is thrown away and what was not
  acknowledged is sent one record at a time, so that the culprit alone is named.
- The producer accepts without bound and may never answer: a batch goes out in bounded chunks, each with a time limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from geowire.bus import Record, Unwritable
from geowire.errors import Misconfigured, Transient
from geowire.kafka_cluster import KafkaCluster, kafka_faults, refusal
from geowire.topics import MEGABYTE

CHUNK_RECORDS = 2_000
CHUNK_BYTES = 32_000_000
ACK_TIMEOUTS = 4
"""A chunk has so many request timeouts to be acknowledged in."""
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "delivery_timeout_ms": 2**31 - 1,  # a batch that expires wedges the producer; the limit is ours
    "linger_ms": 5,
    "batch_size": 262_144,
    "max_request_size": 16 * MEGABYTE,
    "compression_type": "zstd",
    "allow_auto_create_topics": False,
}
REFUSALS = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.InvalidRecordError,
    kafka_errors.InvalidTimestampError,
)


class KafkaWriter:
    """One producer at a time, made when first used and again after it failed. Threads may share it."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._request_ms = int(cluster.options.timeout * 1000)
        self._ack_seconds = ACK_TIMEOUTS * cluster.options.timeout
        self._lock = threading.Lock()
        self._producer: Any = None

    def write(self, batch: Sequence[Record]) -> None:
        """Return once the broker has all; raises as `Bus.publish` does."""
        with self._lock:
            for chunk in chunks(batch):
                self._write_chunk(chunk)

    def close(self) -> None:
        """Close the producer, if there is one."""
        with self._lock:
            self._discard_producer()

    def _write_chunk(self, chunk: Sequence[Record]) -> None:
        """Send a chunk; if any of it fails, send what is not acknowledged again, one at a time."""
        waiting = self._send(chunk)
        if not waiting:
            return
        for record in waiting:
            if not self._send([record]):
                continue
            raise Transient(f"Kafka: no acknowledgement from {self._cluster}")

    def _send(self, records: Sequence[Record]) -> list[Record]:
        """The records that were not acknowledged, with the producer discarded if there are any."""
        try:
            with kafka_faults("cannot publish"):
                producer = self._live_producer()
                futures = [self._enqueue(producer, record) for record in records]
        except Transient:
            self._discard_producer()
            raise
        deadline = time.monotonic() + self._ack_seconds
        outcomes = [acknowledged(future, deadline) for future in futures]
        failed = [(record, error) for record, error in zip(records, outcomes, strict=True) if error is not None]
        if failed:
            self._discard_producer()
            if unpermitted := next((e for _, e in failed if isinstance(e, kafka_errors.AuthorizationError)), None):
                raise Misconfigured(f"Kafka: cannot publish: {refusal(unpermitted)}")
            if len(records) == 1 and isinstance(failed[0][1], REFUSALS):
                raise Unwritable(records[0], "refused", f"{type(failed[0][1]).__name__} {failed[0][1]}")
            if all(isinstance(error, kafka_errors.KafkaTimeoutError) for _, error in failed):
                raise Transient(f"Kafka: no acknowledgement from {self._cluster} within {self._ack_seconds:.0f} s")
        return [record for record, _ in failed]

    @staticmethod
    def _enqueue(producer: Any, record: Record) -> Any:
        return producer.send(record.topic, key=record.key, value=record.value, headers=list(record.headers))

    def _live_producer(self) -> Any:
        if self._producer is None:
            limits = {"request_timeout_ms": self._request_ms, "max_block_ms": self._request_ms}
            self._producer = self._cluster.connect(KafkaProducer, **PRODUCER | limits)
        return self._producer

    def _discard_producer(self) -> None:
        """Close the producer, by force if it is wedged: its thread would otherwise live on."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except kafka_errors.KafkaError:
            producer._sender.force_close()  # noqa: SLF001  # close() gives up before it stops the thread


def chunks(batch: Sequence[Record]) -> Iterator[list[Record]]:
    """The batch in pieces that may be in flight at once."""
    chunk: list[Record] = []
    size = 0
    for record in batch:
        if chunk and (len(chunk) >= CHUNK_RECORDS or size + record.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += record.size
    if chunk:
        yield chunk


def acknowledged(future: Any, deadline: float) -> Exception | None:
    """None once the broker has the record; otherwise why not."""
    try:
        future.get(timeout=max(0.0, deadline - time.monotonic()))
    except kafka_errors.KafkaError as error:
        refused: Exception = error
        return refused
    return None
