"""`geowire tail TOPIC`: read a topic as a person would, or as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cli.console import err, note, out, say, visible_json
from cli.stages import ready_bus
from cli.wire_lines import wire_lines
from geowire.bus import Delivery, Reader
from geowire.errors import Misconfigured, Rejected
from geowire.events import decode, header_texts
from geowire.settings import load_settings
from geowire.topics import TOPICS

BATCH = 200
WAIT_SECONDS = 0.5


def tail(
    topic: Annotated[str, typer.Argument(help="A topic, such as geowire.flagged.v1 or just flagged.")],
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest message.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="End after so many messages.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Each message's data as one line of JSON, oldest first; ends at the end.")
    ] = False,
) -> None:
    """Read a topic as a person would; without --from-beginning only what comes from now on.

    Example: [bold]geowire tail flagged --from-beginning[/bold]
    """
    name = full_name(topic)
    with ready_bus(load_settings()) as bus, bus.read(name, from_beginning=from_beginning or as_json) as reader:
        if not as_json and err.is_terminal:
            note(f"geowire: reading {name}; Ctrl-C ends it")
        for delivery in deliveries(reader, limit, to_end=as_json):
            print_delivery(delivery, as_json=as_json)


def full_name(topic: str) -> str:
    """`flagged` or `geowire.flagged.v1`; other names that begin with a known one are replays."""
    names = [known.name for known in TOPICS]
    short = {name.split(".")[1]: name for name in names}
    if topic in short:
        return short[topic]
    if any(topic == name or topic.startswith(f"{name}.") for name in names):
        return topic
    raise Misconfigured(f"topic {topic!r} is not one of geowire's; write one of {', '.join(short)}")


def deliveries(reader: Reader, limit: int | None, *, to_end: bool) -> Iterator[Delivery]:
    """What the reader gives, up to a limit or to the end."""
    given = 0
    while not (to_end and reader.at_end()):
        for delivery in reader.poll(BATCH, WAIT_SECONDS):
            yield delivery
            given += 1
            if given == limit:
                return


def print_delivery(delivery: Delivery, *, as_json: bool) -> None:
    """One message."""
    if as_json:
        out.file.write(visible_json((delivery.record.value or b"null").decode("utf-8", "replace")) + "\n")
        return
    facts = header_texts(delivery.record.headers)
    if "dlq.reason" in facts:
        where = f"{facts.get('dlq.topic')} {facts.get('dlq.partition')}/{facts.get('dlq.offset')}"
        line = f"{facts.get('dlq.stage')}: {facts['dlq.reason']}: {facts.get('dlq.detail')} ({where})"
        say(line.replace("\n", " "))
        return
    try:
        for line in wire_lines(decode(delivery)):
            say(line.replace("\n", " "))  # no title may look like a message of its own
    except Rejected as error:
        say(f"(not one of geowire's messages: {error})")
