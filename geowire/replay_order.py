"""Reading a topic again in the order in which it was written, over all partitions, up to a fixed end.

A group gives order within a partition only; a stage that groups articles by their time needs that of the first reading.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Self

from geowire.bus import Delivery, Extent, Subscription, TopicPartition

FETCH = 100
QUIET_SECONDS = 10.0
"""Without a record for so long, what a partition still lacks is taken to be expired."""

Extents = Callable[[], Mapping[TopicPartition, Extent]]


class InTimeOrder:
    """A `Subscription` that hands out the oldest record of all its partitions first and ends where they ended."""

    def __init__(self, inner: Subscription, extents: Extents, wanted: Callable[[Delivery], bool]) -> None:
        self._inner = inner
        self._extents = extents
        self._wanted = wanted
        before = extents()
        self._ends = {place: extent.end for place, extent in before.items()}
        self.total = sum(extent.lag for extent in before.values())
        """Records that were to be read when it began."""
        self._epoch = inner.epoch
        self._read: dict[TopicPartition, int] = {}
        self._held: dict[TopicPartition, deque[Delivery]] = {}
        self._quiet = 0.0
        self._forget(before)

    @property
    def has_joined(self) -> bool:
        """See `Subscription`."""
        return self._inner.has_joined

    @property
    def epoch(self) -> int:
        """See `Subscription`."""
        return self._inner.epoch

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """See `Subscription`."""
        return self._inner.assignment

    def poll(self, max_records: int, timeout: float) -> list[Delivery]:
        """See `Subscription`; empty also while it is not known which record is the oldest."""
        deadline = time.monotonic() + timeout
        while self._is_reassigned() or self._lacks_some() or not self._inner.assignment:
            if self._is_reassigned():
                self._begin_anew()
            began = time.monotonic()
            found = self._inner.poll(FETCH, max(0.0, deadline - began))
            if self._is_reassigned():
                continue
            if not found:
                self._give_up_on_what_is_gone(time.monotonic() - began)
                break
            self._hold(found)
        return self._oldest(max_records)

    def _is_reassigned(self) -> bool:
        return self._inner.epoch != self._epoch

    def _begin_anew(self) -> None:
        """Read from what is committed; if that fails, the next poll tries again, as the epoch is noted last."""
        epoch = self._inner.epoch
        self.rewind()
        self._epoch = epoch

    def keep_alive(self, timeout: float) -> None:
        """See `Subscription`."""
        self._inner.keep_alive(timeout)

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """See `Subscription`."""
        self._inner.commit(positions)

    def rewind(self) -> None:
        """See `Subscription`."""
        self._inner.rewind()
        self._forget(self._extents())

    def close(self) -> None:
        """See `Subscription`."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def still_to_read(self) -> dict[TopicPartition, Extent]:
        """How far it is in each partition, and where it ends."""
        return {
            place: Extent(held[0].offset if (held := self._held[place]) else self._read[place], end)
            for place, end in self._ends.items()
        }

    def _forget(self, extents: Mapping[TopicPartition, Extent]) -> None:
        self._read = {place: extents[place].committed for place in self._ends}
        self._held = {place: deque() for place in self._ends}
        self._quiet = 0.0

    def _lacks_some(self) -> bool:
        return any(not self._held[place] and self._read[place] < self._ends[place] for place in self._inner.assignment)

    def _hold(self, found: list[Delivery]) -> None:
        self._quiet = 0.0
        for delivery in found:
            place = delivery.source
            self._read[place] = delivery.offset + 1
            if delivery.offset < self._ends[place] and self._wanted(delivery):
                self._held[place].append(delivery)

    def _give_up_on_what_is_gone(self, waited: float) -> None:
        self._quiet += waited if self._inner.assignment else 0.0
        if self._quiet > QUIET_SECONDS:
            self._read = {place: max(self._read[place], end) for place, end in self._ends.items()}

    def _oldest(self, max_records: int) -> list[Delivery]:
        taken: list[Delivery] = []
        while len(taken) < max_records and not self._lacks_some():
            heads = [held[0] for held in self._held.values() if held]
            if not heads:
                break
            first = min(heads, key=lambda head: (head.timestamp_ms, head.partition, head.offset))
            taken.append(self._held[first.source].popleft())
        return taken
