"""Feeds that move, and redirects that only look like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ingest.answer import Hop
from ingest.leases import Wanted
from ingest.moves import Arrival, Move, Whereabouts, after_arrival, after_fault_at, may_be_adopted
from ingest.poll import Ingest

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD, NEW = "https://a.example/feed", "https://b.example/rss"
ARRIVAL = Arrival(catalogue=OLD, final=NEW, hops=(Hop(OLD, 301),), at=NOW, share_known=0.9)


def after(*arrivals: Arrival, start: Whereabouts | None = None) -> Whereabouts:
    """Where a feed is after these answers."""
    where = start or Whereabouts()
    for arrival in arrivals:
        where = after_arrival(where, arrival)
    return where


def three(hours: float = 13, **changes: Any) -> list[Arrival]:
    """Three answers from the new address, so many hours apart."""
    return [replace(ARRIVAL, at=NOW + timedelta(hours=hours * n), **changes) for n in range(3)]


def test_a_move_is_adopted_after_three_confirmations_over_a_day() -> None:
    """Two are too few, and three within an hour are one mishap."""
    assert after(*three()) == Whereabouts(NEW)
    assert after(*three()[:2]).address is None
    assert after(*three(hours=0.5)).address is None
    assert after(*three(hours=0.5), replace(ARRIVAL, at=NOW + timedelta(hours=24))).address == NEW


def test_answers_without_a_body_confirm_what_was_seen_there() -> None:
    """A 304 from the address counts once its document was read, not before."""
    unread = [replace(arrival, share_known=None) for arrival in three()]

    assert after(three()[0], *unread[1:]).address == NEW
    assert after(*unread).address is None


def test_the_same_bytes_are_the_same_feed() -> None:
    """Then no entry has to be compared."""
    assert after(*three(share_known=None, is_same_document=True)).address == NEW


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_hop_is_never_adopted(status: int) -> None:
    """Whether it is the only one or one of many."""
    hops = (Hop(OLD, 301), Hop("https://c.example/", status))

    assert after(*three(hops=hops), *three(hops=hops[1:])).address is None


def test_a_308_is_as_permanent_as_a_301() -> None:
    """Both are for good."""
    assert after(*three(hops=(Hop(OLD, 308), Hop("https://c.example/", 301)))).address == NEW


def test_one_temporary_answer_begins_the_confirmation_anew() -> None:
    """As does another target, or the feed at its old place."""
    first, second, third = three()
    for other in (
        replace(second, hops=(Hop(OLD, 302),)),
        replace(second, final="https://c.example/rss"),
        replace(second, final=OLD, hops=()),
    ):
        assert after(first, other, third).address is None


@pytest.mark.parametrize(
    ("final", "asked"),
    [
        ("https://b.example/", OLD),
        ("http://b.example/rss", OLD),
        ("https://b.example/" + "x" * 2_100, OLD),
    ],
)
def test_a_target_that_is_no_place_for_a_feed(final: str, asked: str) -> None:
    """A site's home, an address without the safety of the old one, one beyond all bounds."""
    assert not may_be_adopted(replace(ARRIVAL, final=final, hops=(Hop(asked, 301),)))


def test_another_feed_never_takes_the_place() -> None:
    """Its entries were not known when it was first met; later they are, for they were read there."""
    first, *later = three()

    assert after(replace(first, share_known=0.1), *later, *three(hours=50)).address is None


def test_a_target_that_another_feed_has_is_a_duplicate() -> None:
    """It is said, and the two stay two."""
    where = after(*three(other_feed="feed-2"))

    assert where.address is None
    assert where.move.duplicate_of == "feed-2"


def test_a_move_back_to_the_catalogue_is_no_address_of_its_own() -> None:
    """Then the feed is where the catalogue has it."""
    moved = Whereabouts(NEW)

    assert after(*three(final=OLD, hops=(Hop(NEW, 301),)), start=moved) == Whereabouts(None)


def test_an_adopted_address_that_fails_is_left() -> None:
    """At once if it fails hard, otherwise after some faults; and should the old one fail too, it is tried again."""
    moved = Whereabouts(NEW)

    assert after_fault_at(moved, 0.75) == moved
    left = after_fault_at(moved, 1.0)
    assert left == Whereabouts(None, Move(given_up=NEW))
    assert after_fault_at(left, 2.0) == moved
    assert after(replace(ARRIVAL, final=OLD, hops=()), start=left) == Whereabouts()


def feed_in_a_new_place(newsroom: Newsroom, item: Maker, article_page: Maker, status: int = 301) -> tuple[str, str]:
    """A feed that was polled, and whose address leads elsewhere since; its items stand there."""
    links = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(3)]
    items = [item(link, title=f"T{n}") for n, link in enumerate(links)]
    old = newsroom.web.publishes("/old.xml", *items)
    newsroom.subscribes(old)
    newsroom.polls()
    new = newsroom.web.publishes("/new.xml", *items, title="Wire in its new place")
    newsroom.web.redirects("/old.xml", new, status)
    return old, new


