"""What makes a request conditional, and servers whose word on that is worth nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from ingest.answer import Response
from ingest.leases import Wanted
from ingest.poll import Ingest
from ingest.validators import (
    PROBE_AFTER,
    Trust,
    Validators,
    asks_plainly,
    conditions,
    is_in_the_future,
    judge,
    trust_after,
    validators_after,
)

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STORED = Validators('"old"', "Thu, 19 Nov 2026 09:00:00 GMT", "0" * 64)


def answer(status: int = 200, body: bytes = b"<rss/>", **headers: str) -> Response:
    """An answer with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, "https://a.example/feed", (), named, b"" if status == 304 else body)


def always_unchanged(body: Callable[[], str], **headers: str) -> Handler:
    """A server that answers 304 to whatever has a condition."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(request: web.Request) -> web.StreamResponse:
        if {"If-None-Match", "If-Modified-Since"} & set(request.headers):
            return web.Response(status=304, headers=named)
        return web.Response(body=body().encode(), headers={"Content-Type": "application/rss+xml", **named})

    return handle


async def polls_many_times(ingest: Ingest) -> dict[str, int]:
    """As many polls as there are 304s before a probe."""
    for _ in range(PROBE_AFTER):
        await ingest.poll_shard(await ingest.lease(Wanted(all_feeds=True)))
    return (await ingest.finish(timedelta(seconds=1))).results


def rss(*items: str) -> str:
    """A feed of these items."""
    return f"<rss version='2.0'><channel><title>Wire</title>{''.join(items)}</channel></rss>"


@pytest.mark.parametrize("etag", ['W/"5f-abc"', "unquoted", '"' + "x" * 3_000 + '"', '"a--gzip"', '""', 'W/"a", "b"'])
def test_an_etag_goes_back_byte_for_byte(etag: str) -> None:
    """Weak, unquoted, very long or odd: the server knows what it means."""
    assert conditions(Validators(etag=etag), NOW) == {"If-None-Match": etag}


@pytest.mark.parametrize("etag", ['"ü"', '"a\r\nX: b"', '"\x00"', ""])
def test_an_etag_that_no_header_can_carry_is_not_sent(etag: str) -> None:
    """The feed is asked all the same."""
    assert conditions(Validators(etag, "Fri, 20 Nov 2026 09:00:00 GMT"), NOW) == {
        "If-Modified-Since": "Fri, 20 Nov 2026 09:00:00 GMT"
    }


def test_a_modification_in_the_future_is_not_sent() -> None:
    """It would be answered with 304 until then; a clock that runs an hour ahead is forgiven, as is what is no date."""
    far = "Sat, 30 Nov 2041 09:00:00 GMT"

    assert conditions(Validators('"a"', far), NOW) == {"If-None-Match": '"a"'}
    assert not is_in_the_future("Fri, 20 Nov 2026 13:00:00 GMT", NOW)
    assert conditions(Validators(None, "yesterday"), NOW) == {"If-Modified-Since": "yesterday"}


def test_a_304_changes_only_what_it_names() -> None:
    """Each validator by itself; the hash stays that of the last body."""
    assert validators_after(STORED, answer(304)) == STORED
    renewed = validators_after(STORED, answer(304, etag='"new"'))
    assert renewed == Validators('"new"', STORED.last_modified, STORED.body_hash)
    moved = validators_after(STORED, answer(304, last_modified="Fri, 20 Nov 2026 09:00:00 GMT"))
    assert moved == Validators(STORED.etag, "Fri, 20 Nov 2026 09:00:00 GMT", STORED.body_hash)


def test_an_answer_with_a_body_replaces_everything() -> None:
    """A new ETag under the same date, or none at all where there was one."""
    after = validators_after(STORED, answer(etag='"new"', last_modified=STORED.last_modified or ""))

    assert (after.etag, after.last_modified) == ('"new"', STORED.last_modified)
    assert after.body_hash not in {None, STORED.body_hash}
    assert validators_after(STORED, answer()).etag is None


def test_a_probe_comes_after_many_304s_or_after_a_day() -> None:
    """A day, where the feed used to bring news each day; and soon where the last probe left a doubt."""
    today, yesterday = NOW.timestamp(), (NOW - timedelta(days=1)).timestamp()

    assert asks_plainly(Trust(unchanged=PROBE_AFTER, body_at=today), None, NOW)
    assert not asks_plainly(Trust(unchanged=PROBE_AFTER - 1, body_at=today), 40.0, NOW)
    assert asks_plainly(Trust(unchanged=5, body_at=yesterday), 40.0, NOW)
    assert not asks_plainly(Trust(unchanged=5, body_at=yesterday), 0.2, NOW)
    assert asks_plainly(Trust(unchanged=3, body_at=today, doubts=1), None, NOW)


def test_distrust_ends_and_leaves_a_doubt() -> None:
    """Validators are used again after a week, and probed soon."""
    lied = trust_after(Trust(unchanged=PROBE_AFTER), answer(), "lie", NOW)

    assert asks_plainly(lied, None, NOW + timedelta(days=6))
    assert not asks_plainly(lied, None, NOW + timedelta(days=8))
    assert lied.doubts == 1


def test_other_bytes_under_the_same_validators_are_a_lie() -> None:
    """Under other validators they are only a coincidence, until it happens twice."""
    trust = Trust(unchanged=PROBE_AFTER)
    same, other = (Validators(etag, None, "1" * 64) for etag in ('"old"', '"new"'))

    assert judge(trust, STORED, same, was_plain=True) == "lie"
    assert judge(trust, STORED, other, was_plain=True) == "doubtful"
    assert judge(Trust(unchanged=3, doubts=1), STORED, other, was_plain=True) == "lie"
    assert judge(trust, STORED, STORED, was_plain=True) == "honest"
    assert judge(Trust(), STORED, same, was_plain=False) == "honest"
    assert trust_after(Trust(doubts=1), answer(), "honest", NOW).doubts == 0


def test_a_new_body_under_an_old_etag_is_read(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The server ignores its own validators: the 200 counts, and its entries are published."""
    first, second = (newsroom.web.serves(path, article_page(path)) for path in ("/1.html", "/2.html"))
    items = [item(first)]

    async def handle(_: web.Request) -> web.StreamResponse:
        headers = {"ETag": '"same"', "Content-Type": "application/rss+xml"}
        return web.Response(body=rss(*items).encode(), headers=headers)

    newsroom.web.answers["/feed.xml"] = handle
    newsroom.subscribes(newsroom.web.url("/feed.xml"))
    newsroom.polls()
    items.append(item(second, title="Second"))

    report = newsroom.polls()

    asked = [headers for path, headers in newsroom.web.requests if path == "/feed.xml"]
    assert asked[1]["If-None-Match"] == '"same"'
    assert report.entries == {"unchanged": 1, "published": 1}


