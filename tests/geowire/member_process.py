"""A member of a group in a process of its own: polls, commits the first twenty, says which, and waits to be killed."""

from __future__ import annotations

import sys
import threading

from geowire.bus import Delivery, MemberOptions, open_bus

if __name__ == "__main__":
    bus_url, group, topic, exclusive, *name = sys.argv[1:]
    bus = open_bus(bus_url, member=MemberOptions(name=name[0] if name else None, session_timeout=2.0))
    subscription = bus.subscribe(group, [topic], exclusive=exclusive == "1")
    taken: list[Delivery] = []
    while len(taken) < 60:
        taken += subscription.poll(60 - len(taken), 0.5)
    finished = taken[:20]
    subscription.commit({delivery.source: delivery.offset + 1 for delivery in finished})
    print(*[(delivery.record.value or b"").decode() for delivery in finished], flush=True)
    threading.Event().wait(120)
