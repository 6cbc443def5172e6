"""Reading a topic from its beginning to where it ends now, outside of any group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from geowire.bus import Bus, Delivery
from geowire.errors import Rejected
from geowire.events import Event, decode

log = logging.getLogger(__name__)

CHUNK = 500
POLL_SECONDS = 1.0


def everything(bus: Bus, topic: str, on_chunk: Callable[[], None] = lambda: None) -> Iterator[Delivery]:
    """All that stands in a topic, in order per key."""
    with bus.read(topic) as reader:
        while not reader.at_end():
            on_chunk()
            yield from reader.poll(CHUNK, POLL_SECONDS)


def published_events(bus: Bus, topic: str, on_chunk: Callable[[], None] = lambda: None) -> Iterator[Event]:
    """The same as events; what cannot be decoded is passed over."""
    for delivery in everything(bus, topic, on_chunk):
        try:
            yield decode(delivery)
        except Rejected as error:
            log.warning("passed over %s offset %d: %s", delivery.source, delivery.offset, error)
