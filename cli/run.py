"""`geowire run`: everything on this machine, in processes of its own: Prefect server, the schedule, all stages."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import typer

from cli.console import note
from cli.household import SERVER, Household
from cli.stages import READS, ready_bus
from flows.server import end_unfinished_runs, environment, server_command
from geowire.errors import Misconfigured, Transient
from geowire.settings import Settings, child_environment, load_settings
from geowire.settings_values import parse_duration
from ingest.catalogue import read_catalogue


def run(
    host: Annotated[str, typer.Option(help="Where the Prefect server listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65_535)] = 4200,
    metrics: Annotated[
        int, typer.Option(help="First of the ports for metrics, one for each process; 0: none.", min=0, max=65_000)
    ] = 0,
    every: Annotated[str, typer.Option(help="How often the flows run, such as 30s; empty: their own schedule.")] = "",
) -> None:
    """Run everything on this machine: Prefect server and UI, the schedule, all stages; Ctrl-C drains.

    Example: [bold]GEOWIRE_FEEDS=feeds.opml geowire run[/bold], then open http://127.0.0.1:4200
    """
    settings = load_settings()
    check_every(every)
    check_feeds(settings)
    check_port(host, port)
    with ready_bus(settings, absent="waits"):
        pass
    home = settings.data.resolve() / "prefect"
    (home / "logs").mkdir(parents=True, exist_ok=True)
    household = Household(child_environment(environment(home, host, port)), home / "logs")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: household.stop())
    try:
        household.start(SERVER, server_command(host, port))
        household.wait_until_ready(host, port)
        household.start("flows", [sys.executable, "-m", "flows.serve", *(["--every", every] if every else [])])
        for name, arguments, listener in consumers(settings, metrics):
            household.start(name, [sys.executable, "-m", "cli.main", *arguments], {"GEOWIRE_METRICS": listener})
        note(f"geowire: running; the UI is at http://{host}:{port}, logs in {home / 'logs'}; Ctrl-C ends it")
        household.watch()
    finally:
        household.drain(partial(end_unfinished_runs, host, port))


def check_feeds(settings: Settings) -> None:
    """Raises `Misconfigured` for a feed list that is none; one that is out of reach is only said: polls ask again."""
    try:
        read_catalogue(settings.feeds_location, settings)
    except Transient as fault:
        note(f"geowire: {fault}; polls ask for it again, and go on with the feeds of the last time if there are any")


def check_every(every: str) -> None:
    """Raises `Misconfigured` unless it is a duration or empty: the process that reads it would end again and again."""
    try:
        parse_duration(every or "1s")
    except ValueError as error:
        raise Misconfigured(f"--every: {error}") from None


def check_port(host: str, port: int) -> None:
    """Raises `Misconfigured` if nobody can listen there: another server at it must not be taken for our own."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise Misconfigured(
            f"the Prefect server cannot listen on {host}:{port} ({error.strerror}); is geowire run on already? "
            "Write another --port, or another --host"
        ) from None


def consumers(settings: Settings, metrics_port: int = 0) -> Iterator[tuple[str, list[str], str]]:
    """Name, arguments and metrics listener of each long-lived process of geowire's own; a listener is `` for none.

    Ports count up from that of the option or of GEOWIRE_METRICS: tag, relate, flag, the exporter, the webhook.
    """
    host, first = ("127.0.0.1", metrics_port) if metrics_port else settings.metrics_listener or ("", 0)
    commands = [(str(name), ["process", str(name)]) for name in READS]
    if first:
        commands.append(("exporter", ["exporter"]))
    if settings.webhook.get_secret_value():
        commands.append(("webhook", ["watch", "send"]))
    for number, (name, arguments) in enumerate(commands):
        yield name, arguments, f"{f'[{host}]' if ':' in host else host}:{first + number}" if first else ""
