"""The body of an answer, decoded and within its limit: a small compressed body may hide a huge one."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import aiohttp
import zstandard

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
LAYERS = 2
"""Some servers compress what is compressed already."""
MEMBERS = 256
"""Parts of one gzip stream: each costs a copy of the rest."""
ZSTD_WINDOW = 8 * 1024 * 1024
"""A content coding needs no more (RFC 9659)."""
TEXT_STARTS = (b"<", b"{", b"[", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
PLAIN = frozenset({"", "identity"})
LARGE = 2_000_000
"""Bytes of a body that is seldom met: only a few of those are held at once."""


class TooLarge(Exception):
    """The decoded body passes the limit."""


class BadEncoding(Exception):
    """The body is not what Content-Encoding says, or ends too early."""


class UnknownEncoding(BadEncoding):
    """The body is in an encoding that was not asked for and cannot be read."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What is done about a body that is not as it should be."""

    size: int
    keeps_part: bool = False
    """Whether a body that ends too early is kept as far as it goes."""
    cuts: bool = False
    """Whether a body that is too large is cut instead of refused."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body."""

    data: bytes = field(repr=False)
    is_cut: bool = False


async def nowhere() -> None:
    """No room needs to be made."""


async def read_body(
    chunks: AsyncIterator[bytes], encoding: str, limit: BodyLimit, make_room: Callable[[], Awaitable[None]] = nowhere
) -> Body:
    """The decoded body. Raises `TooLarge` as soon as that is known, `BadEncoding` if it cannot be decoded.

    Room is made before more than two million bytes are held, encoded or decoded.
    """
    raw = await _gather(chunks, limit, make_room)
    kind = encoding.strip().lower()
    if kind in PLAIN and not raw.data.startswith((GZIP, ZSTD)):
        return raw
    try:
        found = await _decoded(raw.data, kind, limit, make_room)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadEncoding(f"{kind}: {error}") from error
    return Body(found.data, raw.is_cut or found.is_cut)


async def _decoded(raw: bytes, kind: str, limit: BodyLimit, make_room: Callable[[], Awaitable[None]]) -> Body:
    if limit.size > LARGE:
        try:
            return decode_body(raw, kind, replace(limit, size=LARGE, cuts=False))
        except TooLarge:
            await make_room()
    return decode_body(raw, kind, limit)


async def _gather(chunks: AsyncIterator[bytes], limit: BodyLimit, make_room: Callable[[], Awaitable[None]]) -> Body:
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > limit.size:
                return Body(_within(b"".join(parts), limit), is_cut=True)
            if size > LARGE:
                await make_room()
    except aiohttp.ClientError:
        if not limit.keeps_part or not parts:
            raise
        return Body(b"".join(parts), is_cut=True)
    return Body(b"".join(parts))


def decode_body(raw: bytes, kind: str, limit: BodyLimit) -> Body:
    """Undo a content encoding; servers label bodies wrongly often enough that a magic number counts more."""
    body = Body(raw)
    for _ in range(LAYERS):
        if not body.data.startswith((GZIP, ZSTD)):
            break
        inner = _inflate(body.data, 31, limit) if body.data.startswith(GZIP) else _unpack_zstd(body.data, limit)
        body = Body(inner.data, body.is_cut or inner.is_cut)
    if body.data is not raw or kind in {"gzip", "x-gzip", *PLAIN} or raw.lstrip()[:3].startswith(TEXT_STARTS):
        return body
    if kind == "deflate":  # with and without its zlib wrapper: browsers take both
        return _inflate(raw, 15 if raw[:1] and raw[0] & 0x0F == 8 else -15, limit)
    raise UnknownEncoding(f"Content-Encoding {kind[:40]!r} was not asked for and cannot be read")


def _inflate(raw: bytes, window: int, limit: BodyLimit) -> Body:
    """All members of a stream, at most as many bytes as the limit says."""
    parts: list[bytes] = []
    room = limit.size
    for _ in range(MEMBERS):
        decoder = zlib.decompressobj(window)
        part = _within(decoder.decompress(raw, room + 1), limit, room)
        parts.append(part)
        room -= len(part)
        if not decoder.eof:
            return _ended_early(b"".join(parts), limit)
        raw = decoder.unused_data
        if not raw.startswith(GZIP[:2]):
            return Body(b"".join(parts))
    raise BadEncoding(f"more than {MEMBERS} compressed parts")


def _unpack_zstd(raw: bytes, limit: BodyLimit) -> Body:
    decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    return Body(_within(decoder.stream_reader(io.BytesIO(raw)).read(limit.size + 1), limit))


def _ended_early(data: bytes, limit: BodyLimit) -> Body:
    if limit.keeps_part and data:
        return Body(data, is_cut=True)
    raise BadEncoding("the compressed body ends too early")


def _within(part: bytes, limit: BodyLimit, room: int | None = None) -> bytes:
    room = limit.size if room is None else room
    if len(part) <= room:
        return part
    if limit.cuts:
        return part[:room]
    raise TooLarge(f"the body passes the limit of {limit.size} bytes")