def test_a_server_that_says_304_for_ever_is_found_out(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """A question without conditions shows what it hid; its validators are not used then, and later tried again."""
    pages = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(3)]
    items = [item(pages[0])]
    newsroom.web.answers["/feed.xml"] = always_unchanged(lambda: rss(*items), ETag='"stuck"')
    newsroom.subscribes(newsroom.web.url("/feed.xml"))
    newsroom.polls()
    items.append(item(pages[1], title="One"))

    hidden = newsroom.runs(polls_many_times)
    found = newsroom.polls()
    items.append(item(pages[2], title="Two"))
    next_one = newsroom.polls()
    newsroom.clock.advances(days=8)
    trusted_again = newsroom.polls()

    assert hidden == {"not-modified": PROBE_AFTER}
    assert found.entries == {"unchanged": 1, "published": 1}
    assert "without validators" in str(found.feeds[0].why)
    assert next_one.entries == {"unchanged": 2, "published": 1}
    assert trusted_again.results == {"not-modified": 1}


def test_a_304_for_ever_by_a_date_in_the_future_never_happens(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Such a date is not sent, so the next poll brings what is new."""
    pages = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(2)]
    items = [item(pages[0])]
    stamp = "Sat, 30 Nov 2041 09:00:00 GMT"
    newsroom.web.answers["/feed.xml"] = always_unchanged(lambda: rss(*items), Last_Modified=stamp)
    newsroom.subscribes(newsroom.web.url("/feed.xml"))
    newsroom.polls()
    items.append(item(pages[1], title="One"))

    assert newsroom.polls().entries == {"unchanged": 1, "published": 1}


def test_a_304_to_a_plain_question_is_a_fault(newsroom: Newsroom) -> None:
    """There is nothing that could be unchanged."""
    newsroom.subscribes(newsroom.web.fails("/feed.xml", 304))

    report = newsroom.polls()

    assert report.results == {"failed": 1}
    assert "304" in str(report.feeds[0].error)


def test_a_304_renews_one_validator(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """The third question carries the ETag of the 304 and the date of the 200."""
    feed = rss(item(newsroom.web.serves("/a.html", article_page())))
    date = "Thu, 19 Nov 2026 09:00:00 GMT"

    async def handle(request: web.Request) -> web.StreamResponse:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"second"'})
        return web.Response(body=feed.encode(), headers={"ETag": '"first"', "Last-Modified": date})

    newsroom.web.answers["/feed.xml"] = handle
    newsroom.subscribes(newsroom.web.url("/feed.xml"))
    for _ in range(3):
        newsroom.polls()

    asked = [headers for path, headers in newsroom.web.requests if path == "/feed.xml"]
    assert [headers.get("If-None-Match") for headers in asked] == [None, '"first"', '"second"']
    assert [headers.get("If-Modified-Since") for headers in asked] == [None, date, date]


def test_a_feed_that_flips_between_two_versions_publishes_nothing_twice(
    newsroom: Newsroom, item: Maker, article_page: Maker
) -> None:
    """Two servers behind one address, each with validators of its own."""
    pages = [newsroom.web.serves(f"/{n}.html", article_page(f"Number {n}.")) for n in range(3)]
    rows = [item(link, title=f"T{n}") for n, link in enumerate(pages)]
    newsroom.subscribes(newsroom.web.url("/feed.xml"))

    reports = []
    for version in (0, 1, 0, 1, 0):
        newsroom.web.publishes("/feed.xml", *rows[version : version + 2], ETag=f'"{version}"')
        reports.append(newsroom.polls().entries)

    assert reports[:2] == [{"published": 2}, {"unchanged": 1, "published": 1}]
    assert reports[2:] == [{"unchanged": 2}] * 3
    assert len(newsroom.bus.articles) == 3


def test_a_static_feed_is_never_published_again(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """What was seen a year ago is still known, whatever its server says of changes."""
    link = newsroom.web.serves("/a.html", article_page())
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link)))
    newsroom.polls()
    newsroom.clock.advances(days=366)
    newsroom.web.publishes("/feed.xml", item(link), title="Wire, renamed")

    assert newsroom.polls().entries == {"unchanged": 1}
