"""Puts an article together from its feed, its entry, its page and what was extracted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from geowire.messages import Article, FeedReference, Publisher
from geowire.messages.article import DateSource, Policy
from ingest.article_state import KnownArticle
from ingest.change import describe_change
from ingest.extraction import Extraction
from ingest.feed_entry import FeedEntry
from ingest.identity import article_id, normalise_url
from ingest.leases import LeasedFeed

NOTHING_STATED = Policy()


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that an article is made of."""

    leased: LeasedFeed
    feed_title: str | None
    entry: FeedEntry
    page_url: str | None
    """Where the page was read; None if it was not."""
    extraction: Extraction
    fetched_at: datetime
    publisher: Publisher
    policy: Policy = NOTHING_STATED
    """What the publisher allows."""

    @property
    def addresses(self) -> list[str]:
        """Every address known to lead to the article: link, final address, canonical; none of them is the feed's."""
        known = (self.entry.link, self.page_url, self.extraction.canonical_url)
        feeds = {self.leased.feed.url, self.leased.address}
        return list(dict.fromkeys(address for address in known if address and address not in feeds))


def first_version(draft: Draft) -> Article:
    """The article at first publication."""
    identity = article_id(draft.addresses, draft.leased.feed.id, draft.entry.guid or draft.entry.key)
    return _article(draft, identity, 1, draft.extraction.published_at, draft.extraction.date_source)


def next_version(draft: Draft, known: KnownArticle) -> Article:
    """The same article, changed. Its id and, unless the feed names another, its date stay."""
    date, source = draft.extraction.published_at, draft.extraction.date_source
    before = known.article
    if source not in {"feed", "feed_updated"}:
        date, source = before.published_at, before.date_source
    article = _article(draft, before.id, known.version + 1, date, source)
    change = describe_change(before.title, before.text, article.title, article.text, article.form)
    return article.model_copy(update={"change": change})


def _article(draft: Draft, identity: str, version: int, date: datetime | None, source: DateSource | None) -> Article:
    leased, entry, found = draft.leased, draft.entry, draft.extraction
    url = normalise_url(draft.page_url or entry.link or "") or leased.feed.url
    return Article(
        id=identity,
        version=version,
        url=url,
        requested_url=entry.link,
        canonical_url=found.canonical_url,
        title=found.title,
        text=found.text,
        text_truncated=found.text_truncated,
        language=found.language or leased.feed.language,
        authors=found.authors,
        published_at=min(date or draft.fetched_at, draft.fetched_at),
        date_source=source if date else "first_seen",
        fetched_at=draft.fetched_at,
        publisher=draft.publisher,
        feed=FeedReference(id=leased.feed.id, url=leased.feed.url, title=_title(draft)),
        form=found.form,
        body_status=found.body_status,
        removed=dict(found.removed),
        content_hash=found.content_hash,
        policy=draft.policy,
    )


def _title(draft: Draft) -> str | None:
    return draft.leased.feed.title or draft.feed_title or draft.leased.title
