"""Flags to a webhook: one signed request each, in a consumer group of its own: no flag waits for a receiver."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence

from geowire.errors import Rejected, Transient
from geowire.events import SPEC_VERSION, Event
from geowire.topics import FLAGGED

BATCH_SECONDS = 30.0
"""How long a batch may take before the loop is let back to its group."""
LONGEST_PAUSE = 3_600.0
"""Seconds: the longest that a receiver can ask for."""
REMEMBERED = 10_000
"""Flags of which it is known that the receiver has them."""

Post = Callable[[bytes, Mapping[str, str]], None]
"""Sends a body with headers once. Raises `Transient` unless the receiver took it."""


class Busy(Transient):
    """The receiver asks to be left alone for so many seconds."""

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class WebhookStage:
    """Sends each flag, at least once and in order per story; receivers drop an id that they have seen.

    A flag that the receiver does not take is tried again by the loop, each time after a longer wait; after `attempts`
    it goes to dead letters and the next one has its turn. While the receiver asks for time nothing is sent.
    """

    name = "webhook"
    topic = FLAGGED.name

    def __init__(self, post: Post, secret: bytes, attempts: int, clock: Callable[[], float] = time.time) -> None:
        self._post = post
        self._secret = secret
        self._attempts = attempts
        self._clock = clock
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._failures: Counter[str] = Counter()
        self._in_hand: tuple[str, ...] = ()
        self._singly: list[str] = []
        """What of the batch in hand the loop still gives alone, after one of them became a dead letter."""
        self._is_waiting = False
        self._not_before = 0.0

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """Nothing follows from a flag that was sent. A batch that is given again goes on where it stopped."""
        ids = tuple(event.id for event in batch)
        self._take_in_hand(ids)
        self._is_waiting = False
        try:
            self._send_all(batch)
        except Transient:
            self._is_waiting = True
            self._singly.clear()
            raise
        except Rejected:
            if len(ids) > 1:
                self._singly = list(ids)
            raise
        return []

    def _take_in_hand(self, ids: tuple[str, ...]) -> None:
        """Nothing is held against a flag that comes anew, such as a dead letter that somebody had sent again."""
        if self._singly and ids == (self._singly[0],):
            del self._singly[0]
        elif not (self._is_waiting and ids == self._in_hand):
            self._in_hand = ids
            self._singly.clear()
            self._failures.clear()

    def _send_all(self, batch: Sequence[Event]) -> None:
        started = self._clock()
        for event in batch:
            if event.id in self._taken:
                continue
            if self._clock() - started > BATCH_SECONDS:
                raise Transient("the webhook is slow; the rest of the batch follows")
            self._send(event)

    def _send(self, event: Event) -> None:
        if self._failures[event.id] >= self._attempts:
            raise Rejected("webhook-failed", f"not taken in {self._attempts} attempts")
        if self._clock() < self._not_before:
            raise Transient(f"the receiver asked to wait {self._not_before - self._clock():.0f} s more")
        body = body_of(event)
        try:
            self._post(body, signed_headers(body, self._secret, int(self._clock())))
        except Transient as fault:
            self._count_failure(event, fault)
            raise
        self._taken[event.id] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)

    def _count_failure(self, event: Event, fault: Transient) -> None:
        """Raises `Rejected` if it was the last attempt."""
        if isinstance(fault, Busy):
            self._not_before = self._clock() + min(LONGEST_PAUSE, fault.seconds)
        self._failures[event.id] += 1
        if self._failures[event.id] >= self._attempts:
            raise Rejected("webhook-failed", f"not taken in {self._attempts} attempts: {fault}") from fault


def body_of(event: Event) -> bytes:
    """A flag as a CloudEvent in structured mode: attributes and data in one JSON object."""
    attributes = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "subject": event.key,
        "datacontenttype": "application/json",
        "data": event.data.model_dump(mode="json"),
    }
    return json.dumps(attributes, ensure_ascii=False).encode()


def signed_headers(body: bytes, secret: bytes, timestamp: int) -> dict[str, str]:
    """Headers by which the receiver knows who sent it and when: HMAC-SHA256 over `<timestamp>.<body>`."""
    signature = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "Geowire-Timestamp": str(timestamp),
        "Geowire-Signature": f"sha256={signature}",
    }
