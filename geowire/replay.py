"""A replay: one stage over what a topic holds already, beside the live pipeline and never in its way.

ReplayBus is a view of the bus under which the consumer loop and the stage run as they always do:

subscribe(group)   joins `<group>.<label>`, a group of its own, and reads in the order of publication up to a fixed end
publish(records)   goes to `<topic>.<label>`; in a live replay to the topic itself, where it holds nothing as new
read(topic)        reads `<topic>.<label>`: a stage that rebuilds its state finds its own earlier answers
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from geowire.bus import Bus, Delivery, Extent, Reader, Record, Standing, TopicPartition, Unwritable
from geowire.bus_reading import everything
from geowire.errors import Misconfigured
from geowire.events import header_texts
from geowire.replay_order import InTimeOrder
from geowire.retries import RETRIES
from geowire.topics import DEADLETTERS, TAGGED, Topic

LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

Newer = Callable[[Record], bool]
"""Whether a record says something newer than what its topic holds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay reads and where it writes. Raises `Misconfigured` for a label or times that cannot be."""

    label: str
    since: datetime | None = None
    """The first time of publication on the topic that is read; None: from the oldest."""
    until: datetime | None = None
    """The first that is not; None: up to what stands there when the replay begins."""
    live: bool = False
    """Into the live topic instead of a labelled one."""
    source_label: str | None = None
    """The replay whose topic is read; None: the live one."""

    def __post_init__(self) -> None:
        for label in (self.label, self.source_label):
            if label is not None and not LABEL.fullmatch(label):
                raise Misconfigured(f"label {label!r}: write lower-case letters, digits and hyphens, such as retag-2")
        if self.since and self.until and self.since >= self.until:
            raise Misconfigured(f"nothing lies from {self.since.isoformat()} to {self.until.isoformat()}")

    def has(self, delivery: Delivery) -> bool:
        """Whether the replay is about a delivery."""
        at = delivery.timestamp_ms / 1000
        is_too_early = self.since is not None and at < self.since.timestamp()
        return not is_too_early and (self.until is None or at < self.until.timestamp())

    def labelled(self, topic: str) -> str:
        """Where the replay writes what would go to a topic."""
        return f"{topic}.{self.label}"

    def source(self, topic: str) -> str:
        """Where the replay reads what a stage reads from a topic."""
        return f"{topic}.{self.source_label}" if self.source_label else topic


class ReplayBus:
    """The `Bus` as a replay sees it. Closing it leaves the bus behind it open."""

    def __init__(self, bus: Bus, plan: Plan, is_newer: Newer | None = None) -> None:
        self._bus = bus
        self._plan = plan
        self._is_newer = is_newer
        self.reading: InTimeOrder | None = None
        """What the stage reads from, once it does."""
        self.written = 0
        """Messages written so far, dead letters aside."""

    def ensure_topics(self, topics: Iterable[Topic]) -> list[str]:
        """Create the topics that the replay writes to, like the originals."""
        wanted = [replace(topic, name=self._target(topic.name)) for topic in topics if topic is not RETRIES]
        return self._bus.ensure_topics(wanted)

    def publish(self, batch: Sequence[Record]) -> None:
        """See `Bus`."""
        kept = [record for record in batch if self._is_kept(record)]
        sent = [replace(record, topic=self._target(record.topic)) for record in kept]
        try:
            self._bus.publish(sent)
        except Unwritable as error:  # the loop knows the record under its own topic
            original = next(record for record, copy in zip(kept, sent, strict=True) if copy is error.record)
            raise Unwritable(original, error.reason, error.detail) from error
        self.written += sum(record.topic != DEADLETTERS.name for record in kept)

    def subscribe(self, group: str, topics: Sequence[str], *, exclusive: bool = False) -> InTimeOrder:  # noqa: ARG002
        """See `Bus`; a second process of one replay always stands by, and retries are for the live stage."""
        name = self._plan.labelled(group)
        sources = self._sources(topics)
        inner = self._bus.subscribe(name, sources, exclusive=True)
        try:
            self.reading = InTimeOrder(inner, lambda: self._bus.extents(name, sources), self._plan.has)
        except BaseException:
            inner.close()
            raise
        return self.reading

    def read(self, topic: str, *, from_beginning: bool = True) -> Reader:
        """See `Bus`."""
        return self._bus.read(self._plan.labelled(topic), from_beginning=from_beginning)

    def extents(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Extent]:
        """How far the replay is, and where it ends; raises `Transient` if the bus does not answer."""
        extents = self._bus.extents(self._plan.labelled(group), self._sources(topics))
        return extents if self.reading is None else self.reading.still_to_read()

    def standing(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
        """See `Bus`: as it is committed, where `extents` tells what is left to read."""
        return self._bus.standing(self._plan.labelled(group), self._sources(topics))

    def members(self, group: str) -> int:
        """See `Bus`."""
        return self._bus.members(self._plan.labelled(group))

    def late_partitions(self, group: str, topics: Sequence[str], before: float) -> set[TopicPartition]:
        """See `Bus`."""
        return self._bus.late_partitions(self._plan.labelled(group), self._sources(topics), before)

    def close(self) -> None:
        """Nothing: the bus belongs to who opened it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sources(self, topics: Sequence[str]) -> list[str]:
        return [self._plan.source(topic) for topic in topics if topic != RETRIES.name]

    def _target(self, topic: str) -> str:
        return topic if self._plan.live and topic != DEADLETTERS.name else self._plan.labelled(topic)

    def _is_kept(self, record: Record) -> bool:
        return self._is_newer is None or record.topic == DEADLETTERS.name or self._is_newer(record)


def newer_than_held(bus: Bus, model: str) -> Newer:
    """Lets through what `geowire.tagged.v1` does not hold under this model yet, or a newer one.

    Raises `Misconfigured` if that is nothing: the topic holds a newer model, or this one of everything.
    """
    held = _held_models(bus)
    newest = max(held.values(), default="")
    if newest > model:
        raise Misconfigured(f"{TAGGED.name} holds {newest}, which is newer than {model}: replay with a newer geowire")
    if held and min(held.values()) == model:
        raise Misconfigured(f"{model} is not newer than what {TAGGED.name} holds; leave out --live to compare them")
    return lambda record: held.get(_version_of(record)[0], "") < model


def _held_models(bus: Bus) -> dict[str, str]:
    """The newest model of each version of an article on the topic."""
    held: dict[str, str] = {}
    for delivery in everything(bus, TAGGED.name):
        version, model = _version_of(delivery.record)
        held[version] = max(model, held.get(version, ""))
    return held


def _version_of(record: Record) -> tuple[str, str]:
    """Article and version, and the model that tagged it: `ce_id` is `id:version:model`."""
    article, _, rest = header_texts(record.headers).get("ce_id", "").partition(":")
    version, _, model = rest.partition(":")
    return f"{article}:{version}", model
