"""Whose server an address is on: what politeness, back-off and robots.txt are counted by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from ingest.identity import domain_of


@dataclass(frozen=True, slots=True)
class Site:
    """One server of one owner."""

    origin: str
    """Scheme, host and port: what one robots.txt speaks for (RFC 9309, 2.3)."""
    host: str
    """Host, with its port if that is not the usual one."""
    domain: str
    """The registered domain; for a bare address or a local name the host itself."""


def site_of(address: str) -> Site:
    """The server of an address that was repaired before."""
    parts = urlsplit(address)
    return _site(parts.scheme, parts.netloc)


@lru_cache(maxsize=8_192)  # the public suffix is looked up once for each host
def _site(scheme: str, host: str) -> Site:
    origin = f"{scheme}://{host}"
    return Site(origin, host, domain_of(origin))
