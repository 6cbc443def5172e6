"""Lost state of ingest from what ingest has published: aliases, versions, contents and withdrawals.

What no message tells is learned anew: which entry of its feed keeps an article up to date (the first that leads to it),
and a feed's rhythm and validators. What is older than the topic keeps (14 days) is not known any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, Row, func, select, update

from geowire.bus import Bus
from geowire.bus_reading import published_events
from geowire.errors import Misconfigured
from geowire.events import Event
from geowire.messages import Article, ArticleWithdrawn
from geowire.settings import Settings
from geowire.topics import ARTICLES
from ingest.article_state import UNKNOWN_ENTRY, Visits, erase, version_values, visit_values
from ingest.database import Database
from ingest.identity import alias_keys, normalise_url
from ingest.revisit_plan import born_at, next_visit
from ingest.state_tables import ALIAS, ARTICLE, ENTRY
from ingest.twins import text_key
from ingest.upsert import insert_or_ignore

BATCH = 500


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """When the pages of rebuilt articles are read again."""

    now: datetime
    ages: tuple[timedelta, ...]
    chance: Callable[[], float]
    """From 0 to 1."""

    def visits(self, article: Article, first_seen_at: datetime) -> Visits:
        """The next visit to the article's page, if it has one."""
        if article.requested_url is None:
            return Visits()
        born = born_at(article.published_at, first_seen_at)
        return Visits(next_visit(born, self.now, self.ages, self.chance()))


@dataclass(slots=True)
class Rebuilt:
    """What was found on the topic."""

    messages: int = 0
    articles: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)


def rebuild_state(
    settings: Settings,
    bus: Bus,
    plan: VisitPlan,
    *,
    into_existing: bool = False,
    on_progress: Callable[[Rebuilt], None] = lambda _: None,
) -> Rebuilt:
    """Fill the state from `geowire.articles.v1`. Raises `Misconfigured` if it is not empty and that is not meant."""
    database = Database(settings.state_url)
    try:
        known = database.run_here(count_known)
        if known and not into_existing:
            raise Misconfigured(
                f"GEOWIRE_STATE knows {known} articles or entries already: name an empty database, or write "
                "--into-existing to add what it lacks"
            )
        return take_in_all(database, published_events(bus, ARTICLES.name), plan, on_progress)
    finally:
        database.close()


def count_known(connection: Connection) -> int:
    """Articles and entries that the state remembers."""
    return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in (ARTICLE, ENTRY))


def take_in_all(
    database: Database, events: Iterable[Event], plan: VisitPlan, on_progress: Callable[[Rebuilt], None]
) -> Rebuilt:
    """Take in events, in order per article, some in one transaction. What is known in this version already stays."""
    rebuilt = Rebuilt()
    several = iter(events)
    while batch := list(islice(several, BATCH)):
        database.run_here(lambda connection, batch=batch: take_in(connection, batch, plan))  # type: ignore[misc]
        for event in batch:
            _count(rebuilt, event)
        on_progress(rebuilt)
    return rebuilt


def take_in(connection: Connection, batch: Iterable[Event], plan: VisitPlan) -> None:
    """A batch of events."""
    for event in batch:
        if isinstance(event.data, Article):
            _take_in_version(connection, event.data, plan)
        elif isinstance(event.data, ArticleWithdrawn):
            _take_in_withdrawal(connection, event.data)


def _count(rebuilt: Rebuilt, event: Event) -> None:
    rebuilt.messages += 1
    if isinstance(event.data, Article):
        rebuilt.articles.add(event.data.id)
        rebuilt.withdrawn.discard(event.data.id)
    elif isinstance(event.data, ArticleWithdrawn):
        rebuilt.withdrawn.add(event.data.id)


def _take_in_version(connection: Connection, article: Article, plan: VisitPlan) -> None:
    known = _known(connection, article.id)
    if known is not None and known.message is None and known.withdrawn is not None:
        return  # forgotten: its words must not come back
    _put_aliases(connection, article.id, _addresses(article))
    if known is None:
        row = _new_row(article.id, article.feed.id, article.fetched_at)
        values = version_values(article) | visit_values(plan.visits(article, article.fetched_at))
        connection.execute(insert_or_ignore(ARTICLE, tuple(row | values)), row | values)
    elif known.version < article.version:
        first_seen_at = datetime.fromtimestamp(known.first_seen_at, UTC)
        values = version_values(article) | visit_values(plan.visits(article, first_seen_at)) | {"withdrawn": None}
        connection.execute(update(ARTICLE).where(ARTICLE.c.id == article.id).values(values))


def _take_in_withdrawal(connection: Connection, withdrawn: ArticleWithdrawn) -> None:
    known = _known(connection, withdrawn.id)
    _put_aliases(connection, withdrawn.id, alias_keys([withdrawn.url]))
    values = {"version": withdrawn.version, "withdrawn": withdrawn.reason}
    if known is None:
        row = _new_row(withdrawn.id, "", withdrawn.withdrawn_at) | {"missing": 0} | values
        connection.execute(insert_or_ignore(ARTICLE, tuple(row)), row)
    elif known.version < withdrawn.version:
        connection.execute(update(ARTICLE).where(ARTICLE.c.id == withdrawn.id).values(values))
    if withdrawn.reason == "forgotten":
        erase(connection, withdrawn.id)


def _known(connection: Connection, article_id: str) -> Row[tuple[object, ...]] | None:
    columns = (ARTICLE.c.version, ARTICLE.c.withdrawn, ARTICLE.c.message, ARTICLE.c.first_seen_at)
    return connection.execute(select(*columns).where(ARTICLE.c.id == article_id)).first()


def _new_row(article_id: str, feed_id: str, first_seen_at: datetime) -> dict[str, object]:
    seen = first_seen_at.timestamp()
    return {"id": article_id, "feed_id": feed_id, "entry_key": UNKNOWN_ENTRY, "first_seen_at": seen}


def _addresses(article: Article) -> dict[str, str]:
    """Everything that leads to the article: its addresses, none of which is its feed's, and its text."""
    feeds = {article.feed.url, normalise_url(article.feed.url)}
    addresses = (article.requested_url, article.url, article.canonical_url)
    key = text_key(article)
    return alias_keys(address for address in addresses if address and address not in feeds) | ({key: ""} if key else {})


def _put_aliases(connection: Connection, article_id: str, aliases: dict[str, str]) -> None:
    """Whoever had an address first keeps it."""
    rows = [{"key": key, "address": address, "article_id": article_id} for key, address in aliases.items()]
    if rows:
        connection.execute(insert_or_ignore(ALIAS, tuple(rows[0])), rows)
