"""What the Prefect server does by itself: tells somebody, and frees the slot of a run whose process is dead.

An alert goes to a webhook if there is one; without one it stands in the event feed, as `prefect.automation.triggered`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.events import DEADLETTERS_GREW, FEED_TURNED, LAG_GREW, POLL_FINISHED
from flows.server import HEARTBEAT_SECONDS

ZOMBIE_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)
"""A run that was not heard of for so long is dead: one heartbeat may be late, and one may be lost."""
POLL_MISSED_AFTER = timedelta(minutes=20)
LATE_AFTER = timedelta(minutes=1)
PENDING_AFTER = timedelta(minutes=5)
TWO_MEASURES = timedelta(minutes=35)

RUN = "prefect.flow-run."
EACH = {"prefect.resource.id"}
Label = dict[str, str | list[str]]
OURS: Label = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.geowire"}
BY_SCHEDULE: Label = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.auto-scheduled"}


def automations(alert: ActionTypes, zombie_after: timedelta = ZOMBIE_AFTER) -> tuple[AutomationCore, ...]:
    """All of them; their names begin with `geowire: `, and by its name each is found again."""
    return (*feed_alerts(alert), *stage_alerts(alert), *poll_alerts(alert), *run_repairs(zombie_after))


def feed_alerts(alert: ActionTypes) -> Sequence[AutomationCore]:
    """Of feeds whose state changed for the worse."""
    silent, failing, gone = (FEED_TURNED.format(state=state) for state in ("silent", "failing", "gone"))
    return (
        automation(
            "a feed has gone silent",
            "It answers, but brings nothing that was to be expected of it.",
            EventTrigger(posture=Posture.Reactive, expect={silent}, for_each=EACH, threshold=1),
            alert,
        ),
        automation(
            "a feed fails",
            "It cannot be read any more, or is gone for good. A fault of our own network counts against no feed.",
            EventTrigger(posture=Posture.Reactive, expect={failing, gone}, for_each=EACH, threshold=1),
            alert,
        ),
    )


def stage_alerts(alert: ActionTypes) -> Sequence[AutomationCore]:
    """Of stages: both events are sent only when something has grown since the measure before."""
    return (
        automation(
            "dead letters grow",
            "A stage met messages that it can never process.",
            EventTrigger(posture=Posture.Reactive, expect={DEADLETTERS_GREW}, threshold=1),
            alert,
        ),
        automation(
            "a stage falls behind",
            "Its lag has grown twice in a row.",
            EventTrigger(posture=Posture.Reactive, expect={LAG_GREW}, for_each=EACH, threshold=2, within=TWO_MEASURES),
            alert,
        ),
    )


def poll_alerts(alert: ActionTypes) -> Sequence[AutomationCore]:
    """Of polls that fail or do not happen."""
    ended_badly = {RUN + name for name in ("Failed", "Crashed", "TimedOut")}
    minutes = POLL_MISSED_AFTER.seconds // 60
    return (
        automation(
            f"no poll for {minutes} minutes",
            "No poll has finished for so long. It watches from the first poll on.",
            EventTrigger(
                posture=Posture.Proactive,
                after={POLL_FINISHED},
                expect={POLL_FINISHED},
                for_each=EACH,
                within=POLL_MISSED_AFTER,
            ),
            alert,
        ),
        automation(
            "a run failed",
            "A poll, or another run of geowire, failed, crashed or took too long.",
            EventTrigger(posture=Posture.Reactive, expect=ended_badly, match_related=OURS, threshold=1),
            alert,
        ),
    )


def run_repairs(zombie_after: timedelta) -> Sequence[AutomationCore]:
    """Runs that would block the next one, or pile up."""
    crash = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="Its process is not heard of any more.")
    never_began = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="Its worker never began it.")
    cancel = ChangeFlowRunState(
        state=StateType.CANCELLED, name="Cancelled", message="It came too late; the next one does its work."
    )
    return (
        automation(
            "crash a run whose process is dead",
            f"No heartbeat for {zombie_after.seconds} s: the run is marked Crashed, and the next one gets its slot.",
            missing({"heartbeat"}, zombie_after, OURS),
            crash,
        ),
        automation(
            "crash a run that was never begun",
            "Its worker died after it had taken the run.",
            missing({"Pending", "Submitting", "InfrastructurePending"}, PENDING_AFTER, OURS),
            never_began,
        ),
        automation(
            "cancel a late scheduled run",
            "No worker took it: after an outage the missed ones must not run one after another.",
            missing({"Late"}, LATE_AFTER, OURS, BY_SCHEDULE),
            cancel,
        ),
    )


def missing(after: Collection[str], within: timedelta, *related: Label) -> EventTrigger:
    """That after one of these events nothing more was heard of a run."""
    return EventTrigger(
        posture=Posture.Proactive,
        after={RUN + name for name in after},
        expect={f"{RUN}*"},
        for_each=EACH,
        match={"prefect.resource.id": f"{RUN}*"},
        match_related=list(related),
        within=within,
    )


def automation(name: str, description: str, trigger: EventTrigger, action: ActionTypes) -> AutomationCore:
    """One of ours."""
    return AutomationCore(name=f"geowire: {name}", description=description, trigger=trigger, actions=[action])


def notification(block_document_id: object) -> SendNotification:
    """What an alert says, filled in by the server."""
    return SendNotification.model_validate(
        {
            "block_document_id": block_document_id,
            "subject": "{{ automation.name }}",
            "body": "{{ automation.description }}\n{{ event.payload.summary or event.resource.name or '' }}",
        }
    )


def in_the_event_feed() -> DoNothing:
    """An alert without a destination."""
    return DoNothing()


async def apply_automations(client: PrefectClient, wanted: Sequence[AutomationCore]) -> int:
    """Make them what they should be: found by name, updated or created; one that a person paused stays paused."""
    for each in wanted:
        found = await client.read_automations_by_name(each.name)
        if not found:
            await client.create_automation(each)
            continue
        await client.update_automation(found[0].id, each.model_copy(update={"enabled": found[0].enabled}))
        for surplus in found[1:]:
            await client.delete_automation(surplus.id)
    return len(wanted)
