"""The body of an answer, decoded and within its limit: a small compressed body may hide a huge one."""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncIterator

import zstandard


class TooLarge(Exception):
    """The decoded body passes the limit."""


class BadEncoding(Exception):
    """The body is not what Content-Encoding says, or ends too early."""


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limit: int) -> bytes:
    """The decoded body. Raises `TooLarge` as soon as that is known, `BadEncoding` if it cannot be decoded."""
    raw = await _gather(chunks, limit)
    kind = encoding.strip().lower()
    if kind in {"", "identity"} and not raw.startswith(b"\x1f\x8b\x08"):
        return raw
    try:
        return decode_body(raw, kind, limit)
    except (zlib.error, zstandard.ZstdError) as error:
        raise BadEncoding(f"{kind}: {error}") from error


async def _gather(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes")
    return b"".join(parts)


def decode_body(raw: bytes, kind: str, limit: int) -> bytes:
    """Undo a content encoding; servers label gzip wrongly often enough that its magic number counts more."""
    if raw.startswith(b"\x1f\x8b\x08"):
        return _inflate(raw, 31, limit)
    if raw.startswith(b"\x28\xb5\x2f\xfd"):
        return _within(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read(limit + 1), limit)
    if kind in {"gzip", "x-gzip"}:
        return raw
    if kind == "deflate":
        return _inflate(raw, 15 if raw[:1] and raw[0] & 0x0F == 8 else -15, limit)
    raise BadEncoding(f"Content-Encoding {kind[:40]!r} was not asked for")


def _inflate(raw: bytes, window: int, limit: int) -> bytes:
    """All members of a gzip stream, at most `limit` bytes of them."""
    parts, size = [], 0
    while raw:
        decoder = zlib.decompressobj(window)
        part = decoder.decompress(raw, limit - size + 1)
        size += len(part)
        parts.append(part)
        _within(part, limit - size + len(part))
        if not decoder.eof:
            raise BadEncoding("the compressed body ends too early")
        raw = decoder.unused_data if decoder.unused_data.startswith(b"\x1f\x8b") else b""
    return b"".join(parts)


def _within(part: bytes, limit: int) -> bytes:
    if len(part) > limit:
        raise TooLarge("the decoded body passes the limit")
    return part
