"""JSON Feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feed_entry import ParsedFeed
from ingest.parse_feed import parse_feed

URL = "https://example.org/feed.json"
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "url", "name", "title"]), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(["id", "url", "title", "content_text", "content_html", "authors", "author", "attachments"])


def parse(*items: Any, version: str = "https://jsonfeed.org/version/1.1", **fields: Any) -> ParsedFeed:
    """A feed of these items."""
    return parse_feed(json.dumps({"version": version, "title": "Wire", "items": items, **fields}).encode(), {}, URL)


def test_an_item_is_an_entry() -> None:
    """Every field finds its place."""
    feed = parse(
        {
            "id": "1",
            "url": "/a",
            "title": "Trade <b> rises",
            "summary": "5 < 6",
            "content_html": "<p>Text</p>",
            "date_published": "2026-11-20T09:00:00+01:00",
            "date_modified": "2026-11-21T09:00:00Z",
            "authors": [{"name": "A. Writer"}, {"url": "https://example.org/b"}],
            "language": "de-AT",
        },
        language="en",
    )

    [entry] = feed.entries
    assert (feed.title, feed.language, feed.problems) == ("Wire", "en", {})
    assert (entry.guid, entry.link, entry.title, entry.language) == (
        "1",
        "https://example.org/a",
        "Trade <b> rises",
        "de",
    )
    assert (entry.summary, entry.content, entry.authors) == ("5 &lt; 6", "<p>Text</p>", ("A. Writer",))
    assert entry.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_version_1_0_and_its_single_author() -> None:
    """The author of the feed stands in for a missing one; an id may be a number."""
    feed = parse(
        {"id": 7, "content_text": "One & two\n\nThree"}, version="https://jsonfeed.org/version/1", author={"name": "B"}
    )

    [entry] = feed.entries
    assert (entry.guid, entry.authors, entry.content) == ("7", ("B",), "<p>One &amp; two</p><p>Three</p>")


def test_an_address_is_found_where_there_is_one() -> None:
    """`external_url` and an id that is an address, but no attached sound."""
    feed = parse(
        {"id": "1", "external_url": "https://example.org/x"},
        {"id": "https://example.org/y"},
        {"id": "3", "url": "https://example.org/z", "attachments": [{"url": "https://example.org/z"}]},
    )

    assert [entry.link for entry in feed.entries] == ["https://example.org/x", "https://example.org/y", None]


def test_a_feed_that_breaks_off_keeps_its_entries() -> None:
    """And says so."""
    whole = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [{"id": str(n), "title": "T"} for n in range(5)]}
    )

    feed = parse_feed(whole[: whole.index('"3"')].encode(), {}, URL)

    assert [entry.guid for entry in feed.entries] == ["0", "1", "2"]
    assert feed.problems["truncated-feed"] == 1


def test_items_that_are_none_are_counted() -> None:
    """The others are read."""
    feed = parse({"id": "1"}, "junk", None)

    assert (len(feed.entries), feed.problems["unreadable-entry"]) == (1, 2)


def test_too_many_items_are_counted() -> None:
    """The first are kept."""
    feed = parse(*({"id": str(n)} for n in range(2_300)))

    assert (len(feed.entries), feed.problems["over-limit"]) == (2_000, 300)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"{}", "not-a-feed"),
        (b'{"items": [{"id": "1"}]}', "not-a-feed"),
        (b'{"error": "no such feed"', "not-a-feed"),
        (b'{"items": [1', "unparsable"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 50_000, "unparsable"),
    ],
)
def test_other_json_is_no_feed(data: bytes, error: str) -> None:
    """Nor is what nests without end."""
    assert parse_feed(data, {}, URL).error == error


def test_control_characters_in_strings_are_forgiven() -> None:
    """A byte order mark too."""
    data = b'\xef\xbb\xbf{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "A\x08\nB"}]}'

    assert parse_feed(data, {}, URL).entries[0].title == "A B"


@given(st.lists(st.dictionaries(FIELDS, VALUES), max_size=4))
def test_any_items_give_entries(items: list[dict[str, Any]]) -> None:
    """Whatever their fields hold, nothing raises and nothing is lost without a count."""
    feed = parse(*items)

    assert len(feed.entries) + feed.problems.get("same-entry-twice", 0) == len(items)
