"""Brings the state in line with the catalogue; while that is out of reach, the state says which feeds there are."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, select

from geowire.errors import Transient
from ingest.catalogue import Feed, fetch_catalogue
from ingest.database import Database
from ingest.feed_state import sync_catalogue
from ingest.fetch import Fetcher
from ingest.state_tables import FEED

log = logging.getLogger("geowire.ingest.catalogue")


async def synced_feeds(location: str, fetcher: Fetcher, database: Database) -> tuple[Feed, ...]:
    """The feeds of the catalogue, or those of the last time while a server does not give it.

    Raises `Misconfigured` as `read_catalogue` does, and `Transient` if no feed is known or the state does not answer.
    """
    try:
        feeds = await fetch_catalogue(location, fetcher)
    except Transient as error:
        known = await database.run(active_feeds)
        if not known:
            raise
        log.warning("catalogue out of reach, going on with the feeds of the last time feeds=%d: %s", len(known), error)
        return known
    change = await database.run(lambda connection: sync_catalogue(connection, feeds))
    log.info("catalogue feeds=%d added=%d removed=%d", len(feeds), len(change.added), len(change.removed))
    return feeds


def active_feeds(connection: Connection) -> tuple[Feed, ...]:
    """The feeds of the catalogue as it was read the last time."""
    rows = connection.scalars(select(FEED.c.catalogue).where(FEED.c.active).order_by(FEED.c.id))
    return tuple(Feed.model_validate_json(row) for row in rows)
