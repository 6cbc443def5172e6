"""What commands need of the stages: how they are opened, and the bus with a word to the person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cli.console import note
from flows.stages import READS, StageName, load_tagger, loop_options, open_stage
from geowire.bus import Bus, MemberOptions, open_bus
from geowire.settings import Settings
from geowire.topics import TOPICS

__all__ = ["READS", "StageName", "load_tagger", "loop_options", "open_stage", "ready_bus"]


@contextlib.contextmanager
def ready_bus(settings: Settings) -> Iterator[Bus]:
    """The bus with its topics there; what differs from the contract is said."""
    member = MemberOptions(name=settings.member)
    with open_bus(settings.bus_url, member=member, replication=settings.kafka_replication) as bus:
        for line in bus.ensure_topics(TOPICS):
            note(f"geowire: {line}; geowire goes on with it as it is")
        yield bus
