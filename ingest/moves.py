"""Whether a feed has moved for good. Pure. Redirects are followed at once; an address is adopted only after a while."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ingest.answer import Hop
from ingest.identity import is_home_page, normalise_url

CONFIRMATIONS = 3
CONFIRMED_FOR = timedelta(hours=24)
"""Polls that must find the feed at its new address, and over how long: a mishap is mended sooner than that."""
OVERLAP = 0.2
"""Share of the new document's entries that must be known of the feed already."""
GIVE_UP_WEIGHT = 1.0
"""Faults since the last good poll after which the other address is tried: one hard one, or several of the rest."""

ADDRESS_LIMIT = 2_048


@dataclass(frozen=True, slots=True)
class Move:
    """A move under way, and the address that was left."""

    candidate: str | None = None
    """Where permanent redirects lead."""
    is_same_feed: bool = False
    """Whether its entries were known when it was first met; later they are, for they are taken from there."""
    confirmations: int = 0
    since: float | None = None
    given_up: str | None = None
    """An adopted address that failed; it is tried again should the catalogue's fail as well."""
    duplicate_of: str | None = None
    """The id of another feed that has the address already."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a good answer came from."""

    catalogue: str
    """The feed's address in the catalogue."""
    final: str
    hops: tuple[Hop, ...]
    at: datetime
    share_known: float | None = None
    """Known among the entries of the document; None if it was not read, because nothing changed."""
    is_same_document: bool = False
    """Its bytes are those that the feed had."""
    had_entries: bool = True
    """Whether any entry of the feed was known before."""
    other_feed: str | None = None
    """The id of another active feed that has this address."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a feed is asked, and what is known of its moving."""

    address: str | None = None
    """The adopted address; None for that of the catalogue."""
    move: Move = field(default_factory=Move)


def after_arrival(before: Whereabouts, arrival: Arrival) -> Whereabouts:
    """Where the feed is after a good answer."""
    move = replace(before.move, duplicate_of=arrival.other_feed)
    if not arrival.hops:
        back = move.given_up if before.address else None  # the catalogue's address works: the move is undone for good
        return Whereabouts(before.address, Move(given_up=back, duplicate_of=arrival.other_feed))
    if arrival.other_feed or not may_be_adopted(arrival):
        return Whereabouts(before.address, Move(given_up=move.given_up, duplicate_of=arrival.other_feed))
    seen = _confirmed(move, arrival)
    if _is_settled(seen, arrival.at):
        return Whereabouts(None if same_address(arrival.final, arrival.catalogue) else arrival.final)
    return Whereabouts(before.address, seen)


def after_fault_at(before: Whereabouts, weight: float) -> Whereabouts:
    """Where the feed is asked next after a fault: the catalogue's address and the adopted one stand in for another."""
    still = Whereabouts(before.address, Move(given_up=before.move.given_up))
    if weight < GIVE_UP_WEIGHT:
        return still
    if before.address is not None:
        return Whereabouts(None, Move(given_up=before.address))
    return Whereabouts(before.move.given_up) if before.move.given_up else still


def may_be_adopted(arrival: Arrival) -> bool:
    """Whether every hop is for good, and the target is neither a site's home nor less safe than what was asked."""
    is_downgrade = any(hop.url.startswith("https:") for hop in arrival.hops) and not arrival.final.startswith("https:")
    is_fit = not is_downgrade and not is_home_page(arrival.final) and len(arrival.final) <= ADDRESS_LIMIT
    return is_fit and all(hop.is_permanent for hop in arrival.hops)


def same_address(one: str, other: str) -> bool:
    """Whether two spellings name one feed."""
    return normalise_url(one) == normalise_url(other)


def _confirmed(move: Move, arrival: Arrival) -> Move:
    if move.candidate == arrival.final:
        return replace(move, confirmations=move.confirmations + move.is_same_feed)
    if arrival.share_known is None and not arrival.is_same_document:
        return replace(move, candidate=None, confirmations=0, since=None)  # a 304 does not show what stands there
    if not arrival.had_entries:
        return move
    is_same = arrival.is_same_document or (arrival.share_known or 0.0) >= OVERLAP
    return replace(
        move,
        candidate=arrival.final,
        is_same_feed=is_same,
        confirmations=int(is_same),
        since=arrival.at.timestamp(),
    )


def _is_settled(move: Move, now: datetime) -> bool:
    if move.since is None or move.confirmations < CONFIRMATIONS:
        return False
    return now.timestamp() - move.since >= CONFIRMED_FOR.total_seconds()
