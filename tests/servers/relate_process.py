"""The relate stage in a process of its own, to be killed: bus, state file, batch, member, and perhaps `until-idle`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

if __name__ == "__main__":
    from geowire.bus import MemberOptions, open_bus
    from geowire.consume import ConsumerLoop, LoopOptions
    from geowire.stage_state import StageState
    from processors.relate import RelateStage

    bus_url, state_file, batch, member, *rest = sys.argv[1:]
    options = LoopOptions(batch=int(batch), retry_wait=0.1, until_idle=rest == ["until-idle"])
    with open_bus(bus_url, member=MemberOptions(name=member, session_timeout=2.0)) as bus:
        state = StageState(Path(state_file))
        ConsumerLoop(bus, RelateStage(), state=state, options=options).run()
        state.close()
