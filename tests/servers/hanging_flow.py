"""A flow that hangs if it is told to, deployed as the project's own are: one slot, the next is cancelled, tagged."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from prefect import Flow, flow
from prefect.events.actions import DoNothing

from flows.automations import apply_automations, automations
from flows.deployments import Deployment, runner_deployment
from flows.setup import connected


@flow(name="hang", persist_result=False)
async def hang(forever: bool = False) -> bool:
    """Do nothing, once or for ever."""
    if forever:
        await asyncio.Event().wait()
    return forever


async def deploy(zombie_seconds: float) -> None:
    """Make the deployment, and the automations with this patience."""
    flow_: Flow[Any, Any] = hang
    row = Deployment(flow_, "by-hand", "servers.hanging_flow.hang", None, "Hangs.")
    await (await runner_deployment(row)).aapply()
    async with connected() as client:
        await apply_automations(client, automations(DoNothing(), timedelta(seconds=zombie_seconds)))
