"""A lost state, rebuilt from what was published: nothing is published twice, and what changed is the next version."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Table, select

from cli.main import run_app
from geowire.bus import Delivery, open_bus
from geowire.events import Event, decode
from geowire.topics import ARTICLES, TOPICS
from ingest.article_state import load_article
from ingest.database import Database
from ingest.once import forget_once
from ingest.rebuild import VisitPlan, take_in_all
from ingest.state_tables import ALIAS, ARTICLE

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

TOLD = tuple(f"Detail number {number} was told by the harbour office of the town." for number in range(6))


def published(newsroom: Newsroom) -> list[Event]:
    """What stands on the topic of articles."""
    records = [record for record in newsroom.bus.records if record.topic == ARTICLES.name]
    return [decode(Delivery(record, 0, at, 0)) for at, record in enumerate(records)]


def rebuilt(newsroom: Newsroom, state: SecretStr) -> Database:
    """A new state, filled from the topic, which the newsroom uses from now on."""
    database = Database(state)
    plan = VisitPlan(newsroom.clock(), newsroom.settings.revisit_ages, random.Random(0).random)
    take_in_all(database, published(newsroom), plan, lambda _: None)
    newsroom.settings = newsroom.settings.with_(state=state)
    return database


def rows(state: SecretStr, table: Table, *names: str) -> set[tuple[Any, ...]]:
    """Some columns of a table."""
    database = Database(state)
    try:
        found = database.run_here(lambda connection: connection.execute(select(*(table.c[n] for n in names))).all())
        return {tuple(row) for row in found}
    finally:
        database.close()


@pytest.fixture
def harbour(newsroom: Newsroom, item: Maker, article_page: Maker) -> Newsroom:
    """Three articles, one of them without a page, published by one poll."""
    links = [
        newsroom.web.serves(f"/{name}.html", article_page(f"It names {name}.", *TOLD, title=name)) for name in "ab"
    ]
    alone = item("", title="No link at all", description="<p>" + " ".join(TOLD) + "</p>")
    items = (*(item(link, title=name) for link, name in zip(links, "ab", strict=True)), alone)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", *items))
    assert newsroom.polls().entries == {"published": 3}
    return newsroom


def test_nothing_is_published_twice(harbour: Newsroom, state_url: SecretStr) -> None:
    """A poll of the same feeds, and a second one: not one more message on the topic; in both databases."""
    rebuilt(harbour, state_url).close()

    first, second = harbour.polls(), harbour.polls()

    assert len(published(harbour)) == 3
    assert sum(first.entries.values()) == 3
    assert "published" not in first.entries
    assert second.entries in ({}, {"unchanged": 3})


def test_addresses_and_contents_are_as_they_were(harbour: Newsroom, tmp_path: Path) -> None:
    """Aliases, versions, messages and feeds are those of the state that was lost."""
    before, after = harbour.settings.state, SecretStr(f"sqlite:///{tmp_path / 'again.db'}")

    rebuilt(harbour, after).close()

    for table, names in ((ALIAS, ("key", "address", "article_id")), (ARTICLE, ("id", "version", "message", "feed_id"))):
        assert rows(after, table, *names) == rows(before, table, *names)
    assert rows(after, ARTICLE, "first_seen_at") == rows(before, ARTICLE, "first_seen_at")
    assert {due is not None for (due,) in rows(after, ARTICLE, "visit_at")} == {True, False}


def test_a_page_that_changed_meanwhile_is_the_next_version(
    harbour: Newsroom, article_page: Maker, tmp_path: Path
) -> None:
    """Once; and its entry keeps it up to date from then on."""
    rebuilt(harbour, SecretStr(f"sqlite:///{tmp_path / 'again.db'}")).close()
    harbour.web.serves("/a.html", article_page("It names a.", "A second ship came at noon.", *TOLD, title="a"))

    report = harbour.polls()
    harbour.polls()

    assert report.entries["updated"] == 1
    (update,) = published(harbour)[3:]
    assert (update.data.version, update.data.change.added) == (2, ("A second ship came at noon.",))  # type: ignore[attr-defined]


def test_later_versions_count_on(harbour: Newsroom, item: Maker, article_page: Maker, tmp_path: Path) -> None:
    """The last version that was published is the one that the next follows."""
    for number, ship in enumerate(("second", "third"), 2):
        page = article_page("It names a.", f"A {ship} ship came at noon.", *TOLD, title="a")
        link = harbour.web.serves("/a.html", page)
        harbour.web.publishes("/feed.xml", item(link, title="a", description=f"Change {number}"))
        harbour.polls()
        if number == 2:
            rebuilt(harbour, SecretStr(f"sqlite:///{tmp_path / 'again.db'}")).close()

    versions = [event.data.version for event in published(harbour)]  # type: ignore[attr-defined]
    assert versions == [1, 1, 1, 2, 3]


def test_what_was_taken_back_stays_away(harbour: Newsroom, tmp_path: Path) -> None:
    """A withdrawal is known; of what was forgotten nothing but the hashes of its addresses is kept."""
    link = harbour.web.url("/a.html")
    forget_once(harbour.settings, harbour.bus, link, clock=harbour.clock)  # type: ignore[arg-type]
    state = SecretStr(f"sqlite:///{tmp_path / 'again.db'}")

    rebuilt(harbour, state).close()
    harbour.polls()

    assert len(published(harbour)) == 4
    forgotten = published(harbour)[3].data.id  # type: ignore[attr-defined]
    assert (forgotten, 2, "forgotten", None) in rows(state, ARTICLE, "id", "version", "withdrawn", "message")
    assert {address for address, owner in rows(state, ALIAS, "address", "article_id") if owner == forgotten} == {""}


def test_a_withdrawal_without_its_article_is_known(harbour: Newsroom, tmp_path: Path) -> None:
    """The versions before it may be too old for the topic."""
    forget_once(harbour.settings, harbour.bus, harbour.web.url("/a.html"), clock=harbour.clock)  # type: ignore[arg-type]
    last = published(harbour)[-1]
    database = Database(SecretStr(f"sqlite:///{tmp_path / 'again.db'}"))
    plan = VisitPlan(harbour.clock(), (), lambda: 0.0)

    found = take_in_all(database, [last], plan, lambda _: None)

    assert found.withdrawn == {last.key}
    assert database.run_here(lambda connection: load_article(connection, last.key)) is None
    database.close()


@pytest.fixture
def bus_with_articles(harbour: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """The embedded bus of the command, with what the newsroom has published."""
    monkeypatch.setenv("GEOWIRE_DATA", str(tmp_path))
    with open_bus(f"sqlite:///{tmp_path / 'bus.db'}") as bus:
        bus.ensure_topics(TOPICS)
        bus.publish([record for record in harbour.bus.records if record.topic == ARTICLES.name])
    return harbour


def test_a_state_that_is_not_empty_is_refused(bus_with_articles: Newsroom, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what to write; then what is there stays and what is missing is added."""
    before = rows(bus_with_articles.settings.state, ARTICLE, "id", "entry_key")

    assert run_app(["rebuild"]) == 2
    assert "--into-existing" in capsys.readouterr().err
    assert run_app(["rebuild", "--into-existing"]) == 0

    assert "3 articles from 3 messages" in capsys.readouterr().out
    assert rows(bus_with_articles.settings.state, ARTICLE, "id", "entry_key") == before


def test_the_command_rebuilds_an_empty_state(
    bus_with_articles: Newsroom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the bus that the settings name."""
    monkeypatch.setenv("GEOWIRE_STATE", f"sqlite:///{tmp_path / 'again.db'}")

    assert run_app(["rebuild"]) == 0

    wanted = rows(bus_with_articles.settings.state, ARTICLE, "id", "version")
    assert rows(SecretStr(f"sqlite:///{tmp_path / 'again.db'}"), ARTICLE, "id", "version") == wanted
