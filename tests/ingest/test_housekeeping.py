"""Housekeeping forgets what is old, and nothing is published twice for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Table, func, select

from ingest.database import Database
from ingest.housekeeping import Housekeeping, keep_house
from ingest.overview import read_overview
from ingest.poll import Ingest
from ingest.state_tables import ALIAS, ENTRY, FEED

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]


def cleans(newsroom: Newsroom, days: int = 60) -> Housekeeping:
    """Keep house at the newsroom's time."""
    return keep_house(newsroom.settings, newsroom.bus, days, newsroom.clock)  # type: ignore[arg-type]


async def looks_in(_: Ingest) -> None:
    """Read the catalogue, and poll nothing."""


def rows(newsroom: Newsroom, table: Table) -> Sequence[Row[Any]]:
    """What the state has of a table."""
    database = Database(newsroom.settings.state_url)
    found = database.run_here(lambda connection: connection.execute(select(table)).all())
    database.close()
    return found


def test_what_is_old_goes_and_does_not_come_back(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Entries and texts of long ago are forgotten; a feed that still lists them brings no article again."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, date="")))
    newsroom.polls(revisit_ages=())
    newsroom.clock.advances(days=61)

    done = cleans(newsroom)
    newsroom.web.publishes("/feed.xml", item(link, "Supplies reach the harbour at last", date=""))
    again = newsroom.polls()

    assert (done.entries, done.texts) == (1, 1)
    assert again.entries == {"duplicate": 1}
    assert len(newsroom.bus.articles) == 1


def test_what_is_young_or_still_read_stays(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A text whose page will be read again is kept, however old."""
    newsroom.subscribes(
        newsroom.web.publishes("/feed.xml", item(newsroom.web.serves("/a.html", article_page()), date=""))
    )
    newsroom.polls(revisit_ages=(timedelta(days=100),))

    assert cleans(newsroom) == Housekeeping(0, 0, 0, 0, 0)
    newsroom.clock.advances(days=61)
    assert cleans(newsroom).texts == 0


def test_totals_stay_when_days_are_added_up(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """`geowire status` says the same before and after, and a second time there is nothing to do."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(newsroom.web.serves("/a.html", article_page()))))
    newsroom.polls()
    newsroom.clock.advances(days=61)
    before = read_overview(newsroom.settings).outcomes

    counted = cleans(newsroom).counts

    assert counted == 1
    assert read_overview(newsroom.settings).outcomes == before == {"published": 1}
    assert cleans(newsroom).counts == 0


def test_a_feed_that_left_is_forgotten(newsroom: Newsroom) -> None:
    """After the same time; one that comes back sooner finds what was remembered."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml"), newsroom.web.publishes("/other.xml"))
    newsroom.polls()
    newsroom.subscribes(newsroom.web.url("/other.xml"))
    newsroom.polls()

    assert cleans(newsroom).feeds == 0
    newsroom.clock.advances(days=61)
    assert cleans(newsroom).feeds == 1


def test_entries_that_wait_go_with_their_feed(newsroom: Newsroom, item: Maker) -> None:
    """Nobody will try them again once it has left the catalogue; those of the other feeds stay."""
    late = newsroom.web.fails("/late.html", 503)
    gone = newsroom.web.publishes("/gone.xml", *(item(late + f"?{n}", f"Late {n}") for n in range(3)))
    kept = newsroom.web.publishes("/kept.xml", item(newsroom.web.fails("/other.html", 503), "Other"))
    newsroom.subscribes(gone, kept)
    newsroom.polls()
    before = read_overview(newsroom.settings).pending
    newsroom.subscribes(kept)
    newsroom.polls()

    assert (before, read_overview(newsroom.settings).pending) == (4, 1)
    assert cleans(newsroom).entries == 0
    newsroom.clock.advances(days=61)
    done = cleans(newsroom)
    assert (done.entries, done.feeds) == (3, 1)
    assert [row.status for row in rows(newsroom, ENTRY)] == ["pending"]


def test_a_feed_that_was_never_polled_is_forgotten(newsroom: Newsroom) -> None:
    """It left the catalogue before its turn came: there is nothing to remember."""
    never, kept = (newsroom.web.publishes(path) for path in ("/never.xml", "/kept.xml"))
    for urls in ((never, kept), (kept,)):
        newsroom.subscribes(*urls)
        newsroom.runs(looks_in)

    assert cleans(newsroom).feeds == 1
    assert [row.active for row in rows(newsroom, FEED)] == [True]


def test_what_a_dead_process_left_is_sent(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The outbox is emptied, and how much the bus still does not take is said."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(newsroom.web.serves("/a.html", article_page()))))
    newsroom.bus.is_down = True
    newsroom.polls()
    newsroom.bus.is_down = False
    newsroom.clock.advances(minutes=10)

    assert cleans(newsroom).waiting == 0
    assert len(newsroom.bus.articles) == 1


def test_fewer_days_than_topics_keep_are_not_taken(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """What readers may still get a withdrawal of is remembered."""
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(newsroom.web.serves("/a.html", article_page()))))
    newsroom.polls(revisit_ages=())
    newsroom.clock.advances(days=20)

    assert cleans(newsroom, days=1).texts == 0
    database = Database(newsroom.settings.state_url)
    kept = database.run_here(
        lambda connection: (
            connection.scalar(select(func.count()).select_from(ENTRY)),
            connection.scalar(select(func.count()).select_from(ALIAS)),
        )
    )
    database.close()
    assert kept[0] == 1
    assert kept[1]
