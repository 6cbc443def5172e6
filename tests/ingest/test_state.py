"""The state of ingest, in both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from geowire.bus import Record
from geowire.errors import Misconfigured, Transient
from geowire.liveness import this_process
from geowire.messages import Article, FeedPolled, FeedReference, Publisher
from ingest.article_state import Visits, articles_at, load_article, settle_new, settle_update
from ingest.catalogue import Feed, Located, parse_catalogue
from ingest.database import Database
from ingest.entry_state import Sighting, known_entries, mark_pending, pending_entries
from ingest.feed_entry import FeedEntry
from ingest.feed_state import PolledFeed, finish_poll, sync_catalogue
from ingest.history import FeedHistory
from ingest.identity import alias_keys
from ingest.leases import Claim, Wanted, claim_role, give_up_role, lease_wanted, new_owner, release, renew
from ingest.outbox_rows import count_waiting, oldest_records
from ingest.validators import Validators

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE = timedelta(seconds=90)
ELSEWHERE = "otherhost/1/1:{}"


@pytest.fixture
def database(state_url: SecretStr) -> Iterator[Database]:
    """An empty state."""
    opened = Database(state_url)
    yield opened
    opened.close()


def feeds(*names: str) -> tuple[Feed, ...]:
    """Feeds of these names."""
    rows = "".join(f"- url: https://{name}.example/feed\n" for name in names)
    return parse_catalogue(Located("test", f"feeds:\n{rows}".encode()))


def claim(owner: str, at: datetime = NOW) -> Claim:
    """A claim by an owner on another machine."""
    return Claim(ELSEWHERE.format(owner), at, LEASE)


def leased(database: Database, by: Claim, *, all_feeds: bool = False, limit: int | None = None) -> set[str]:
    """The hosts of the feeds that are leased."""
    work: Callable[[Connection], set[str]] = lambda connection: {  # noqa: E731
        row.feed.url.split("/")[2] for row in lease_wanted(connection, by, Wanted(all_feeds), limit)
    }
    return database.run_here(work)


def test_a_lease_is_had_by_one(database: Database) -> None:
    """What one owner has, another does not get, until it is given back or runs out."""
    database.run_here(lambda connection: sync_catalogue(connection, feeds("a", "b", "c")))

    first = leased(database, claim("1"), limit=2)
    second = leased(database, claim("2"))
    database.run_here(lambda connection: release(connection, claim("1").owner))
    third = leased(database, claim("2"))

    assert len(first) == 2
    assert first | second == {"a.example", "b.example", "c.example"}
    assert not first & second
    assert third == first


def test_a_lease_runs_out_unless_it_is_renewed(database: Database) -> None:
    """A poller of which nothing is heard loses its feeds."""
    database.run_here(lambda connection: sync_catalogue(connection, feeds("a", "b")))
    leased(database, claim("1"), limit=1)
    leased(database, claim("2"))
    later = NOW + LEASE / 2
    renewed = database.run_here(lambda connection: renew(connection, claim("2", later)))

    taken = leased(database, claim("3", NOW + LEASE))

    assert renewed == 1
    assert len(taken) == 1


def test_a_lease_of_a_dead_process_is_void_at_once(database: Database) -> None:
    """This machine knows that the process is gone; a living one keeps its lease."""
    database.run_here(lambda connection: sync_catalogue(connection, feeds("a")))
    host, _, started = this_process().split("/")
    dead = Claim(f"{host}/4194304/{started}:1", NOW, LEASE)
    alive = Claim(new_owner(1), NOW, LEASE)

    assert leased(database, dead) == {"a.example"}
    assert leased(database, alive) == {"a.example"}
    assert leased(database, claim("2")) == set()


def test_only_due_feeds_are_leased(database: Database) -> None:
    """Unless all are asked for."""
    database.run_here(lambda connection: sync_catalogue(connection, feeds("a", "b")))
    database.run_here(
        lambda connection: connection.execute(
            text("UPDATE feed SET next_poll_at = :at WHERE catalogue LIKE '%//a.%'"), {"at": NOW.timestamp() + 1}
        )
    )

    assert leased(database, claim("1")) == {"b.example"}
    assert leased(database, claim("2"), all_feeds=True) == {"a.example"}


def test_catalogue_is_followed(database: Database) -> None:
    """Feeds come, go and come back; one that is gone is not polled."""
    first = database.run_here(lambda connection: sync_catalogue(connection, feeds("a", "b")))
    second = database.run_here(lambda connection: sync_catalogue(connection, feeds("b", "c")))
    again = database.run_here(lambda connection: sync_catalogue(connection, feeds("b", "c")))

    assert (len(first.added), len(second.added), len(second.removed)) == (2, 1, 1)
    assert (again.added, again.changed, again.removed) == ((), (), ())
    assert leased(database, claim("1")) == {"b.example", "c.example"}


def test_one_process_sends_at_a_time(database: Database) -> None:
    """The role of the sender is kept, given up, or taken when it runs out."""

    def take(owner: str, at: datetime = NOW) -> bool:
        return database.run_here(lambda connection: claim_role(connection, "outbox", claim(owner, at)))

    assert take("1")
    assert take("1")
    assert not take("2")
    assert take("2", NOW + LEASE + timedelta(seconds=1))
    database.run_here(lambda connection: give_up_role(connection, "outbox", claim("2").owner))
    assert take("3")


def article(identity: str = "id", version: int = 1, body: str = "Text.") -> Article:
    """An article."""
    return Article(
        id=identity,
        version=version,
        url="https://a.example/1",
        title="Title",
        text=body,
        fetched_at=NOW,
        publisher=Publisher(id="a"),
        feed=FeedReference(id="f", url="https://a.example/feed"),
        body_status="full",
        content_hash=body,
    )


def sighting(key: str, feed: str = "f") -> Sighting:
    """An entry of this key."""
    return Sighting(feed, FeedEntry(key, "g", f"https://a.example/{key}", title="Title"), NOW)


def settle(database: Database, seen: Sighting, made: Article, *addresses: str) -> str:
    """Try to publish a new article."""
    records = [Record("geowire.articles.v1", made.id.encode(), made.text.encode())]
    aliases = alias_keys(addresses)
    outcome = database.run_here(lambda connection: settle_new(connection, seen, made, aliases, records, Visits()))
    return str(outcome)


def test_an_article_is_published_once(database: Database) -> None:
    """Under any of its addresses, from any feed; the second time it adds what it knows."""
    link, final, other = "https://a.example/r", "https://a.example/1", "https://b.example/1"

    outcomes = [
        settle(database, sighting("e1"), article("one"), link, final),
        settle(database, sighting("e1"), article("one"), link, final),
        settle(database, sighting("e2", "g"), article("two"), other, final),
        settle(database, sighting("e3", "h"), article("three"), other),
    ]

    assert outcomes == ["published", "duplicate", "duplicate", "duplicate"]
    assert database.run_here(count_waiting) == 1
    keys = alias_keys([link, final, other])
    assert set(database.run_here(lambda connection: articles_at(connection, keys)).values()) == {"one"}


def test_versions_follow_each_other(database: Database) -> None:
    """Of two writers of version 2 one is late and changes nothing."""
    settle(database, sighting("e"), article())

    def update(made: Article) -> str:
        record = Record("geowire.articles.v1", b"id", made.text.encode())
        return database.run_here(lambda connection: settle_update(connection, sighting("e"), made, [record], Visits()))

    outcomes = [update(article(version=2, body="Two.")), update(article(version=2, body="Late."))]

    stored = database.run_here(lambda connection: load_article(connection, "id"))
    assert outcomes == ["updated", "unchanged"]
    assert stored is not None
    assert (stored.version, stored.article.text) == (2, "Two.")
    assert [row.record.value for row in database.run_here(lambda c: oldest_records(c, 9))] == [b"Text.", b"Two."]


def test_pending_entries_come_back_whole(database: Database) -> None:
    """With their dates and authors, and the number of attempts."""
    entry = replace(sighting("e").entry, authors=("A", "B"), published_at=NOW, summary="<p>ü\U0001f600</p>")
    seen = Sighting("f", entry, NOW)

    database.run_here(lambda connection: mark_pending(connection, seen, None, 1))
    known = database.run_here(lambda connection: known_entries(connection, "f", ["e"]))
    database.run_here(lambda connection: mark_pending(connection, seen, None, known["e"].attempts + 1))

    assert database.run_here(lambda connection: pending_entries(connection, "f", 10)) == [entry]
    again = database.run_here(lambda connection: known_entries(connection, "f", ["e"]))
    assert (known["e"].attempts, again["e"].attempts, again["e"].is_pending) == (1, 2, True)


def test_a_state_of_an_older_version_opens(state_url: SecretStr) -> None:
    """It gets the columns that came later, and keeps what it had."""
    old = Database(state_url)
    old.run_here(lambda connection: sync_catalogue(connection, feeds("a")))
    later = ("address", "why", "entries_per_day", "history")
    for change in [text(f"ALTER TABLE feed DROP COLUMN {column}") for column in later]:
        old.run_here(partial(Connection.execute, statement=change))
    old.close()

    opened, again = Database(state_url), Database(state_url)
    [feed] = opened.run_here(lambda connection: lease_wanted(connection, claim("1"), Wanted(all_feeds=True), None))
    opened.close()
    again.close()

    assert feed.feed.url == feed.address == "https://a.example/feed"
    assert feed.history == FeedHistory()


def test_a_poll_that_lost_its_lease_changes_nothing(database: Database) -> None:
    """Two polls of one feed at a time: the late one neither stores nor tells how it ended."""
    [feed] = feeds("a")
    database.run_here(lambda connection: sync_catalogue(connection, [feed]))
    leased(database, claim("1"))
    leased(database, claim("2", NOW + LEASE * 2))
    polled = FeedPolled(id=feed.id, url=feed.url, polled_at=NOW, result="failed", state="failing", why="late")

    def finish(owner: str) -> bool:
        event = Record("geowire.feeds.v1", b"a", b"{}")
        end = PolledFeed(claim(owner).owner, polled, 1, Validators('"late"'), event)
        return database.run_here(lambda connection: finish_poll(connection, end))

    assert (finish("1"), database.run_here(count_waiting)) == (False, 0)
    assert (finish("2"), database.run_here(count_waiting)) == (True, 1)


def test_work_that_fails_does_not_take_others_with_it(database: Database) -> None:
    """Work that shares a transaction is undone alone."""

    def breaks(connection: Connection) -> None:
        sync_catalogue(connection, feeds("broken"))
        raise ValueError("no")

    def works(connection: Connection) -> None:
        sync_catalogue(connection, feeds("a", "b"))

    async def run() -> list[object]:
        return await asyncio.gather(*map(database.run, (works, breaks, works)), return_exceptions=True)

    answers = asyncio.run(run())

    assert isinstance(answers[1], ValueError)
    assert leased(database, claim("1")) == {"a.example", "b.example"}


def test_fault_of_the_database_is_transient(database: Database) -> None:
    """Whatever the driver raises."""
    with pytest.raises(Transient, match="state: "):
        database.run_here(lambda connection: connection.execute(text("SELECT nothing FROM nowhere")))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u:hidden@h/d", "mysql is not a database that geowire knows"),
        ("nonsense", "not the address of a database"),
        ("sqlite://", "write sqlite:///path"),
        ("postgresql://u:hidden@127.0.0.1:1/d", r"u:\*\*\*@127.0.0.1:1"),
        ("sqlite:////proc/nowhere/x.db", "/proc/nowhere"),
    ],
)
def test_wrong_addresses_are_named_without_the_password(url: str, said: str) -> None:
    """One line that says what to write instead."""
    with pytest.raises(Transient if ":1/" in url else Misconfigured, match=said) as caught:
        Database(SecretStr(url))
    assert "hidden" not in str(caught.value)
    assert "GEOWIRE_STATE" in str(caught.value)
    assert "\n" not in str(caught.value)
