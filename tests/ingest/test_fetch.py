"""Fetching: what is refused, what is bounded, and what is told about it."""

from __future__ import annotations

import asyncio
import gzip
import socket
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from geowire.settings import Settings
from ingest.addresses import embedded_address, is_public, may_reach
from ingest.fetch import Fetcher, Response, Wants
from ingest.fetch_failure import FetchFailed
from ingest.politeness import Politeness

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb


def fetch(settings: Settings, url: str, wants: Wants = "page") -> Response:
    """Fetch one address."""

    async def run() -> Response:
        async with Fetcher(settings) as fetcher:
            return await fetcher.fetch(url, wants)

    return asyncio.run(run())


def failure(settings: Settings, url: str, wants: Wants = "page") -> FetchFailed:
    """The failure of fetching one address."""
    with pytest.raises(FetchFailed) as caught:
        fetch(settings, url, wants)
    return caught.value


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"],
)
def test_private_address_is_refused_by_default(settings: Settings, web_server: FakeWeb, host: str) -> None:
    """Literals in every spelling, and names that resolve to private addresses."""
    refused = failure(settings.with_(allow_private_networks=()), web_server.url("/", host))

    assert (refused.reason, refused.transient) == ("private-address", False)
    assert web_server.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_numbers_that_resolvers_take_for_loopback_are_refused(
    settings: Settings, web_server: FakeWeb, host: str
) -> None:
    """However the C library reads them, nobody is asked."""
    refused = failure(settings.with_(allow_private_networks=()), web_server.url("/", host))

    assert refused.reason in {"private-address", "bad-url", "dns"}
    assert web_server.requests == []


def test_redirect_to_a_private_address_is_refused(settings: Settings, web_server: FakeWeb) -> None:
    """Each hop is looked at, not only the first."""
    allowed = (ip_network("127.0.0.1/32"),)
    url = web_server.redirects("/a", f"http://127.0.0.2:{web_server.port}/secret")

    assert failure(settings.with_(allow_private_networks=allowed), url).reason == "private-address"


