"""The one admin client of a bus, thrown away after a fault, and the questions that want patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka import TopicPartition as KafkaPartition
from kafka import errors as kafka_errors

from geowire.errors import Transient
from geowire.kafka_cluster import KafkaCluster, kafka_faults

COORDINATOR_TIMEOUT = 20.0
LATEST, EARLIEST = -1, -2
"""Asked for like a time, they mean the end and the beginning of a partition."""


class KafkaAdmin:
    """An admin client that is made when first asked. One thread asks at a time."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._client: Any = None

    @contextmanager
    def asking(self, what: str) -> Iterator[Any]:
        """The client of kafka-python; after a fault it is thrown away, so that the next one learns what is wrong.

        `what` begins the message of a fault. Raises `Transient` and `Misconfigured`.
        """
        with self._lock:
            try:
                with kafka_faults(what):
                    yield self._live_client()
            except Transient:
                self._discard_client()
                raise

    def close(self) -> None:
        """Close the client, if there is one."""
        with self._lock:
            self._discard_client()

    def _live_client(self) -> Any:
        if self._client is None:
            request_ms = int(self._cluster.options.timeout * 1000)
            self._client = self._cluster.connect(KafkaAdminClient, request_timeout_ms=request_ms)
        return self._client

    def _discard_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def ask_offsets(client: Any, moments: dict[KafkaPartition, int]) -> dict[KafkaPartition, Any]:
    """Of each partition the first offset at or after a moment (ms since 1970, or LATEST or EARLIEST)."""
    return dict(client.list_partition_offsets(moments))


def ask_coordinator(question: Callable[[], Any]) -> Any:
    """What a group's coordinator answers, which on a new broker takes a moment to be there."""
    deadline = time.monotonic() + COORDINATOR_TIMEOUT
    while True:
        try:
            return question()
        except kafka_errors.RetriableError:
            if time.monotonic() > deadline:
                raise
        threading.Event().wait(0.1)
