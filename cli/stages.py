"""What commands need of the stages: how they are opened, and the bus with a word to the person."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Literal

from cli.console import note
from flows.stages import READS, StageName, load_tagger, loop_options, open_stage
from geowire.bus import Bus, MemberOptions, ensure_topics_or_later, open_bus
from geowire.errors import Transient
from geowire.settings import Settings
from geowire.topics import TOPICS

__all__ = ["READS", "StageName", "load_tagger", "loop_options", "open_stage", "ready_bus"]

Absent = Literal["fails", "waits", "later"]
WAIT_SECONDS = 1.0


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
