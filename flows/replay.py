"""The replay flow: a stage once more over what its topic holds, beside the live pipeline."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import asdict
from datetime import datetime

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from pydantic import PositiveInt

from flows.replaying import in_utc, replay_once
from flows.run_log import cap_run_log
from flows.stages import StageName
from geowire.replay import Plan
from geowire.settings import load_settings

TIMEOUT_SECONDS = 3_600


@flow(
    name="replay-stage",
    flow_run_name="replay-{stage}-{label}",
    timeout_seconds=TIMEOUT_SECONDS,
    persist_result=False,
    validate_parameters=True,
)
async def replay_stage(
    stage: StageName,
    label: str,
    since: datetime | None = None,
    until: datetime | None = None,
    live: bool = False,
    limit: PositiveInt = 100_000,
) -> dict[str, object]:
    """Run a stage again over what its topic holds now. Run again with the same label it goes on where it stopped.

    Args:
        stage: Which stage.
        label: Name of this replay: its topics are called `<topic>.<label>`. Lower-case letters, digits, hyphens.
        since: Only what was published since then (UTC); empty: from the oldest.
        until: Only what was published before then (UTC); empty: up to now.
        live: Write into the live topic. For tag alone, and refused unless its model is newer than what is there.
        limit: Stop after about so many messages.

    Returns:
        What was read and published, and how much is still to read.
    """
    cap_run_log(load_settings())
    plan = Plan(label, in_utc(since), in_utc(until), live)
    stop = threading.Event()
    try:
        report = asdict(await asyncio.to_thread(replay_once, stage, plan, limit, stop))
    finally:
        stop.set()  # a run that is cancelled or out of time finishes the batch in hand
    rows = [{"what": name.replace("_", " "), "value": str(value)} for name, value in report.items()]
    await acreate_table_artifact(rows, key="replay-report", description=f"Replay {label} of {stage}.")
    return report
