"""Addresses that must not be reached, however they are written and whoever leads there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.abc import AbstractResolver
from servers.fetching import failure, fetch

from geowire.settings import Settings
from ingest.addresses import embedded_address, is_public, may_reach
from ingest.fetch import Wants

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title></channel></rss>'


class FickleResolver(AbstractResolver):
    """Gives another address each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, *_: Any, **__: Any) -> list[Any]:
        """The next address."""
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        row = {"hostname": host, "host": answer, "port": port, "proto": 6, "flags": socket.AI_NUMERICHOST}
        return [{**row, "family": socket.AF_INET6 if ":" in answer else socket.AF_INET}]

    async def close(self) -> None:
        """Nothing is open."""


HOSTS = ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::]", "[::127.0.0.1]"]
HOSTS += ["169.254.169.254", "10.0.0.1", "0.0.0.0", "100.100.100.200", "[fe80::1]", "[fd00:ec2::254]"]
HOSTS += ["user:secret@127.0.0.1", "example.com@127.0.0.1", "①②⑦.0.0.1", "１２７。0。0。1"]
SPELLINGS = ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0x7f.1", "017700000001", "0", "127.0.0.1."]


@pytest.mark.parametrize("host", HOSTS)
def test_private_address_is_refused_by_default(settings: Settings, web_server: FakeWeb, host: str) -> None:
    """Literals in every spelling, and names that resolve to private addresses."""
    refused = failure(settings.with_(allow_private_networks=()), web_server.url("/", host))

    assert (refused.reason, refused.transient) == ("private-address", False)
    assert web_server.requests == []


@pytest.mark.parametrize("host", SPELLINGS)
def test_numbers_that_resolvers_take_for_loopback_are_refused(
    settings: Settings, web_server: FakeWeb, host: str
) -> None:
    """However the C library reads them, nobody is asked."""
    refused = failure(settings.with_(allow_private_networks=()), web_server.url("/", host))

    assert refused.reason in {"private-address", "bad-url", "dns"}
    assert web_server.requests == []


@pytest.mark.parametrize("wants", ["feed", "page"])
def test_redirect_to_a_private_address_is_refused(settings: Settings, web_server: FakeWeb, wants: Wants) -> None:
    """Each hop is looked at, not only the first."""
    allowed = settings.with_(allow_private_networks=(ip_network("127.0.0.1/32"),))
    web_server.redirects("/b", f"http://127.0.0.2:{web_server.port}/secret", 307)
    url = web_server.redirects("/a", "/b", 301)

    assert failure(allowed, url, wants).reason == "private-address"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe"])
def test_name_is_judged_by_the_address_that_is_connected_to(
    settings: Settings, web_server: FakeWeb, address: str
) -> None:
    """A name that resolves to a private address is refused whatever it is called."""
    refused = failure(
        settings.with_(allow_private_networks=()),
        web_server.url("/", "news.example"),
        resolver=FickleResolver(address),
    )

    assert refused.reason == "private-address"
    assert web_server.requests == []


def test_name_that_changes_its_address_between_question_and_connection_is_refused(
    settings: Settings, web_server: FakeWeb
) -> None:
    """DNS rebinding: a good address for who checks first, loopback for who connects then."""
    rebinding = FickleResolver("127.0.0.1", "127.0.0.2")
    only_one = settings.with_(allow_private_networks=(ip_network("127.0.0.1/32"),))

    refused = failure(only_one, web_server.url("/", "news.example"), resolver=rebinding)

    assert refused.reason == "private-address"
    assert rebinding.asked >= 2
    assert web_server.requests == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("198.18.0.1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
        ("2606:2800:220:1:0:5efe:7f00:1", False),
        ("2001:db8::1", False),
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


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "javascript:alert(1)"])
def test_other_schemes_are_refused(settings: Settings, web_server: FakeWeb, url: str) -> None:
    """Only http and https, on the second hop too."""
    assert failure(settings, url).reason == "bad-scheme"
    assert failure(settings, web_server.redirects("/a", url)).reason == "bad-scheme"


@pytest.mark.parametrize("port", [0, 22, 25, 6667])
def test_ports_of_other_services_are_refused(settings: Settings, web_server: FakeWeb, port: int) -> None:
    """A feed must not make us talk to a mail server, not by a redirect either."""
    url = f"http://127.0.0.1:{port}/feed"

    assert failure(settings, url).reason == "bad-port"
    assert failure(settings, web_server.redirects("/a", url)).reason == "bad-port"


def test_user_and_password_of_an_address_are_not_sent(settings: Settings, web_server: FakeWeb) -> None:
    """Neither those of the catalogue nor those of a redirect."""
    web_server.serves("/b", FEED)
    web_server.redirects("/a", web_server.url("/b", "u:p@127.0.0.1"))

    fetch(settings, web_server.url("/a", "user:secret@127.0.0.1"))

    assert not any("Authorization" in headers for _, headers in web_server.requests)


def test_international_names_are_asked_in_their_ascii_form(settings: Settings, web_server: FakeWeb) -> None:
    """The host header and the resolver see `xn--`."""
    web_server.serves("/feed", FEED)

    found = fetch(settings, web_server.url("/feed", "bücher.example"), resolver=FickleResolver("127.0.0.1"))

    assert found.url == web_server.url("/feed", "xn--bcher-kva.example")
    assert web_server.requests[0][1]["Host"].startswith("xn--bcher-kva.example")
