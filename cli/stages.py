"""The stages by name, opened on the settings of this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cli.console import note
from geowire.bus import Bus, MemberOptions, ensure_topics_or_later, open_bus
from geowire.consume import ConsumerLoop, Counts, LoopOptions
from geowire.errors import Misconfigured, Transient
from geowire.settings import Settings
from geowire.stage import StatefulStage, StatelessStage
from geowire.stage_state import StageState
from geowire.topics import ARTICLES, STORIES, TAGGED, TOPICS

if TYPE_CHECKING:
    from processors.tag.tag import ArticleTagger

StageName = Literal["tag", "relate", "flag"]
Absent = Literal["fails", "waits", "later"]
WAIT_SECONDS = 1.0
READS: dict[StageName, str] = {"tag": ARTICLES.name, "relate": TAGGED.name, "flag": STORIES.name}
"""The topic that each stage reads."""


@dataclass(frozen=True, slots=True)
class OpenStage:
    """A stage with its state, if it has one."""

    stage: StatelessStage | StatefulStage
    state: StageState | None

    def loop(self, bus: Bus, options: LoopOptions, on_progress: Callable[[Counts], None]) -> ConsumerLoop:
        """The loop that runs it."""
        return ConsumerLoop(bus, self.stage, state=self.state, options=options, on_progress=on_progress)


@contextlib.contextmanager
def open_stage(name: StageName, settings: Settings) -> Iterator[OpenStage]:
    """A stage ready to run; its state file is `<name>.db` in the data folder."""
    stage = make_stage(name, settings)
    state = None if name == "tag" else StageState(settings.data / f"{name}.db")
    try:
        yield OpenStage(stage, state)
    finally:
        if state is not None:
            state.close()


def make_stage(name: StageName, settings: Settings) -> StatelessStage | StatefulStage:
    """The stage of a name; only its own room is imported."""
    if name == "tag":
        from processors.tag.stage import TagStage  # noqa: PLC0415

        return TagStage(load_tagger(settings))
    if name == "relate":
        from processors.relate.stage import RelateStage  # noqa: PLC0415

        return RelateStage(window=settings.story_window, most=settings.stories_max)
    from processors.flag.stage import FlagStage  # noqa: PLC0415
    from processors.flag.watch_file import read_watches  # noqa: PLC0415

    return FlagStage(read_watches(settings.watches) if settings.watches else None, feeds=settings.flag_feeds)


def load_tagger(settings: Settings) -> ArticleTagger:
    """The tagger with the plug-ins that the settings ask for. Raises `Misconfigured` that names the setting."""
    from processors.tag.plugins import load_spacy  # noqa: PLC0415
    from processors.tag.tag import ArticleTagger  # noqa: PLC0415

    if settings.spacy_model is None:
        return ArticleTagger.load()
    try:
        return ArticleTagger.load(plugins=[load_spacy(settings.spacy_model)])
    except Misconfigured as error:
        raise Misconfigured(f"GEOWIRE_SPACY_MODEL: {error}") from error


def loop_options(settings: Settings, *, until_idle: bool) -> LoopOptions:
    """How loops behave under these settings."""
    return LoopOptions(settings.batch, settings.retry_wait.total_seconds(), until_idle)


@contextlib.contextmanager
def ready_bus(settings: Settings, *, absent: Absent = "fails") -> Iterator[Bus]:
    """The bus with its topics there; what differs from the contract is said. `absent` is what a bus that is away does.

    It `fails` the command, which `waits` for it, or it comes `later`: messages go to an outbox meanwhile.
    """
    member = MemberOptions(name=settings.member)
    with open_bus(settings.bus_url, member=member, kafka=settings.kafka) as bus:
        for line in ENSURE[absent](bus):
            note(f"geowire: {line}; geowire goes on with it as it is")
        yield bus


def wait_for_topics(bus: Bus) -> list[str]:
    """`ensure_topics` of a bus that may not be there yet; one line says that and why."""
    said = False
    while True:
        try:
            return bus.ensure_topics(TOPICS)
        except Transient as fault:
            if not said:
                note(f"geowire: {fault}; waiting until it is there, Ctrl-C ends it")
            said = True
        threading.Event().wait(WAIT_SECONDS)


ENSURE: dict[Absent, Callable[[Bus], list[str]]] = {
    "fails": lambda bus: bus.ensure_topics(TOPICS),
    "waits": wait_for_topics,
    "later": lambda bus: ensure_topics_or_later(bus, TOPICS),
}
