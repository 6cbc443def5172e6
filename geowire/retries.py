"""Dead letters given to their stage again: a topic of its own that every stage reads and takes only its own from.

The source topic would reach every consumer; here the one stage that failed gets the record, in its own loop, with its
own state. What stands on the topic is also the memory of what was retried (docs/decisions/0010-retries.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from geowire.bus import Bus, Delivery, Record, Unwritable
from geowire.bus_reading import everything
from geowire.deadletters import INGEST, PUBLISH, RETRY_PREFIX, Letter, read_letters
from geowire.events import header_texts
from geowire.topics import DAY_MS, DEADLETTERS, Topic

RETRIES = Topic(
    name="geowire.retries.v1",
    key="the original key",
    summary="Dead letters on their way back to the stage that failed. For geowire's own stages.",
    written_by="retries",
    types=(),
    partitions=3,
    retention_ms=60 * DAY_MS,  # a letter must not outlive the memory that it was retried
    max_message_bytes=DEADLETTERS.max_message_bytes,
)
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; what is None does not matter."""

    stage: str | None = None
    reason: str | None = None

    def has(self, letter: Letter) -> bool:
        """Whether the letter is meant."""
        return self.stage in {None, letter.stage} and self.reason in {None, letter.reason}


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of retrying one letter."""

    letter: Letter
    refusal: str | None = None
    """Why it waits on; None: it is on its way."""


def is_for(delivery: Delivery, stage: str) -> bool:
    """Whether a stage should take a delivery: everything but the retries of other stages."""
    if delivery.record.topic != RETRIES.name:
        return True
    return header_texts(delivery.record.headers).get(f"{RETRY_PREFIX}stage") == stage


def waiting_letters(bus: Bus, choice: Choice | None = None) -> Iterator[Letter]:
    """The letters that nobody has retried yet, or that failed again."""
    handled = handled_cases(bus)
    wanted = choice or Choice()
    return (letter for letter in read_letters(bus) if letter.case not in handled and wanted.has(letter))


def handled_cases(bus: Bus) -> set[str]:
    """The cases that were retried: what a letter is about and how often it had failed."""
    bus.ensure_topics([RETRIES])
    headers = (header_texts(delivery.record.headers) for delivery in everything(bus, RETRIES.name))
    return {texts.get(f"{RETRY_PREFIX}case", "") for texts in headers}


def retry(bus: Bus, letters: Iterable[Letter]) -> Iterator[Retried]:
    """Send letters back; each is handled once the bus has it. Raises `Transient`."""
    bus.ensure_topics([RETRIES])
    several = iter(letters)
    while batch := list(islice(several, AT_ONCE)):
        retried = [Retried(letter, refusal_of(letter)) for letter in batch]
        bus.publish([retry_record(one.letter) for one in retried if one.refusal is None and one.letter.has_source])
        for one in retried:
            is_stranded = one.refusal is None and not one.letter.has_source
            yield _publish_original(bus, one.letter) if is_stranded else one


def refusal_of(letter: Letter) -> str | None:
    """Why a letter cannot be retried, and what can be done instead; None: it can."""
    if letter.stage == INGEST:
        return "there is no message yet to run again; ingest asks for the page itself when its feed brings it again"
    if letter.stage == PUBLISH or letter.has_source:
        return None
    return "it does not say where it was read, so nothing can be run again"


def retry_record(letter: Letter, value: bytes | None = None) -> Record:
    """The original bytes, key and headers, addressed to the stage that failed."""
    names = ("stage", "topic", "partition", "offset", "timestamp")
    facts = {name: letter.facts[name] for name in names if name in letter.facts}
    facts |= {"attempts": str(letter.attempts), "letter": letter.id, "case": letter.case}
    added = tuple((RETRY_PREFIX + name, text.encode()) for name, text in facts.items())
    original = letter.original
    return Record(RETRIES.name, original.key, value or original.value, original.headers + added)


def _publish_original(bus: Bus, letter: Letter) -> Retried:
    """A record that never got onto its topic goes there: nobody has read it. Then a receipt that it did."""
    try:
        bus.publish([letter.original])
    except Unwritable as error:
        return Retried(letter, f"{error.reason}: {error.detail}; raise the topic's max.message.bytes, then retry it")
    bus.publish([retry_record(letter, value=b"{}")])
    return Retried(letter)
