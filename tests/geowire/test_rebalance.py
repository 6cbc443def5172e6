"""Members come and go while others have batches in hand."""

from __future__ import annotations

import threading

from servers.processes import wait_until
from servers.relay import Echo, Relay

from geowire.consume import ConsumerLoop, LoopOptions


def test_members_come_and_go_while_work_is_in_hand(bus_url: str) -> None:
    """A second member of the group joins and leaves twice: nothing is lost, and what comes twice is the same."""
    with Relay(bus_url) as relay:
        relay.wait_for_progress()
        for _ in range(2):
            taken = work_for_a_while(relay)
            assert taken > 0
        relay.wait_for_progress()
        accounts = relay.finish()

    assert [(found.lost, found.unequal, found.disordered) for found in accounts] == [(0, 0, 0)] * 2


def work_for_a_while(relay: Relay) -> int:
    """Another member of the stage's group, until it has taken some of the work; how many messages."""
    with relay.open() as bus:
        loop = ConsumerLoop(bus, Echo(), options=LoopOptions(batch=50, retry_wait=0.2))
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            wait_until(lambda: loop.counts.taken > 100, "the second member to get some of the work")
        finally:
            loop.stop()
            thread.join()
    return loop.counts.taken