def polls_for_two_days(newsroom: Newsroom) -> None:
    """Four polls, sixteen hours apart."""

    async def work(ingest: Ingest) -> None:
        for _ in range(4):
            newsroom.clock.advances(hours=16)
            await ingest.poll_shard(await ingest.lease(Wanted(all_feeds=True)))
        await ingest.finish(timedelta(seconds=1))

    newsroom.runs(work)


def test_a_moved_feed_is_asked_at_its_new_place(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Under the id and the address that the catalogue gives it; nothing is published twice."""
    old, new = feed_in_a_new_place(newsroom, item, article_page)

    polls_for_two_days(newsroom)
    newsroom.web.requests.clear()
    newsroom.polls()

    last = newsroom.bus.polls[-1]
    assert (last.url, last.moved_to) == (old, new)
    assert len({poll.id for poll in newsroom.bus.polls}) == 1
    assert [path for path, _ in newsroom.web.requests] == ["/new.xml"]
    assert len(newsroom.bus.articles) == 3


def test_a_moved_feed_outlives_its_old_host(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """What was adopted in time is not lost when the redirect is."""
    feed_in_a_new_place(newsroom, item, article_page, 308)
    polls_for_two_days(newsroom)
    newsroom.web.fails("/old.xml", 404)

    assert newsroom.polls().feeds[0].state == "healthy"


def test_a_temporary_redirect_is_followed_and_forgotten(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """However long it lasts."""
    feed_in_a_new_place(newsroom, item, article_page, 302)

    polls_for_two_days(newsroom)

    assert newsroom.web.asked("/old.xml") == 5
    assert newsroom.bus.polls[-1].moved_to is None


@pytest.mark.parametrize("status", [301, 302])
def test_a_maintenance_page_never_replaces_a_feed(
    newsroom: Newsroom, item: Maker, article_page: Maker, status: int
) -> None:
    """The feed fails while it lasts, and is back where it was."""
    old, _ = feed_in_a_new_place(newsroom, item, article_page)
    newsroom.web.redirects("/old.xml", newsroom.web.serves("/sorry", "<html><body>Back soon</body></html>"), status)
    polls_for_two_days(newsroom)
    assert newsroom.bus.polls[-1].state == "failing"
    newsroom.web.publishes("/old.xml", item(newsroom.web.url("/0.html"), title="T0"), title="Back")

    report = newsroom.polls()

    assert (report.feeds[0].state, report.feeds[0].url) == ("healthy", old)
    assert newsroom.bus.polls[-1].moved_to is None


def test_a_new_place_that_breaks_is_left_for_the_old_one(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """It has become a page: the address of the catalogue is asked again, without the other's validators."""
    feed_in_a_new_place(newsroom, item, article_page)
    polls_for_two_days(newsroom)
    link = newsroom.web.serves("/late.html", article_page("Late."))
    newsroom.web.serves("/new.xml", "<html><body>Domain for sale</body></html>", ETag='"sale"')
    newsroom.web.publishes("/old.xml", item(link, title="Late"), ETag='"old"')

    broken, back = newsroom.polls(), newsroom.polls()

    assert (broken.feeds[0].state, back.feeds[0].state) == ("failing", "healthy")
    assert back.entries == {"published": 1}
    assert newsroom.bus.polls[-1].moved_to is None


def test_a_feed_with_two_dead_addresses_asks_both_in_turn(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Whichever comes back brings it back."""
    feed_in_a_new_place(newsroom, item, article_page)
    polls_for_two_days(newsroom)
    for path in ("/old.xml", "/new.xml"):
        newsroom.web.fails(path, 404)
    newsroom.web.requests.clear()
    for _ in range(4):
        newsroom.polls()

    assert [path for path, _ in newsroom.web.requests] == ["/new.xml", "/old.xml"] * 2
    newsroom.web.publishes("/new.xml", item(newsroom.web.url("/0.html"), title="T0"))
    assert newsroom.polls().feeds[0].state == "healthy"


def test_a_move_to_a_feed_of_the_catalogue_is_called_a_duplicate(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Both stay, each entry is published once, and the report says which feed it is."""
    old, new = feed_in_a_new_place(newsroom, item, article_page)
    newsroom.subscribes(old, new)

    polls_for_two_days(newsroom)

    last = {poll.url: poll for poll in newsroom.bus.polls}
    assert last[old].moved_to is None
    assert f"feed {last[new].id} of the catalogue" in str(last[old].why)
    assert last[new].why is None
    assert len(newsroom.bus.articles) == 3


def test_a_move_that_changes_all_guids_floods_nobody(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The links are known, so the move is one of this feed and its entries are duplicates."""
    links = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(3)]
    old = newsroom.web.publishes("/old.xml", *(item(link, title=f"T{n}") for n, link in enumerate(links)))
    newsroom.subscribes(old)
    newsroom.polls()
    renumbered = [item(link, title=f"T{n}", guid=f"urn:new:{n}") for n, link in enumerate(links)]
    new = newsroom.web.publishes("/new.xml", *renumbered)
    newsroom.web.redirects("/old.xml", new, 301)

    assert newsroom.polls().entries == {"duplicate": 3}
    polls_for_two_days(newsroom)
    assert newsroom.bus.polls[-1].moved_to == new
