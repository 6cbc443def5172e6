"""A replay of one stage, opened on the settings of one process. No import of prefect: the command runs it too."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flows.stages import OpenStage, StageName, loop_options, open_stage
from geowire.bus import Bus, open_bus
from geowire.consume import ConsumerLoop
from geowire.errors import Misconfigured
from geowire.monitor import Counts
from geowire.replay import Plan, ReplayBus, newer_than_held
from geowire.settings import Settings, load_settings
from geowire.stage import group_of
from geowire.topics import DEADLETTERS, TOPICS


@dataclass(frozen=True, slots=True)
class Report:
    """What a replay has done in one run."""

    stage: str
    label: str
    reads: str
    writes: tuple[str, ...]
    read: int
    published: int
    dead_letters: int
    still_to_read: int
    """More than 0 if it was stopped: the same command goes on from there."""


class OpenReplay:
    """A replay ready to run."""

    def __init__(self, name: StageName, settings: Settings, plan: Plan, view: ReplayBus, opened: OpenStage) -> None:
        self._name, self._settings, self._plan, self._view, self._opened = name, settings, plan, view, opened

    def loop(self, on_progress: Callable[[Counts], None], limit: int | None = None) -> ConsumerLoop:
        """The loop that runs it to its end, or until it has read about so many messages."""

        def progress(counts: Counts) -> None:
            on_progress(counts)
            if limit is not None and counts.taken >= limit:
                loop.stop()

        options = loop_options(self._settings, until_idle=True)
        if limit is not None:
            options = replace(options, batch=min(options.batch, limit))
        loop = self._opened.loop(self._view, options, progress)
        return loop

    def still_to_read(self) -> int:
        """Messages between here and the end, those that the replay is not about among them."""
        extents = self._view.extents(group_of(self._name), [self._opened.stage.topic])
        return sum(extent.lag for extent in extents.values())

    def report(self, counts: Counts) -> Report:
        """What came of it."""
        topics = [topic.name for topic in TOPICS if topic.written_by == self._name]
        writes = tuple(topics if self._plan.live else map(self._plan.labelled, topics))
        return Report(
            stage=self._name,
            label=self._plan.label,
            reads=self._plan.source(self._opened.stage.topic),
            writes=writes,
            read=counts.taken,
            published=self._view.written,
            dead_letters=counts.dead,
            still_to_read=self.still_to_read(),
        )


@contextlib.contextmanager
def open_replay(name: StageName, settings: Settings, bus: Bus, plan: Plan) -> Iterator[OpenReplay]:
    """A stage that replays, with a state of its own and topics like the originals.

    Raises `Misconfigured` for a live replay of a stage without a model, or of a model that is not newer.
    """
    with open_stage(name, settings.with_(flag_feeds=None), plan.label) as opened:
        model = getattr(opened.stage, "model", None)
        if plan.live and model is None:
            raise Misconfigured(
                f"--live is for tag alone: what {name} writes has no model by which readers could tell new from old; "
                "leave out --live"
            )
        view = ReplayBus(bus, plan, newer_than_held(bus, model) if plan.live and model else None)
        view.ensure_topics([*(topic for topic in TOPICS if topic.written_by == name), DEADLETTERS])
        yield OpenReplay(name, settings, plan, view, opened)


def parse_time(text: str) -> datetime | None:
    """`2026-11-01` or `2026-11-01T12:00+01:00`, in UTC unless it says otherwise; None for an empty text."""
    if not text:
        return None
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise Misconfigured(f"{text!r} is not a time; write 2026-11-01 or 2026-11-01T12:00Z") from error


def in_utc(moment: datetime | None) -> datetime | None:
    """A time without a zone is in UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def replay_once(name: StageName, plan: Plan, limit: int, stop: threading.Event) -> Report:
    """A replay on the settings of this process, to its end, its limit, or until it is to stop."""
    settings = load_settings()
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        with open_replay(name, settings, bus, plan) as opened:
            loop = opened.loop(lambda _: loop.stop() if stop.is_set() else None, limit)
            return opened.report(loop.run())
