"""Headers as one blob, for logs and outboxes that keep records in a database."""

from __future__ import annotations

from geowire.bus import Headers


def pack_headers(headers: Headers) -> bytes:
    """Headers as one blob: `name NUL length NUL value` each. Names hold no NUL."""
    return b"".join(name.encode() + b"\0%d\0" % len(value) + value for name, value in headers)


def unpack_headers(blob: bytes) -> Headers:
    """The reverse of `pack_headers`."""
    headers, at = [], 0
    while at < len(blob):
        name_end = blob.index(b"\0", at)
        length_end = blob.index(b"\0", name_end + 1)
        value_end = length_end + 1 + int(blob[name_end + 1 : length_end])
        headers.append((blob[at:name_end].decode(), blob[length_end + 1 : value_end]))
        at = value_end
    return tuple(headers)
