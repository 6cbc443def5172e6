"""A catalogue at an address: its bad moments stop no poll."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from geowire.errors import Misconfigured, Transient

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]
LIST = "/feeds.yaml"


def lists(newsroom: Newsroom, *urls: str) -> str:
    """Serve a catalogue of these feeds at a host of its own; its address."""
    newsroom.web.serves(LIST, "feeds:\n" + "".join(f"  - url: {url}\n" for url in urls))
    return newsroom.web.url(LIST, "localhost")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_the_feeds_of_the_last_time_are_polled_while_the_list_is_out_of_reach(
    newsroom: Newsroom, item: Maker, article_page: Maker, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """But not those that had left it before. One line a poll says so, also while the list's host rests."""
    first, second, third = (newsroom.web.publishes(f"/{name}.xml") for name in ("first", "second", "third"))
    newsroom.polls(feeds=lists(newsroom, first, third))
    newsroom.polls(feeds=lists(newsroom, first, second))
    newsroom.web.fails(LIST, status)
    newsroom.web.publishes("/second.xml", item(newsroom.web.serves("/a", article_page())))

    reports = [newsroom.polls(feeds=newsroom.web.url(LIST, "localhost")) for _ in range(2)]

    assert [{feed.url for feed in report.feeds} for report in reports] == [{first, second}] * 2
    assert reports[0].entries == {"published": 1}
    said = [line for line in caplog.messages if line.startswith("catalogue out of reach")]
    assert len(said) == len(reports)
    assert all("feeds=2" in line for line in said)
    assert f"http-{status}" in said[0]


def test_a_list_that_was_never_read_stops_the_poll(newsroom: Newsroom) -> None:
    """There is nothing to go on with."""
    where = newsroom.web.fails(LIST, 503)

    with pytest.raises(Transient, match="GEOWIRE_FEEDS: http"):
        newsroom.polls(feeds=where)


def test_a_list_that_is_gone_or_wrong_wants_a_person(newsroom: Newsroom) -> None:
    """Whatever the state knows: waiting would not mend it."""
    where = lists(newsroom, newsroom.web.publishes("/first.xml"))
    newsroom.polls(feeds=where)
    newsroom.web.fails(LIST, 404)

    with pytest.raises(Misconfigured, match="http-404"):
        newsroom.polls(feeds=where)
