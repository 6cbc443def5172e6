"""Names: a slow or dead name server holds up nobody else, and is no silence of the host."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from servers.fetching import failure

from geowire.settings import Settings
from ingest.fetch import Fetcher
from ingest.fetch_failure import FetchFailed
from ingest.resolver import KEPT_SECONDS, Info, Resolver
from ingest.strikes import IN_A_ROW

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb

SOON, LONG = 0.02, 30.0


class FakeNames:
    """Name servers: those of names that begin with `dead` do not answer before they are released."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.asked: list[str] = []
        self._address = address
        self._released = threading.Event()

    def __call__(self, name: str, port: int, *_: Any) -> list[Info]:
        """What `socket.getaddrinfo` would say."""
        self.asked.append(name)
        if name.startswith("dead"):
            self._released.wait()
        if name.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = [] if name.startswith("empty") else [self._address]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def release(self) -> None:
        """Let every name have its answer."""
        self._released.set()


@pytest.fixture
def names() -> Iterator[FakeNames]:
    """Name servers that leave no thread behind."""
    found = FakeNames()
    yield found
    found.release()


def test_dead_name_servers_hold_up_no_other_name(names: FakeNames) -> None:
    """More of them than asyncio has threads to share."""

    async def run() -> list[Any]:
        resolver = Resolver(threads=64, seconds=LONG, look_up=names)
        dead = [asyncio.create_task(resolver.resolve(f"dead-{n}.example", 80)) for n in range(40)]
        found = await asyncio.wait_for(resolver.resolve("paper.example", 443), LONG)
        assert not any(task.done() for task in dead)
        names.release()
        await asyncio.gather(*dead)
        await resolver.close()
        return found

    [row] = asyncio.run(run())

    assert (row["hostname"], row["host"], row["port"]) == ("paper.example", "127.0.0.1", 443)


def test_a_name_is_looked_up_once_for_all_who_ask(names: FakeNames) -> None:
    """For every port, also for those who come after others have given up; and then it is known for a while."""
    now = [0.0]

    async def run() -> None:
        resolver = Resolver(8, SOON, names, lambda: now[0])
        ended = await asyncio.gather(
            *(resolver.resolve("dead.example", port) for port in range(5)), return_exceptions=True
        )
        assert {error.errno for error in ended if isinstance(error, socket.gaierror)} == {socket.EAI_AGAIN}
        assert len(ended) == 5
        patient = asyncio.create_task(_until_found(resolver, "dead.example"))
        names.release()
        await patient
        assert names.asked == ["dead.example"]
        now[0] += KEPT_SECONDS - 1.0
        await resolver.resolve("dead.example", 443)
        assert names.asked == ["dead.example"]
        now[0] += 1.0
        await _until_found(resolver, "dead.example")
        assert names.asked == ["dead.example"] * 2
        await resolver.close()

    asyncio.run(run())


async def _until_found(resolver: Resolver, name: str) -> None:
    async with asyncio.timeout(LONG):
        while True:
            try:
                await resolver.resolve(name)
            except socket.gaierror:
                continue
            return


def test_who_closes_waits_for_no_name_server(names: FakeNames) -> None:
    """Neither for a look-up under way nor for one that has no thread yet."""

    async def run() -> list[Any]:
        resolver = Resolver(1, LONG, names)
        asked = [asyncio.create_task(resolver.resolve(f"dead-{n}.example")) for n in range(2)]
        await asyncio.sleep(0)
        await resolver.close()
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(end) for end in asyncio.run(run())] == [asyncio.CancelledError] * 2


def test_a_name_without_an_answer_is_not_the_silence_of_its_host(
    settings: Settings, web_server: FakeWeb, names: FakeNames
) -> None:
    """Its time is not the host's: however short a fetch may be, the failure is `dns`, and the host is not struck."""
    hurried = settings.with_(fetch_timeout=timedelta(milliseconds=1))

    async def run() -> list[FetchFailed]:
        async with Fetcher(hurried, resolver=Resolver(8, SOON, names)) as fetcher:
            url = web_server.url("/feed", "dead.example")
            return [await _failure(fetcher, url) for _ in range(IN_A_ROW + 1)]

    failures = asyncio.run(run())

    assert {(error.reason, error.transient) for error in failures} == {("dns", True)}
    assert "dead.example has no address: no name server answered in 0.02 s" in str(failures[0])


async def _failure(fetcher: Fetcher, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(url, "feed")
    return caught.value


@pytest.mark.parametrize("name", ["unknown.example", "empty.example"])
def test_a_name_without_an_address_is_said(settings: Settings, name: str, names: FakeNames) -> None:
    """Whether the name is not known or has no address."""
    ended = failure(settings, f"http://{name}/", resolver=Resolver(8, LONG, names))

    assert (ended.reason, ended.transient) == ("dns", True)
    assert str(ended).startswith(f"dns: {name} has no address: ")


def test_a_name_of_a_private_address_is_refused_on_every_hop(settings: Settings, web_server: FakeWeb) -> None:
    """A good host that leads to a name of an inner one."""
    inner = FakeNames("127.0.0.2")
    url = web_server.redirects("/a", web_server.url("/b", "inner.example"))

    refused = failure(
        settings.with_(allow_private_networks=(ip_network("127.0.0.1/32"),)), url, resolver=Resolver(8, LONG, inner)
    )

    assert refused.reason == "private-address"
    assert inner.asked == ["inner.example"]
    assert web_server.asked("/b") == 0
