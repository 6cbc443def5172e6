"""Entries as a document writes them, whatever its format, and how they become `FeedEntry`s. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ingest.clean_text import clean_line, plain_text
from ingest.dates import parse_date
from ingest.feed_entry import FeedEntry, FeedHints, ParsedFeed
from ingest.identity import entry_key, is_home_page, owner_of, repair_link

ENTRY_LIMIT = 2_000
MARKUP_LIMIT = 1_000_000
TITLE_LIMIT = 1_000
GUID_LIMIT = 2_000
NAME_LIMIT = 200
AUTHOR_LIMIT = 50
DATE_LIMIT = 200
MEDIA_FILE = re.compile(
    r"\.(?:mp3|m4a|aac|ogg|oga|opus|wav|flac|mp4|m4v|mov|webm|avi|jpe?g|png|gif|webp|zip)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """One entry in the words of its document."""

    guid: str = ""
    links: tuple[str, ...] = ()
    """Where its page may be, the likeliest first."""
    media: frozenset[str] = frozenset()
    """Files that come with it: sound, video, pictures."""
    title: str = ""
    summary: str = ""
    content: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    updated: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class WrittenFeed:
    """A document in its own words. `error` is a short slug if it is no feed."""

    rows: Sequence[WrittenEntry] = ()
    title: str = ""
    language: str = ""
    site: str = ""
    """The address of the site that the feed is of."""
    hints: FeedHints = field(default_factory=FeedHints)
    problems: Counter[str] = field(default_factory=Counter)
    error: str | None = None


def finish_feed(feed: WrittenFeed, url: str) -> ParsedFeed:
    """The feed with entries that are clean, dated and told apart. What is not kept is counted."""
    problems = Counter(feed.problems)
    if feed.error:
        return ParsedFeed(problems=_counted(problems), error=feed.error)
    rows = feed.rows[:ENTRY_LIMIT]
    problems["over-limit"] += len(feed.rows) - len(rows)
    language = short_language(feed.language)
    base = _base(feed.site, url)
    guids = Counter(row.guid for row in feed.rows)
    entries: dict[str, FeedEntry] = {}
    for row in rows:
        link = _link(row, base)
        key = _key(row, link, guids, entries)
        entry = _entry(row, key, link, language)
        _count_problems(row, entry, entries, problems)
        entries.setdefault(key, entry)
    return ParsedFeed(
        _line(feed.title, 500) or None, language, tuple(entries.values()), _counted(problems), None, feed.hints
    )


def short_language(tag: str) -> str | None:
    """The primary part of a language tag: `en` for `en-GB`."""
    primary = tag.replace("_", "-").partition("-")[0].strip().lower()
    return primary if primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3 else None


def _entry(row: WrittenEntry, key: str, link: str | None, language: str | None) -> FeedEntry:
    names = [_line(name, NAME_LIMIT) for name in row.authors[:AUTHOR_LIMIT]]
    return FeedEntry(
        key=key,
        guid=_own_name(row, link)[:GUID_LIMIT],
        link=link,
        title=_line(row.title, TITLE_LIMIT),
        summary=row.summary[:MARKUP_LIMIT],
        content=row.content[:MARKUP_LIMIT],
        authors=tuple(dict.fromkeys(name for name in names if name)),
        published_at=parse_date(row.published),
        updated_at=parse_date(row.updated),
        language=short_language(row.language) or language,
    )


def _own_name(row: WrittenEntry, link: str | None) -> str:
    """What the entry calls itself; without GUID and link only its text tells it from others."""
    return row.guid or ("" if link else _line(row.title, TITLE_LIMIT) or row.summary or row.content or row.published)


def _key(row: WrittenEntry, link: str | None, guids: Counter[str], known: dict[str, FeedEntry]) -> str:
    """A key of its own for each entry that differs from the others of its feed."""
    name = _own_name(row, link)
    is_unique = guids[row.guid] == 1 if row.guid else not link
    key = entry_key(name, link, guid_is_unique=is_unique)
    if key not in known or known[key].title == _line(row.title, TITLE_LIMIT):
        return key
    return entry_key(f"{name}\0{_line(row.title, TITLE_LIMIT)}", link, guid_is_unique=False)


def _count_problems(row: WrittenEntry, entry: FeedEntry, known: dict[str, FeedEntry], problems: Counter[str]) -> None:
    problems["no-link"] += not entry.link
    problems["no-title"] += not entry.title
    problems["no-date"] += entry.dated_at is None
    problems["bad-date"] += bool((row.published and not entry.published_at) or (row.updated and not entry.updated_at))
    problems["same-entry-twice"] += entry.key in known


def _counted(problems: Counter[str]) -> dict[str, int]:
    return {slug: count for slug, count in problems.items() if count}


def _base(site: str, url: str) -> str:
    """What relative links are relative to: the feed, unless somebody else serves it for the site."""
    home = repair_link(site, url) if site else None
    return home if home and owner_of(home) != owner_of(url) else url


def _link(row: WrittenEntry, base: str) -> str | None:
    """The first address that is a page of its own: no home page, no file that comes with the entry."""
    for written in row.links:
        link = repair_link(written, base)
        if link is not None and written not in row.media and not is_home_page(link) and not _is_media_file(link):
            return link
    return None


def _is_media_file(link: str) -> bool:
    _, dot, ending = urlsplit(link).path.rpartition(".")
    return MEDIA_FILE.fullmatch(dot + ending) is not None


def _line(markup: str, limit: int) -> str:
    return clean_line(plain_text(markup[: limit * 20]))[:limit]
