"""Takes back an article that must go: a withdrawal for the readers, and nothing of its content kept here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from geowire.events import encode, withdrawal_event
from geowire.messages import ArticleWithdrawn
from ingest.article_state import articles_at, erase, lock_article, withdraw
from ingest.identity import address_key


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An article that was taken back."""

    id: str
    version: int
    """The version that is its withdrawal."""


def forget(connection: Connection, url: str, clock: Callable[[], datetime]) -> Forgotten | None:
    """Take back the article at an address, in one transaction; None if none is known there that is not forgotten.

    It does not come back when a feed brings it again: the hashes of its addresses are kept.
    """
    article_id = articles_at(connection, [address_key(url)]).get(address_key(url))
    known = lock_article(connection, article_id) if article_id else None
    if known is None:
        return None
    withdrawn = ArticleWithdrawn(
        id=known.article.id,
        version=known.version + 1,
        url=known.article.url,
        reason="forgotten",
        withdrawn_at=clock(),
    )
    withdraw(connection, known, "forgotten", [encode(withdrawal_event(withdrawn))])
    erase(connection, known.article.id)
    return Forgotten(known.article.id, withdrawn.version)
