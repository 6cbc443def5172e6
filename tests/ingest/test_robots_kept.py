"""robots.txt: how it is asked for, kept, shared and obeyed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from geowire.settings import Settings
from ingest.database import Database
from ingest.fetch import Fetcher
from ingest.fetch_failure import FetchFailed
from ingest.host_tables import HostMemory, HostRobots, load_robots
from ingest.robots import Rules
from ingest.robots_book import AGAIN_SECONDS, FRESH_SECONDS, OLDEST_SECONDS, found_robots, robots_after, rules_of

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb, Newsroom

Maker = Callable[..., str]
OURS = frozenset({"geowire"})
SITE = "https://wire.example"


def refused(reason: str, status: int | None = None) -> FetchFailed:
    """A robots.txt that could not be read."""
    return FetchFailed(reason, transient=True, status=status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_missing_robots_forbids_nothing(status: int) -> None:
    """Any 4xx but a throttled one (RFC 9309, 2.3.1.3), for a day."""
    after = robots_after(refused(f"http-{status}", status), None, 0.0)

    assert rules_of(after, 0.0) == Rules()
    assert after.expires_at == FRESH_SECONDS


@pytest.mark.parametrize("reason", ["http-500", "http-429", "timeout", "dns"])
def test_unreachable_robots_holds_pages_back(reason: str) -> None:
    """The old copy holds for thirty days; without one nothing is read until it answers, or has failed for as long."""
    failure = refused(reason, 500 if reason == "http-500" else 429 if reason == "http-429" else None)
    known = found_robots(Rules(((False, "/x"),)), 0.0)

    without, with_copy = robots_after(failure, None, 100.0), robots_after(failure, known, FRESH_SECONDS)
    much_later = robots_after(failure, without, OLDEST_SECONDS + 101.0)

    assert rules_of(without, 100.0) is None
    assert without.expires_at == 100.0 + AGAIN_SECONDS
    assert rules_of(with_copy, FRESH_SECONDS) == known.rules
    assert rules_of(with_copy, OLDEST_SECONDS + 1.0) is None
    assert rules_of(much_later, OLDEST_SECONDS + 101.0) == Rules()


def outcome(settings: Settings, url: str, memory: HostMemory | None = None) -> str:
    """How fetching a page ends."""

    async def run() -> str:
        async with Fetcher(settings, memory) as fetcher:
            try:
                return str((await fetcher.fetch(url, "page")).status)
            except FetchFailed as error:
                return error.reason

    return asyncio.run(run())


def test_forbidden_page_is_not_asked_for(settings: Settings, web_server: FakeWeb) -> None:
    """Unless the settings say so."""
    web_server.serves("/robots.txt", "User-agent: *\nDisallow: /a")
    url = web_server.serves("/a", "text")

    assert outcome(settings, url) == "robots-disallowed"
    assert web_server.asked("/a") == 0
    assert outcome(settings.with_(obey_robots=False), url) == "200"
    assert web_server.asked("/robots.txt") == 1


def test_redirect_into_a_forbidden_place_stops_there(settings: Settings, web_server: FakeWeb) -> None:
    """Each hop is looked up, on the host that it leads to."""
    web_server.serves("/robots.txt", "User-agent: *\nDisallow: /secret")
    web_server.serves("/secret", "text")
    url = web_server.redirects("/a", web_server.url("/secret", "localhost"))

    assert outcome(settings, url) == "robots-disallowed"
    assert web_server.asked("/robots.txt") == 2
    assert web_server.asked("/secret") == 0


def test_robots_may_be_somewhere_else(settings: Settings, web_server: FakeWeb) -> None:
    """Redirects are followed, five of them; what then is not there forbids nothing."""
    web_server.redirects("/robots.txt", "/r0")
    for step in range(4):
        web_server.redirects(f"/r{step}", f"/r{step + 1}")
    web_server.serves("/r4", "User-agent: *\nDisallow: /")
    url = web_server.serves("/a", "text")
    assert outcome(settings, url) == "robots-disallowed"

    web_server.redirects("/r4", "/r5")
    web_server.redirects("/r5", "/r6")

    assert outcome(settings, url) == "200"


def test_robots_on_a_private_address_is_not_asked_for(settings: Settings, web_server: FakeWeb) -> None:
    """The guard stands before it as before everything."""
    web_server.serves("/robots.txt", "")

    assert outcome(settings.with_(allow_private_networks=()), web_server.url("/a")) == "private-address"
    assert web_server.requests == []


def test_large_robots_is_read_as_far_as_it_must_be(settings: Settings, web_server: FakeWeb) -> None:
    """The first 500 KiB count (RFC 9309, 2.5)."""
    padding = "#" * 1_000 + "\n"
    web_server.serves("/robots.txt", "User-agent: *\nDisallow: /a\n" + padding * 800 + "Disallow: /b\n")

    assert outcome(settings, web_server.serves("/a", "x")) == "robots-disallowed"
    assert outcome(settings, web_server.serves("/b", "x")) == "200"


def test_broken_robots_puts_pages_off(settings: Settings, web_server: FakeWeb) -> None:
    """5xx is not a permission (RFC 9309, 2.3.1.4)."""
    web_server.fails("/robots.txt", 500)

    assert outcome(settings, web_server.serves("/a", "x")) == "robots-unreachable"
    assert web_server.asked("/a") == 0


def test_processes_share_a_robots_for_a_day(newsroom: Newsroom, state_url: SecretStr) -> None:
    """The second does not ask; after a day somebody does."""
    newsroom.web.serves("/robots.txt", "User-agent: *\nCrawl-delay: 0.001\nDisallow: /b")
    url = newsroom.web.serves("/a", "text")
    database = Database(state_url)

    def read(page: str = url) -> str:
        return outcome(newsroom.settings, page, HostMemory(database, newsroom.clock))

    assert (read(), read(), read(newsroom.web.url("/b"))) == ("200", "200", "robots-disallowed")
    assert newsroom.web.asked("/robots.txt") == 1
    newsroom.clock.advances(hours=25)
    assert read() == "200"
    assert newsroom.web.asked("/robots.txt") == 2
    database.close()


def test_old_robots_are_forgotten(newsroom: Newsroom) -> None:
    """Hosts that nobody asks any more leave the database."""
    database = Database(newsroom.settings.state_url)
    robots = HostRobots(Rules(), 0.0, None, None, newsroom.clock().timestamp())

    asyncio.run(HostMemory(database, newsroom.clock).keep_robots("https://old.example", robots))
    newsroom.clock.advances(days=32)
    asyncio.run(HostMemory(database, newsroom.clock).keep_robots("https://new.example", robots))
    with database._engine.connect() as connection:
        found = [load_robots(connection, f"https://{name}.example") for name in ("old", "new")]
    database.close()

    assert found == [None, robots]


def test_many_pages_at_once_ask_for_robots_once(settings: Settings, web_server: FakeWeb) -> None:
    """Those that come while it is under way wait for it."""
    web_server.serves("/robots.txt", "")
    urls = [web_server.serves(f"/{number}", "x") for number in range(10)]

    async def run() -> None:
        async with Fetcher(settings) as fetcher:
            await asyncio.gather(*(fetcher.fetch(url, "page") for url in urls))

    asyncio.run(run())

    assert web_server.asked("/robots.txt") == 1


def test_feed_is_asked_for_whatever_robots_says(newsroom: Newsroom) -> None:
    """It was subscribed to on purpose; robots.txt is read for its crawl-delay, and may fail."""
    feed = newsroom.web.publishes("/feed.xml")
    database = Database(newsroom.settings.state_url)

    async def run() -> list[int]:
        found = []
        for robots, status in (("User-agent: *\nDisallow: /\nCrawl-delay: 0.2", 200), ("", 500)):
            newsroom.web.fails("/robots.txt", status) if status == 500 else newsroom.web.serves("/robots.txt", robots)
            newsroom.clock.advances(hours=25)
            async with Fetcher(newsroom.settings, HostMemory(database, newsroom.clock)) as fetcher:
                found += [(await fetcher.fetch(feed, "feed")).status for _ in range(2)]
        return found

    started = time.monotonic()
    assert asyncio.run(run()) == [200] * 4
    database.close()
    assert time.monotonic() - started >= 0.2
    assert newsroom.web.asked("/robots.txt") == 2


def test_crawl_delay_has_a_limit(settings: Settings) -> None:
    """A host that asks for an hour gets the longest that the settings allow."""
    robots = found_robots(Rules(crawl_delay=3_600.0), 0.0)

    async def run() -> float:
        async with Fetcher(settings) as fetcher:
            return fetcher._crawl_delay(robots)

    assert asyncio.run(run()) == settings.crawl_delay_max.total_seconds()


def test_forbidden_page_is_published_from_the_feed(newsroom: Newsroom, item: Maker) -> None:
    """Marked so, with what the publisher says about training."""
    newsroom.web.serves("/robots.txt", "User-agent: *\nDisallow: /a\n\nUser-agent: GPTBot\nDisallow: /")
    link = newsroom.web.serves("/a.html", "<p>not for us</p>")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="What the feed says.")))

    assert newsroom.polls().entries == {"published": 1}

    [article] = newsroom.bus.articles
    assert (article.text, article.body_status) == ("What the feed says.", "feed-only")
    assert (article.policy.robots, article.policy.ai_training) == ("disallowed", "disallowed")
    assert newsroom.web.asked("/a.html") == 0


def test_article_tells_what_its_publisher_allows(newsroom: Newsroom, item: Maker, article_page: Maker) -> None:
    """Read by permission, training reserved in the page's own head."""
    link = newsroom.web.serves("/a.html", article_page(head='<meta name="robots" content="noai">'))
    other = newsroom.web.serves("/b.html", article_page("Something else."))
    feed = newsroom.web.publishes("/feed.xml", item(link), item(other, title="Another"), ETag='"1"')
    newsroom.subscribes(feed)

    newsroom.polls()
    newsroom.web.requests.clear()
    newsroom.polls()

    policies = {article.url: article.policy for article in newsroom.bus.articles}
    assert (policies[link].robots, policies[link].ai_training) == ("allowed", "disallowed")
    assert (policies[other].robots, policies[other].ai_training) == ("allowed", "allowed")
    assert [path for path, _ in newsroom.web.requests] == ["/feed.xml"]
