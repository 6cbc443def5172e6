"""Bodies: bombs, wrong labels, and what is cut short."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
import zstandard
from servers.fetching import failure, fetch

from geowire.settings import Settings
from ingest.http_body import MEMBERS, BadEncoding, BodyLimit, TooLarge, decode_body

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title></channel></rss>'


BOMB = b"\0" * 30_000_000


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("gzip", gzip.compress(BOMB, mtime=0)),
        ("gzip", gzip.compress(gzip.compress(BOMB, mtime=0), mtime=0)),
        ("deflate", zlib.compress(BOMB)),
        ("deflate", zlib.compress(BOMB)[2:-4]),
        ("zstd", zstandard.compress(BOMB)),
        ("", gzip.compress(BOMB, mtime=0)),
    ],
)
def test_bomb_is_stopped_at_the_limit(settings: Settings, web_server: FakeWeb, kind: str, body: bytes) -> None:
    """A few kilobytes that decode to thirty megabytes are refused without decoding them all."""
    headers = {"Content_Encoding": kind} if kind else {}
    url = web_server.serves("/bomb", body, **headers)

    refused = failure(settings.with_(feed_bytes=100_000), url)

    assert (refused.reason, refused.transient) == ("too-large", False)


def test_stream_of_many_small_parts_costs_little() -> None:
    """Half a million empty gzip members would each copy the rest."""
    started = time.process_time()

    with pytest.raises(BadEncoding, match=str(MEMBERS)):
        decode_body(gzip.compress(b"", mtime=0) * 400_000, "gzip", BodyLimit(10_000_000))

    assert time.process_time() - started < 3.0


def test_zstd_that_wants_a_huge_window_is_refused() -> None:
    """A frame must not make us reserve what it says it may need."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = frame.compress(os.urandom(200_000)) + frame.flush()

    with pytest.raises(zstandard.ZstdError):
        decode_body(body, "zstd", BodyLimit(10_000_000))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("gzip", gzip.compress(FEED, mtime=0)),
        ("x-gzip", gzip.compress(FEED, mtime=0)),
        ("gzip, gzip", gzip.compress(gzip.compress(FEED, mtime=0), mtime=0)),
        ("gzip", FEED),
        ("br", FEED),
        ("deflate", FEED),
        ("UTF-8", FEED),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED)[2:-4]),
        ("br", gzip.compress(FEED, mtime=0)),
        ("zstd", zstandard.compress(FEED)),
        ("", zstandard.compress(FEED)),
    ],
)
def test_body_counts_more_than_its_label(settings: Settings, web_server: FakeWeb, kind: str, body: bytes) -> None:
    """Asked for or not, labelled rightly or not: what can be read is read."""
    url = web_server.serves("/feed", body, **({"Content_Encoding": kind} if kind else {}))

    assert fetch(settings, url).body == FEED


def test_encoding_that_nobody_asked_for_is_named(settings: Settings, web_server: FakeWeb) -> None:
    """Brotli that comes unasked is a fault of the server, and says so."""
    url = web_server.serves("/feed", b"\x8b\x03\x80not text", Content_Encoding="br")

    refused = failure(settings, url)

    assert (refused.reason, refused.transient) == ("unknown-encoding", False)
    assert "'br'" in refused.detail


def test_compression_is_accepted(settings: Settings, web_server: FakeWeb) -> None:
    """Some servers refuse clients that do not; and nothing is said about keeping connections, which makes some hang."""
    fetch(settings, web_server.serves("/feed", FEED))

    [(_, headers)] = web_server.requests
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert {"Connection", "Keep-Alive"}.isdisjoint(headers)


def test_truncated_feed_is_kept_as_far_as_it_goes(settings: Settings, web_server: FakeWeb) -> None:
    """It is marked, and leaves no validators behind that would let a 304 hide the rest."""
    whole = FEED + os.urandom(2_000).hex().encode()
    cut = gzip.compress(whole, mtime=0)[:-900]
    url = web_server.serves("/feed", cut, Content_Encoding="gzip", ETag='"1"', Last_Modified="x")

    found = fetch(settings, url)

    assert found.is_cut
    assert found.body.startswith(FEED)
    assert whole.startswith(found.body)
    assert {"etag", "last-modified"}.isdisjoint(found.headers)
    assert failure(settings, url, "page").reason == "bad-encoding"


def test_large_body_is_refused_by_what_it_announces() -> None:
    """And by what it is, whichever comes first."""
    with pytest.raises(TooLarge):
        decode_body(gzip.compress(b"x" * 11, mtime=0), "gzip", BodyLimit(10))
    assert decode_body(gzip.compress(b"x" * 10, mtime=0), "gzip", BodyLimit(10)).data == b"x" * 10