def test_name_is_judged_by_the_address_that_is_connected_to(
    settings: Settings, web_server: FakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to loopback (as in DNS rebinding) is refused whatever it is called."""
    loopback = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", web_server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: loopback)

    url = web_server.url("/", "news.example")

    assert failure(settings.with_(allow_private_networks=()), url).reason == "private-address"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("100.100.100.200", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    """Only what belongs to the internet is public, also inside IPv6 spellings of IPv4."""
    assert is_public(ip_address(address)) is public


def test_allowed_network_holds_for_mapped_addresses() -> None:
    """An allowed IPv4 network may be reached in its IPv6 spelling too."""
    mapped = ip_address("::ffff:127.0.0.1")

    assert str(embedded_address(mapped)) == "127.0.0.1"
    assert may_reach(mapped, (ip_network("127.0.0.0/8"),))
    assert not may_reach(mapped, (ip_network("10.0.0.0/8"),))


def test_redirects_are_followed_and_recorded(settings: Settings, web_server: FakeWeb) -> None:
    """Permanent and temporary hops are told apart; relative targets are resolved."""
    web_server.serves("/c", "here")
    web_server.redirects("/b", "c", 308)
    url = web_server.redirects("/a", "/b", 302)

    response = fetch(settings, url)

    assert (response.url, response.body) == (web_server.url("/c"), b"here")
    assert [(hop.url, hop.is_permanent) for hop in response.hops] == [(url, False), (web_server.url("/b"), True)]


def test_redirect_loop_ends(settings: Settings, web_server: FakeWeb) -> None:
    """A loop is seen before the limit of hops."""
    url = web_server.redirects("/a", "/b")
    web_server.redirects("/b", "/a")

    assert failure(settings, url).reason == "too-many-redirects"
    assert len(web_server.requests) == 2


def test_redirects_are_counted(settings: Settings, web_server: FakeWeb) -> None:
    """A chain longer than GEOWIRE_REDIRECTS ends."""
    for step in range(12):
        web_server.redirects(f"/{step}", f"/{step + 1}")

    assert failure(settings.with_(redirects=3), web_server.url("/0")).reason == "too-many-redirects"
    assert len(web_server.requests) == 4


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "javascript:alert(1)"])
def test_other_schemes_are_refused(settings: Settings, url: str) -> None:
    """Only http and https."""
    assert failure(settings, url).reason == "bad-scheme"


def test_redirect_to_another_scheme_is_refused(settings: Settings, web_server: FakeWeb) -> None:
    """Also on the second hop."""
    assert failure(settings, web_server.redirects("/a", "file:///etc/passwd")).reason == "bad-scheme"


def test_gzip_bomb_is_stopped_at_the_limit(settings: Settings, web_server: FakeWeb) -> None:
    """A few kilobytes that decode to fifty megabytes are refused without decoding them all."""
    url = web_server.serves("/bomb", gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")

    refused = failure(settings.with_(page_bytes=100_000), url)

    assert (refused.reason, refused.transient) == ("too-large", False)


def test_compressed_page_is_decoded(settings: Settings, web_server: FakeWeb) -> None:
    """Gzip with two members, as some servers send it."""
    body = gzip.compress(b"one ") + gzip.compress(b"two")

    assert fetch(settings, web_server.serves("/z", body, Content_Encoding="gzip")).body == b"one two"


def test_truncated_gzip_is_tried_again_later(settings: Settings, web_server: FakeWeb) -> None:
    """Half a body is a passing fault, not a short article."""
    body = gzip.compress(b"word " * 5_000)[:-20]

    cut = failure(settings, web_server.serves("/cut", body, Content_Encoding="gzip"))

    assert (cut.reason, cut.transient) == ("bad-encoding", True)


def test_silent_server_times_out(settings: Settings, web_server: FakeWeb) -> None:
    """The limit holds for the whole request."""
    slow = failure(settings.with_(fetch_timeout=timedelta(milliseconds=100)), web_server.hangs("/slow"))

    assert (slow.reason, slow.transient) == ("timeout", True)


def test_refused_connection_is_passing(settings: Settings) -> None:
    """Nobody listens there now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"

    refused = failure(settings, url)

    assert (refused.reason, refused.transient) == ("refused", True)


@pytest.mark.parametrize(
    ("status", "transient"), [(404, False), (410, False), (403, False), (429, True), (500, True), (503, True)]
)
def test_statuses(settings: Settings, web_server: FakeWeb, status: int, transient: bool) -> None:
    """A status is a reason, and says whether waiting helps."""
    refused = failure(settings, web_server.fails("/s", status, Retry_After="30"))

    assert (refused.reason, refused.transient, refused.headers["retry-after"]) == (f"http-{status}", transient, "30")


def test_video_is_not_read_as_a_page(settings: Settings, web_server: FakeWeb) -> None:
    """What is plainly no text is left alone."""
    assert failure(settings, web_server.serves("/v", b"\0", Content_Type="video/mp4")).reason == "not-html"


def test_honest_user_agent_and_no_cookies(settings: Settings, web_server: FakeWeb) -> None:
    """We say who we are, and keep nothing that a server gives us."""
    web_server.serves("/a", "x", Set_Cookie="id=1")

    fetch(settings, web_server.redirects("/b", "/a"))
    fetch(settings, web_server.url("/a"))

    assert all(headers["User-Agent"] == settings.user_agent for _, headers in web_server.requests)
    assert not any("Cookie" in headers for _, headers in web_server.requests)


def test_spacing_between_requests_to_one_host() -> None:
    """The second request waits; another host does not. No real time passes."""
    now, slept = 100.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    async def run() -> None:
        politeness = Politeness(2, lambda: now, sleep)
        for host in ("a", "a", "b", "a"):
            async with politeness.turn(host, 1.5):
                pass

    asyncio.run(run())

    assert slept == [1.5, 1.5]
