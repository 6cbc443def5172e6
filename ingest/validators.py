"""Validators, and how far a server's word that nothing changed is believed. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from ingest.answer import Response
from ingest.dates import parse_date

PROBE_AFTER = 25
"""304s in a row after which the feed is asked without conditions."""
PROBE_IN_DOUBT = 3
"""The same where the last such probe brought other bytes, and the least in any case."""
PROBE_DAILY = timedelta(days=1)
"""A feed that brings news every day is probed if it gave no body for so long."""
DISTRUST = timedelta(days=7)
"""How long validators that were found to lie are not used."""
CLOCK_SKEW = timedelta(days=1)
"""A Last-Modified further ahead than this is never reached, and so never sent back."""

Finding = Literal["plain", "honest", "doubtful", "lie"]
"""What an answer says of the validators: nothing, that they hold, that they may not, that they do not."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request conditional, and what tells an unchanged body."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """How the server's validators did so far."""

    unchanged: int = 0
    """304s in a row."""
    body_at: float | None = None
    """The last answer with a body."""
    doubts: int = 0
    """Probes in a row that brought other bytes under other validators: it may have changed just then."""
    distrusted_until: float | None = None


def conditions(validators: Validators, now: datetime) -> dict[str, str]:
    """Headers that ask only for what is new: the validators, byte for byte as they came."""
    modified = validators.last_modified
    named = {
        "If-None-Match": validators.etag,
        "If-Modified-Since": None if is_in_the_future(modified, now) else modified,
    }
    return {name: value for name, value in named.items() if value and value.isascii() and value.isprintable()}


def is_in_the_future(last_modified: str | None, now: datetime) -> bool:
    """Whether a server that compares dates would answer 304 for years."""
    moment = parse_date(last_modified)
    return moment is not None and moment - now > CLOCK_SKEW


def asks_plainly(trust: Trust, entries_per_day: float | None, now: datetime) -> bool:
    """Whether the next request carries no conditions: they are distrusted, or it is time for a probe."""
    if trust.distrusted_until is not None and now.timestamp() < trust.distrusted_until:
        return True
    if trust.unchanged >= (PROBE_IN_DOUBT if trust.doubts else PROBE_AFTER):
        return True
    is_lively = (entries_per_day or 0.0) >= 1 and trust.unchanged >= PROBE_IN_DOUBT
    return is_lively and trust.body_at is not None and now.timestamp() - trust.body_at >= PROBE_DAILY.total_seconds()


def validators_after(before: Validators, response: Response) -> Validators:
    """What to remember: a 304 changes only what it names, an answer with a body replaces everything."""
    stated = stated_validators(response)
    if response.is_not_modified:
        etag, modified = stated.etag or before.etag, stated.last_modified or before.last_modified
        return Validators(etag, modified, before.body_hash)
    return replace(stated, body_hash=hashlib.sha256(response.body).hexdigest())


def stated_validators(response: Response) -> Validators:
    """The validators that an answer names."""
    return Validators(_kept(response.headers.get("etag")), _kept(response.headers.get("last-modified")))


def _kept(header: str | None) -> str | None:
    """The value as it came; None for one that is not text, which no request could carry back."""
    return header if header and header.isascii() and header.isprintable() else None


def judge(trust: Trust, before: Validators, after: Validators, *, was_plain: bool) -> Finding:
    """What an answer with a body says of the validators that promised, poll after poll, that nothing changed."""
    is_same = before.body_hash == after.body_hash
    is_probe = was_plain and trust.unchanged > 0
    if not is_probe:
        return "plain" if was_plain or is_same else "honest"
    if is_same:
        return "honest"
    promised, given = (before.etag or before.last_modified), (after.etag or after.last_modified)
    return "lie" if promised == given or trust.doubts else "doubtful"


def trust_after(trust: Trust, response: Response, finding: Finding, now: datetime) -> Trust:
    """What is believed after an answer."""
    if response.is_not_modified:
        return replace(trust, unchanged=trust.unchanged + 1)
    heard = replace(trust, unchanged=0, body_at=now.timestamp())
    match finding:
        case "lie":  # once the ban is over, the doubt stays: the next probe comes soon
            return replace(heard, doubts=1, distrusted_until=(now + DISTRUST).timestamp())
        case "doubtful":
            return replace(heard, doubts=trust.doubts + 1)
        case "honest":
            return replace(heard, doubts=0)
        case _:
            return heard
