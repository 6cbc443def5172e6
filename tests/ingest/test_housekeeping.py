"""Housekeeping forgets what is old, and nothing is published twice for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ingest.database import Database
from ingest.housekeeping import Housekeeping, keep_house
from ingest.overview import read_overview
from ingest.state_tables import ALIAS, ENTRY

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]


def cleans(newsroom: Newsroom, days: int = 60) -> Housekeeping:
    """Keep house at the newsroom's time."""
    return keep_house(newsroom.settings, newsroom.bus, days, newsroom.clock)  # type: ignore[arg-type]


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
