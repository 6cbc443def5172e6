"""Sites that make trouble again and again: after a few times in a row, one poll asks nothing more of them."""

from __future__ import annotations

from ingest.fetch_failure import FetchFailed
from ingest.site import site_of

IN_A_ROW = 3
"""Troubles after which a site is left alone; one success in between and the count begins anew."""
SITES_COUNTED = 4_096


def account_of(address: str, feed_id: str) -> str:
    """What the pages of a host are counted by, for each feed that leads there apart: one must not silence another."""
    return f"{site_of(address).host} {feed_id}"


class Strikes:
    """Troubles in a row by site, for as long as one poll lasts: the next one tries again."""

    def __init__(self, reason: str, what_happened: str) -> None:
        """`reason` is the slug of the failure that `check` raises, `what_happened` its explanation."""
        self._reason = reason
        self._what_happened = what_happened
        self._counts: dict[str, int] = {}

    def check(self, site: str) -> None:
        """Raise `FetchFailed` if the site is left alone for the rest of the poll."""
        count = self._counts.get(site, 0)
        if count >= IN_A_ROW:
            detail = f"{site} {self._what_happened} {count} times in a row; nothing was asked"
            raise FetchFailed(self._reason, True, detail)

    def strike(self, site: str) -> None:
        """Count one trouble more."""
        count = self._counts.pop(site, 0) + 1
        if len(self._counts) >= SITES_COUNTED:
            del self._counts[next(iter(self._counts))]
        self._counts[site] = count

    def clear(self, site: str) -> None:
        """Forget what was, for it went well."""
        self._counts.pop(site, None)
