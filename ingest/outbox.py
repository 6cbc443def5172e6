"""Empties the outbox to the bus: in order, one process at a time, and a row goes only when the bus has it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from geowire.bus import Bus, Record
from geowire.errors import GeowireError, Rejected, Transient
from geowire.events import encode, header_texts, ingest_failure_event
from geowire.logs import outcome_logger
from geowire.messages import IngestFailure
from geowire.topics import ARTICLES, FEEDS
from ingest.database import Database
from ingest.leases import Claim, claim_role, give_up_role
from ingest.outbox_rows import Waiting, count_waiting, oldest_records, put_records, strike

log = logging.getLogger("geowire.ingest.outbox")
SENT = outcome_logger("outbox")

KEYED_BY = {ARTICLES.name: "article_id", FEEDS.name: "feed_id"}
ROLE = "outbox"
BATCH = 200
IDLE_SECONDS = 1.0
GATHER_SECONDS = 0.1
"""A short wait after a small batch: the next is then larger, which costs the bus and the database less."""
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SenderOptions:
    """Who sends, by which clock, and how patiently."""

    owner: str
    clock: Callable[[], datetime]
    lease: timedelta
    first_wait: timedelta


class Sender:
    """A thread that publishes what is in the outbox. A fault of the bus only makes it wait."""

    def __init__(self, database: Database, bus: Bus, options: SenderOptions) -> None:
        self._database = database
        self._bus = bus
        self._options = options
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._empty = threading.Condition()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name="ingest-outbox", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._wake.set()

    def drain(self, seconds: float) -> int:
        """Wait until the outbox is empty or the time is up; how many records still wait.

        Raises what has ended the sender, such as `Misconfigured` if the bus refuses us; the records wait on.
        """
        deadline = time.monotonic() + seconds
        while True:
            waiting = self._database.run_here(count_waiting)
            left = deadline - time.monotonic()
            if waiting and self._failure is not None:
                raise self._failure
            if not waiting or left <= 0:
                return waiting
            self.wake()
            with self._empty:
                self._empty.wait(min(0.1, left))

    def stop(self) -> None:
        """End after the batch under way, and let another process send."""
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._database.run_here(lambda connection: give_up_role(connection, ROLE, self._options.owner))
        except Transient as error:
            log.warning("outbox role not given up: %s", error)

    def _serve(self) -> None:
        wait = first = self._options.first_wait.total_seconds()
        while not self._stopping.is_set():
            try:
                sent = self.send_batch()
            except Transient as error:
                log.warning("outbox waits seconds=%.1f error=%s", wait, error)
                self._stopping.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                continue
            except GeowireError as error:
                log.error("outbox stopped: %s", error)  # noqa: TRY400  # a person's mistake is one line
                self._failure = error
                return
            except Exception as error:
                log.exception("outbox stopped")
                self._failure = error
                return
            wait = first
            if not sent:
                self._rest()
            elif sent < BATCH:
                self._stopping.wait(GATHER_SECONDS)

    def _rest(self) -> None:
        with self._empty:
            self._empty.notify_all()
        self._wake.wait(IDLE_SECONDS)
        self._wake.clear()

    def send_batch(self) -> int:
        """Publish the oldest records and strike them; how many. 0 if there are none or another process sends."""
        waiting = self._database.run_here(self._take)
        if not waiting:
            return 0
        self._publish(waiting)
        seqs = [row.seq for row in waiting]
        self._database.run_here(lambda connection: strike(connection, seqs))
        log_sent([row.record for row in waiting])
        return len(waiting)

    def _take(self, connection: Connection) -> list[Waiting]:
        claim = Claim(self._options.owner, self._options.clock(), self._options.lease)
        return oldest_records(connection, BATCH) if claim_role(connection, ROLE, claim) else []

    def _publish(self, waiting: Sequence[Waiting]) -> None:
        try:
            self._bus.publish([row.record for row in waiting])
        except Rejected:
            for row in waiting:
                self._publish_one(row.record)

    def _publish_one(self, record: Record) -> None:
        try:
            self._bus.publish([record])
        except Rejected as error:
            log.error("record rejected topic=%s key=%r reason=%s", record.topic, record.key, error.reason)  # noqa: TRY400
            letter = encode(ingest_failure_event(self._failure_of(record, error)))
            self._database.run_here(lambda connection: put_records(connection, [letter]))

    def _failure_of(self, record: Record, error: Rejected) -> IngestFailure:
        return IngestFailure(
            stage="publish",
            url=f"{record.topic}/{record.key.decode('utf-8', 'replace')}"[:2_048],
            reason=error.reason[:100],
            detail=error.detail[:500],
            size=len(record.value or b""),
            failed_at=self._options.clock(),
        )


def log_sent(records: Sequence[Record]) -> None:
    """A line for each record that is on the bus now; the key of an article's is its id."""
    if not SENT.isEnabledFor(logging.INFO):
        return
    for record in records:
        headers, key = header_texts(record.headers), record.key.decode("utf-8", "replace")
        about = {KEYED_BY.get(record.topic, "key"): key}
        fields = {"stage": "outbox", "outcome": "sent", "topic": record.topic, "ce_id": headers.get("ce_id", "")}
        SENT.info("sent", extra=fields | about)
