"""The stages by name, opened on the settings of one process. No import of prefect: commands open them too."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from geowire.bus import Bus
from geowire.consume import ConsumerLoop, LoopOptions
from geowire.errors import Misconfigured
from geowire.monitor import Counts, Monitor
from geowire.settings import Settings
from geowire.stage import StatefulStage, StatelessStage
from geowire.stage_state import StageState
from geowire.topics import ARTICLES, FLAGGED, STORIES, TAGGED

if TYPE_CHECKING:
    from processors.tag.tag import ArticleTagger

StageName = Literal["tag", "relate", "flag"]
READS: dict[StageName, str] = {"tag": ARTICLES.name, "relate": TAGGED.name, "flag": STORIES.name}
"""The topic that each stage reads."""


def stages_read(settings: Settings) -> dict[str, str]:
    """The stages that run under these settings and the topic of each; the webhook is one if it has an address."""
    reads = {str(name): topic for name, topic in READS.items()}
    return reads | ({"webhook": FLAGGED.name} if settings.webhook.get_secret_value() else {})


@dataclass(frozen=True, slots=True)
class OpenStage:
    """A stage with its state, if it has one."""

    stage: StatelessStage | StatefulStage
    state: StageState | None
    live_stories: Callable[[], int] | None = None
    """How many stories may still grow, of the one stage that has some."""

    def loop(
        self,
        bus: Bus,
        options: LoopOptions,
        on_progress: Callable[[Counts], None],
        monitor: Monitor | None = None,
    ) -> ConsumerLoop:
        """The loop that runs it."""
        return ConsumerLoop(
            bus, self.stage, state=self.state, options=options, on_progress=on_progress, monitor=monitor
        )


@contextlib.contextmanager
def open_stage(name: StageName, settings: Settings, label: str = "") -> Iterator[OpenStage]:
    """A stage ready to run; its state file is `<name>.db` in the data folder, of a replay `<name>.<label>.db`."""
    stage = make_stage(name, settings)
    file = f"{name}.{label}.db" if label else f"{name}.db"
    state = None if name == "tag" else StageState(settings.data / file)
    try:
        yield OpenStage(stage, state, (lambda: int(stage.live_stories)) if name == "relate" else None)  # type: ignore[union-attr]
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
