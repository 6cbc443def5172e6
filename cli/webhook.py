"""`geowire watch send`: flags to a webhook, as a long-lived consumer."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

import aiohttp
import typer
from yarl import URL

from cli.console import note, set_up_logging
from cli.monitored import monitored
from cli.process import report
from cli.stages import loop_options, ready_bus
from flows.stages import OpenStage
from geowire.consume import ConsumerLoop
from geowire.errors import Misconfigured, Transient
from geowire.settings import Settings, load_settings
from geowire.stage import group_of
from ingest.addresses import PrivateAddress
from ingest.http_request import open_session
from processors.flag.webhook import Busy, WebhookStage

ASKING_FOR_TIME = frozenset({429, 503})


class Answer(NamedTuple):
    """What a receiver says."""

    status: int
    wait_seconds: int


def send(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when every flag there is has been sent.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one line of JSON.")] = False,
) -> None:
    """Send flags to GEOWIRE_WEBHOOK, signed with GEOWIRE_WEBHOOK_SECRET; Ctrl-C or SIGTERM finishes the batch in hand.

    Example: [bold]geowire watch send --until-idle[/bold]
    """
    settings = load_settings()
    set_up_logging(settings, "watch send")
    stage = webhook_stage(settings)
    with (
        ready_bus(settings, absent="fails" if until_idle else "waits") as bus,
        monitored(settings, OpenStage(stage, None)) as monitor,
    ):
        loop = ConsumerLoop(bus, stage, options=loop_options(settings, until_idle=until_idle), monitor=monitor)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        if not until_idle:
            note(f"geowire: {group_of(stage.name)} reads {stage.topic}; Ctrl-C ends it")
        counts = loop.run()
    report(stage.name, counts, as_json=as_json)


def webhook_stage(settings: Settings) -> WebhookStage:
    """The stage on these settings. Raises `Misconfigured` if one is missing; neither address nor secret is shown."""
    address, secret = settings.webhook.get_secret_value(), settings.webhook_secret.get_secret_value()
    if not is_address(address):
        raise Misconfigured("GEOWIRE_WEBHOOK: write an http(s) address, such as https://hooks.example.org/geowire")
    if len(secret) < 16:
        raise Misconfigured("GEOWIRE_WEBHOOK_SECRET: write at least 16 characters; the receiver needs the same ones")
    return WebhookStage(poster(address, settings), secret.encode(), settings.webhook_attempts)


def is_address(address: str) -> bool:
    """Whether requests can be sent there: http or https, a host, and a port that there is."""
    try:
        parts = URL(address)
        return parts.scheme in {"http", "https"} and bool(parts.host) and parts.port != 0
    except ValueError:
        return False


def poster(address: str, settings: Settings) -> Callable[[bytes, Mapping[str, str]], None]:
    """Sends a body once, where connections may go; what is said of a failure does not hold the address."""
    host = URL(address).host

    def post(body: bytes, headers: Mapping[str, str]) -> None:
        try:
            answer = asyncio.run(asyncio.wait_for(_post(address, body, headers, settings), _seconds(settings)))
        except TimeoutError as error:
            raise Transient(f"{host} gave no answer in {_seconds(settings):g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            if is_refused(error):
                raise Misconfigured(
                    f"GEOWIRE_WEBHOOK: {host} is no public address; allow it in GEOWIRE_ALLOW_PRIVATE_NETWORKS"
                ) from error
            raise Transient(f"{host} cannot be reached: {type(error).__name__}") from error
        if answer.status in ASKING_FOR_TIME and answer.wait_seconds:
            raise Busy(f"{host} answered {answer.status}: wait {answer.wait_seconds} s", answer.wait_seconds)
        if not 200 <= answer.status < 300:
            raise Transient(f"{host} answered {answer.status}")

    return post


def is_refused(error: BaseException | None) -> bool:
    """Whether a connection failed because its address may not be reached."""
    while error is not None:
        if isinstance(error, PrivateAddress):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _post(address: str, body: bytes, headers: Mapping[str, str], settings: Settings) -> Answer:
    """What the receiver says; redirects are not followed and the answer's body is not read."""
    async with (
        open_session(settings, aiohttp.ThreadedResolver()) as session,
        session.post(URL(address), data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return Answer(answer.status, seconds_of(answer.headers.get("Retry-After", "")))


def seconds_of(retry_after: str) -> int:
    """The seconds of a Retry-After; 0 for a date, after which the loop's own waits count."""
    return int(retry_after[:9]) if re.fullmatch(r"[0-9]+", retry_after) else 0


def _seconds(settings: Settings) -> float:
    return settings.webhook_timeout.total_seconds()
