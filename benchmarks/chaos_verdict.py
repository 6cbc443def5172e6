"""What must be true once everything is quiet again, decided from what was read raw: no I/O here."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from geowire.bus import Delivery
from geowire.events import Event, decode, header_texts
from geowire.messages import Article, Flagged, Story, StoryMerged, Tagged
from geowire.topics import ARTICLES, DEADLETTERS, FLAGGED, STORIES, TAGGED
from processors.flag import FlagStage, read_watches

WATCHES = Path(__file__).parent / "chaos_watches.yaml"
SHOWN = 3
"""Examples that a line names at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must be so, and whether it is."""

    holds: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'MISS'} {self.text}"


@dataclass(frozen=True, slots=True)
class Books:
    """What ingest's database says."""

    entries: Mapping[str, int]
    """Entries by status."""
    outcomes: Mapping[str, int]
    """Entries by the outcome that was counted."""
    articles: int
    """Articles that it knows."""
    outbox: int
    """Messages that still wait, other than how a feed's last poll ended."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a verdict rests on."""

    topics: Mapping[str, Sequence[Delivery]]
    expected: int
    """Articles that the feeds lead to."""
    addresses: frozenset[str]
    """Their addresses, where they are known."""
    books: Books
    feed_only: int = 0
    """Articles that have no page of their own."""
    tracebacks: Mapping[str, int] = field(default_factory=dict)
    """Tracebacks by log file."""
    left_behind: Sequence[int] = ()
    """Processes that outlived the one that started them."""


Versions = set[tuple[str, int]]


def verdict(found: Findings) -> Iterator[Line]:
    """Everything that must be so."""
    events = {name: [decode(delivery) for delivery in once(deliveries)] for name, deliveries in found.topics.items()}
    articles = [event.data for event in events[ARTICLES.name] if isinstance(event.data, Article)]
    versions = {(article.id, article.version) for article in articles}
    yield from article_lines(articles, found)
    yield tagged_line(events[TAGGED.name], versions)
    yield from story_lines(events[STORIES.name], versions)
    yield from flag_lines(events[FLAGGED.name], events[STORIES.name])
    yield from (copies_line(name, deliveries) for name, deliveries in found.topics.items())
    yield from book_lines(found)
    dead = len(found.topics[DEADLETTERS.name])
    yield Line(not dead, f"{dead} dead letters")
    yield Line(not found.tracebacks, f"tracebacks in logs: {examples(found.tracebacks.items())}")
    yield Line(not found.left_behind, f"processes left behind: {examples(found.left_behind)}")


def once(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """What a reader keeps who drops each id that it has seen."""
    return list({event_id(delivery): delivery for delivery in reversed(deliveries)}.values())[::-1]


def event_id(delivery: Delivery) -> str:
    """The event's id; of a dead letter, which may have none that counts, its place."""
    letter = delivery.record.topic == DEADLETTERS.name
    return f"{delivery.source}:{delivery.offset}" if letter else header_texts(delivery.record.headers)["ce_id"]


def examples(found: object) -> str:
    """A few of what was found."""
    listed = [str(one) for one in found]  # type: ignore[attr-defined]
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more if listed else "none"


def article_lines(articles: Sequence[Article], found: Findings) -> Iterator[Line]:
    """Every address once, in its first version, with its own text."""
    ids = {article.id for article in articles}
    yield Line(len(ids) == found.expected, f"{len(ids)} articles of {found.expected} that the feeds lead to")
    if found.addresses:
        missing = found.addresses - {article.requested_url for article in articles}
        yield Line(not missing, f"addresses without an article: {examples(sorted(missing))}")
    later = [f"{article.id}:{article.version}" for article in articles if article.version > 1]
    yield Line(not later, f"versions made by a fault: {examples(later)}")
    status = Counter(article.body_status for article in articles)
    yield Line(status["feed-only"] == found.feed_only, f"texts by how they were had: {dict(status.most_common())}")


def tagged_line(events: Sequence[Event], versions: Versions) -> Line:
    """Every version is tagged, and nothing else is."""
    tagged = {(event.data.id, event.data.version) for event in events if isinstance(event.data, Tagged)}
    wrong = sorted(versions ^ tagged)
    return Line(not wrong, f"{len(tagged)} versions tagged; missing or from nowhere: {examples(wrong)}")


def story_lines(events: Sequence[Event], versions: Versions) -> Iterator[Line]:
    """Each version was given to one story by one message, and no update of a story is missing."""
    added_by: dict[tuple[str, int], set[str]] = defaultdict(set)
    numbers: dict[str, set[int]] = defaultdict(set)
    for event in events:
        if isinstance(event.data, Story):
            numbers[event.data.id].add(event.data.version)
            for added in event.data.added:
                added_by[added.article_id, added.version].add(event.id)
        elif isinstance(event.data, StoryMerged):
            numbers[event.data.from_].add(event.data.version)
    wrong = sorted(versions ^ added_by.keys())
    yield Line(
        not wrong, f"{len(added_by)} versions in {len(numbers)} stories; missing or from nowhere: {examples(wrong)}"
    )
    twice = [f"{key} by {sorted(ids)}" for key, ids in added_by.items() if len(ids) > 1]
    yield Line(not twice, f"given to a story twice: {examples(twice)}")
    gaps = [story for story, found in numbers.items() if found != set(range(1, len(found) + 1))]
    yield Line(not gaps, f"stories with an update missing: {examples(gaps)}")


def flag_lines(events: Sequence[Event], stories: Sequence[Event]) -> Iterator[Line]:
    """The flags are those that an undisturbed stage raises from the same stories: none missing, none of its own."""
    raised = {event.id: event for event in events if isinstance(event.data, Flagged)}
    wrong = sorted(raised.keys() ^ {event.id for event in undisturbed_flags(stories)})
    yield Line(not wrong, f"{len(raised)} flags, each once for its reason; missing or too many: {examples(wrong)}")


def undisturbed_flags(stories: Sequence[Event]) -> list[Event]:
    """The flags that one quiet stage raises."""
    stage = FlagStage(read_watches(WATCHES))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        stage.create_tables(connection)
        stage.load(connection)
        return stage.process(stories, connection)


def copies_line(topic: str, deliveries: Sequence[Delivery]) -> Line:
    """What was sent twice is the same bytes twice."""
    forms: dict[str, set[object]] = defaultdict(set)
    for delivery in deliveries:
        record = delivery.record
        forms[event_id(delivery)].add((record.key, record.value, record.headers))
    differing = [name for name, found in forms.items() if len(found) > 1]
    copies = len(deliveries) - len(forms)
    return Line(
        not differing, f"{topic}: {len(forms)} messages, {copies} duplicates; not the same bytes: {examples(differing)}"
    )


def book_lines(found: Findings) -> Iterator[Line]:
    """Every entry came to its end and was counted once."""
    books = found.books
    pending = {status: count for status, count in books.entries.items() if status != "done"}
    yield Line(not pending, f"{books.entries.get('done', 0)} entries done; not done: {examples(pending.items())}")
    yield Line(books.articles == found.expected, f"{books.articles} articles known to ingest")
    # a poll that is killed counts nothing for the feed in hand: the next one finds what it published unchanged
    published, again = books.outcomes.get("published", 0), books.outcomes.get("unchanged", 0)
    is_counted = published <= found.expected <= published + again
    yield Line(is_counted, f"entries by outcome: {dict(books.outcomes)}")
    yield Line(not books.outbox, f"{books.outbox} messages left in the outbox")
