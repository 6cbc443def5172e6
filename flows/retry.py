"""The retry flow: dead letters back to the stage that failed."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice
from typing import Literal

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from pydantic import PositiveInt

from flows.names import retry_run_name
from flows.run_log import cap_run_log
from geowire.bus import open_bus
from geowire.retries import Choice, retry, waiting_letters
from geowire.settings import load_settings
from geowire.topics import TOPICS

TIMEOUT_SECONDS = 600
AnyStage = Literal["any", "tag", "relate", "flag", "webhook", "publish"]


def send_back(choice: Choice, limit: int) -> Counter[tuple[str, str, str]]:
    """Retry on the settings of this process; how many by stage, reason, and what came of it."""
    settings = load_settings()
    with open_bus(settings.bus_url, kafka=settings.kafka) as bus:
        bus.ensure_topics(TOPICS)
        chosen = list(islice(waiting_letters(bus, choice), limit))
        ends = [(one.letter, one.refusal or "given back") for one in retry(bus, chosen)]
    return Counter((letter.stage, letter.reason, end) for letter, end in ends)


@flow(
    name="retry-dead-letters",
    flow_run_name=retry_run_name,
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def retry_dead_letters(stage: AnyStage = "any", reason: str = "", limit: PositiveInt = 1_000) -> dict[str, int]:
    """Give dead letters back to their stages; what fails again is a new dead letter with one attempt more.

    Args:
        stage: Only those of this stage; `publish`: records that did not fit onto their topic.
        reason: Only those for this reason, such as `malformed`; empty: any.
        limit: At most so many.

    Returns:
        How many were given back, and how many wait on.
    """
    cap_run_log(load_settings())
    choice = Choice(None if stage == "any" else stage, reason or None)
    ends = await asyncio.to_thread(send_back, choice, limit)
    rows = [{"stage": s, "reason": r, "what came of it": end, "letters": n} for (s, r, end), n in ends.most_common()]
    await acreate_table_artifact(rows, key="retry-report", description="Dead letters by what came of them.")
    given = sum(number for (_, _, end), number in ends.items() if end == "given back")
    return {"given_back": given, "wait_on": ends.total() - given}
