"""Serves the sample web on 127.0.0.1, each publisher on a port of its own."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from cli.sample_web.addresses import Addresses
from cli.sample_web.content import SampleWeb, load_sample_web
from cli.sample_web.documents import Document, missing_document, site_documents
from cli.sample_web.model import Publisher, SampleArticle

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 1.0


class PortUnavailable(Exception):
    """A port that the sample web needs cannot be used."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {HOST}:{port} ({reason})")
        self.port = port


class SampleServer:
    """A running sample web: `async with SampleServer() as server`."""

    def __init__(self, sample_web: SampleWeb | None = None, port: int = 0) -> None:
        """Publisher number k listens on `port + k`; on any free port when `port` is 0."""
        self.web = sample_web or load_sample_web()
        #: How many requests were answered so far, by status.
        self.requests: Counter[int] = Counter()
        self._port = port
        self._origins: dict[str, str] = {}
        self._documents: dict[str, Mapping[str, Document]] = {}
        self._missing: dict[str, Document] = {}
        self._closing = AsyncExitStack()

    @property
    def opml_url(self) -> str:
        """The address of the OPML list of all feeds."""
        return self._addresses.opml()

    @property
    def catalogue_url(self) -> str:
        """The address of the list of all feeds with their publishers: YAML, as geowire reads it."""
        return self._addresses.catalogue()

    @property
    def feed_urls(self) -> tuple[str, ...]:
        """The addresses of all feeds, in the order of the publishers."""
        addresses = self._addresses
        return tuple(addresses.feed(publisher, feed) for publisher in self.web.publishers for feed in publisher.feeds)

    def url_of(self, article: SampleArticle) -> str:
        """The canonical address of the article."""
        return self._addresses.article(article)

    def publish_corrections(self) -> None:
        """From now on serve the corrected articles and their newer feed entries."""
        self.web = self.web.corrected()
        self._prepare_documents()

    async def __aenter__(self) -> Self:
        """Bind all ports, then start to answer on them; PortUnavailable when one is taken."""
        listeners = _listen(len(self.web.publishers), self._port)
        self._origins = {
            publisher.id: f"http://{HOST}:{listener.getsockname()[1]}"
            for publisher, listener in zip(self.web.publishers, listeners, strict=True)
        }
        self._prepare_documents()
        for publisher, listener in zip(self.web.publishers, listeners, strict=True):
            await self._start_site(publisher, listener)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering and give the ports back."""
        await self._closing.aclose()

    @property
    def _addresses(self) -> Addresses:
        return Addresses(self.web, self._origins)

    def _prepare_documents(self) -> None:
        addresses = self._addresses
        self._documents = {publisher.id: site_documents(publisher, addresses) for publisher in self.web.publishers}
        self._missing = {publisher.id: missing_document(publisher, addresses) for publisher in self.web.publishers}

    async def _start_site(self, publisher: Publisher, listener: socket.socket) -> None:
        async def answer(request: web.Request) -> web.Response:
            return self._answer(publisher, request)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()

    def _answer(self, publisher: Publisher, request: web.Request) -> web.Response:
        document = self._documents[publisher.id].get(request.path, self._missing[publisher.id])
        response = _response(document, request)
        self.requests[response.status] += 1
        return response


def _response(document: Document, request: web.Request) -> web.Response:
    unchanged = document.status == 200 and _is_unchanged(document, request)
    if unchanged:
        response = web.Response(status=304)
    else:
        headers = {"Content-Type": document.content_type}
        response = web.Response(body=document.body, status=document.status, headers=headers)
    if document.status == 200:
        response.etag = document.etag
        response.last_modified = document.modified
    return response


def _is_unchanged(document: Document, request: web.Request) -> bool:
    known = request.if_none_match
    if known is not None:
        return any(tag.value in (document.etag, "*") for tag in known)
    since = request.if_modified_since
    return since is not None and document.modified <= since


def _listen(count: int, base: int) -> Sequence[socket.socket]:
    with ExitStack() as opened:
        listeners = [opened.enter_context(_listener(base + offset if base else 0)) for offset in range(count)]
        opened.pop_all()
        return listeners


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise PortUnavailable(port, error.strerror or str(error)) from error
