"""Makes a Prefect server ready for geowire: work pool, queues, deployments, automations. Twice is the same as once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.events.actions import ActionTypes
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessWorker
from pydantic import SecretStr

from flows.automations import apply_automations, automations, in_the_event_feed, notification
from flows.deployments import DEFAULT_QUEUE, DEPLOYMENTS, LATER_QUEUE, POOL, runner_deployment
from geowire.errors import Misconfigured, Transient

ALERT_BLOCK = "geowire-alerts"


@dataclass(frozen=True, slots=True)
class Queue:
    """A work queue; a lower number goes first."""

    name: str
    priority: int
    limit: int | None
    description: str


QUEUES = (
    Queue(DEFAULT_QUEUE, 1, None, "What must be in time: polls, revisits, the stages' health."),
    Queue(LATER_QUEUE, 10, 2, "What can wait: backfills, housekeeping. Taken when nothing else is due."),
)


async def set_up(alert_webhook: SecretStr) -> list[str]:
    """Make pool, queues, deployments and automations; what was made, in lines.

    Raises `Misconfigured` if no server is named, `Transient` if it does not answer.
    """
    async with connected() as client:
        await make_pool(client)
        for queue in QUEUES:
            await make_queue(client, queue)
        for row in DEPLOYMENTS:
            await (await runner_deployment(row, is_pooled=True)).aapply()
        number = await install_automations(client, alert_webhook)
    return [
        f"work pool {POOL} with the queues {', '.join(queue.name for queue in QUEUES)}",
        *[f"deployment {row.flow.name}/{row.name}" for row in DEPLOYMENTS],
        f"{number} automations; alerts {'go to the webhook' if is_set(alert_webhook) else 'stand among the events'}",
    ]


@asynccontextmanager
async def connected() -> AsyncIterator[PrefectClient]:
    """A client of the server that PREFECT_API_URL names. Raises one line if there is none."""
    url = get_current_settings().api.url
    if not url:
        raise Misconfigured("PREFECT_API_URL is not set; write the server's address, such as http://127.0.0.1:4200/api")
    async with get_client() as client:
        try:
            await client.hello()
            yield client
        except httpx.HTTPError as error:
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise Transient(f"the Prefect server at {url} does not answer ({said}); see PREFECT_API_URL") from error


async def make_pool(client: PrefectClient) -> None:
    """The work pool, for workers that start a process for each run."""
    description = "Workers of geowire: prefect worker start --pool geowire"
    template = ProcessWorker.get_default_base_job_template()
    try:
        await client.read_work_pool(POOL)
    except ObjectNotFound:
        pool = WorkPoolCreate(name=POOL, type="process", description=description, base_job_template=template)
        await client.create_work_pool(pool)
    else:
        await client.update_work_pool(POOL, WorkPoolUpdate(description=description, base_job_template=template))


async def make_queue(client: PrefectClient, queue: Queue) -> None:
    """One of the pool's queues."""
    values = {"priority": queue.priority, "concurrency_limit": queue.limit, "description": queue.description}
    try:
        found = await client.read_work_queue_by_name(queue.name, work_pool_name=POOL)
    except ObjectNotFound:
        found = await client.create_work_queue(queue.name, work_pool_name=POOL)
    await client.update_work_queue(found.id, **values)


async def install_automations(client: PrefectClient, alert_webhook: SecretStr) -> int:
    """Install the automations; how many there are."""
    return await apply_automations(client, automations(await alert_action(alert_webhook)))


async def alert_action(alert_webhook: SecretStr) -> ActionTypes:
    """What an alert does: a POST to the webhook, or nothing but the event. Raises `Misconfigured` for no address."""
    if not is_set(alert_webhook):
        return in_the_event_feed()
    if not alert_webhook.get_secret_value().startswith(("http://", "https://")):
        raise Misconfigured("GEOWIRE_ALERT_WEBHOOK is no address; write one that begins with http:// or https://")
    block = CustomWebhookNotificationBlock(
        name="geowire alerts",
        url=alert_webhook.get_secret_value(),
        json_data={"subject": "{{subject}}", "text": "{{body}}"},
    )
    return notification(await block.asave(ALERT_BLOCK, overwrite=True))


def is_set(secret: SecretStr) -> bool:
    """Whether there is one."""
    return bool(secret.get_secret_value())
