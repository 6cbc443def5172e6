"""`geowire deadletters`: what no stage could process, and giving it to its stage again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

import typer

from cli.console import note, print_json, print_table, say
from cli.stages import ready_bus
from geowire.bus import Bus
from geowire.deadletters import Letter, read_letters
from geowire.errors import Misconfigured
from geowire.retries import Choice, Retried, handled_cases, refusal_of, retry, waiting_letters
from geowire.settings import load_settings

app = typer.Typer(
    help="Look at what no stage could process, and give it to its stage again.\n\n"
    "Example: [bold]geowire deadletters list --stage tag[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

SHOWN_BYTES = 2_000
SHOWN_REFUSALS = 20
Stage = Annotated[str | None, typer.Option(help="Only of this stage: tag, relate, flag, webhook, publish, ingest.")]
Reason = Annotated[str | None, typer.Option(help="Only for this reason, such as malformed.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON for each.")]


@app.command("list")
def list_letters(
    stage: Stage = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """What waits: everything that was not retried, or failed again.

    Example: [bold]geowire deadletters list --reason malformed[/bold]
    """
    with ready_bus(load_settings()) as bus:
        letters = list(islice(waiting_letters(bus, Choice(stage, reason)), limit + 1))
    if as_json:
        for letter in letters[:limit]:
            print_json(letter_facts(letter))
        return
    if not letters:
        say("no dead letter waits")
        return
    columns = ("id", "written", "stage", "reason", "detail", "read from", "attempts")
    print_table("Dead letters", columns, [letter_row(letter) for letter in letters[:limit]])
    if len(letters) > limit:
        note(f"geowire: there are more than {limit}; write --limit {limit * 10} or choose with --stage and --reason")


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As list shows it, such as 1:17.")],
    as_json: Json = False,
) -> None:
    """One dead letter: its facts, its headers and the start of its bytes.

    Example: [bold]geowire deadletters show 1:17[/bold]
    """
    with ready_bus(load_settings()) as bus:
        (letter,) = letters_with(bus, [letter_id])
        is_handled = letter.case in handled_cases(bus)
    value = (letter.original.value or b"").decode("utf-8", "replace")
    headers = {name: text.decode("utf-8", "replace") for name, text in letter.original.headers}
    if as_json:
        print_json(letter_facts(letter) | {"retried": is_handled, "headers": headers, "value": value})
        return
    for name, text in letter_facts(letter).items():
        say(f"{name}: {'' if text is None else text}")
    say(f"now: {'retried' if is_handled else refusal_of(letter) or 'waits; geowire deadletters retry ' + letter.id}")
    for name, text in headers.items():
        say(f"header {name}: {text}")
    more = len(value) - SHOWN_BYTES
    say(value[:SHOWN_BYTES] + (f" ... and {more} characters more; --json has all" if more > 0 else ""))


@app.command("retry")
def retry_letters(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As list shows them.")] = None,
    all_letters: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    stage: Stage = None,
    reason: Reason = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Retry at most so many.")] = None,
) -> None:
    """Give dead letters to the stage that failed, and to no other reader; what fails again is a new dead letter.

    Example: [bold]geowire deadletters retry --all --stage tag --reason malformed[/bold]
    """
    if bool(letter_ids) == all_letters:
        raise Misconfigured("write the ids that geowire deadletters list shows, such as 1:17, or --all")
    if letter_ids and (stage or reason or limit):
        raise Misconfigured("--stage, --reason and --limit choose among all: write --all instead of ids")
    with ready_bus(load_settings()) as bus:
        chosen = waiting_with(bus, letter_ids) if letter_ids else waiting_letters(bus, Choice(stage, reason))
        retried = list(retry(bus, list(islice(chosen, limit))))
    report(retried)


def waiting_with(bus: Bus, letter_ids: Sequence[str]) -> Iterator[Letter]:
    """The letters with these ids that wait; of the others it is said that they do not."""
    handled = handled_cases(bus)
    for letter in letters_with(bus, letter_ids):
        if letter.case in handled:
            note(f"geowire: {letter.id} was retried already")
        else:
            yield letter


def letters_with(bus: Bus, letter_ids: Sequence[str]) -> list[Letter]:
    """The letters with these ids. Raises `Misconfigured` that names one that is not there."""
    wanted = set(letter_ids)
    found = [letter for letter in read_letters(bus) if letter.id in wanted]
    if missing := sorted(wanted - {letter.id for letter in found}):
        raise Misconfigured(f"no dead letter {missing[0]!r}; write an id that geowire deadletters list shows")
    return found


def report(retried: Sequence[Retried]) -> None:
    """What was sent where, and what could not be."""
    sent = Counter(one.letter.stage for one in retried if one.refusal is None)
    for stage, count in sorted(sent.items()):
        say(f"{count} published to where they should have gone" if stage == "publish" else sent_line(stage, count))
    refused = [one for one in retried if one.refusal is not None]
    for one in refused[:SHOWN_REFUSALS]:
        say(f"{one.letter.id} ({one.letter.stage}, {one.letter.reason}) waits on: {one.refusal}")
    if len(refused) > SHOWN_REFUSALS:
        say(f"... and {len(refused) - SHOWN_REFUSALS} more wait on")
    if not retried:
        say("no dead letter waits")


def sent_line(stage: str, count: int) -> str:
    """Where to look for what comes of it."""
    command = "geowire watch send" if stage == "webhook" else f"geowire process {stage}"
    return f"{count} given to {stage}, which takes them when it runs ({command}); list shows what fails again"


def letter_facts(letter: Letter) -> dict[str, Any]:
    """A letter for a program."""
    return {
        "id": letter.id,
        "written_at": written_at(letter).isoformat().replace("+00:00", "Z"),
        "stage": letter.stage,
        "reason": letter.reason,
        "detail": letter.facts.get("detail"),
        "topic": letter.facts["topic"],
        "partition": int(letter.facts["partition"]) if letter.has_source else None,
        "offset": int(letter.facts["offset"]) if letter.has_source else None,
        "attempts": letter.attempts,
        "key": letter.original.key.decode("utf-8", "replace"),
        "bytes": len(letter.original.value or b""),
        "can_be_retried": refusal_of(letter) is None,
    }


def letter_row(letter: Letter) -> tuple[object, ...]:
    """A letter for a person."""
    facts = letter.facts
    place = f"{facts['topic']} {facts['partition']}:{facts['offset']}" if letter.has_source else facts["topic"]
    written = f"{written_at(letter):%Y-%m-%d %H:%M}"
    return letter.id, written, letter.stage, letter.reason, facts.get("detail", "")[:200], place, letter.attempts


def written_at(letter: Letter) -> datetime:
    """When the letter was written."""
    return datetime.fromtimestamp(letter.written_ms / 1000, UTC)
