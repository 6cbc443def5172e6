"""Finds the feeds that a web page names. Pure: nothing is asked for."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from ingest.feed_bytes import decode_feed
from ingest.identity import repair_link

HTML_LIMIT = 1_000_000
FOUND_LIMIT = 20
FEED_TYPES = frozenset({
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
    "application/json", "application/xml", "text/xml", "text/rss+xml", "text/rss", "text/rdf+xml", "text/atom+xml",
})  # fmt: skip
UNSPECIFIC_TYPES = frozenset({"application/json", "application/xml", "text/xml"})
"""Also used for what is no feed: only an address that looks like one counts."""
FEED_ADDRESS = re.compile(
    r"(?:^|[/._?=-])(?:rss|feeds?|atom|rdf)(?:$|[/._?=&-])|\.(?:rss|atom|rdf)$|feedburner", re.IGNORECASE
)
COMMENTS = re.compile(r"comments?(?:/|_|-|$)", re.IGNORECASE)
COMMON_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds", "/feed.json")


def discover_feeds(html: bytes, url: str) -> tuple[str, ...]:
    """Addresses that may be feeds, the likeliest first: those the page declares, those it links, common places."""
    page = _Page()
    text = decode_feed(html[:HTML_LIMIT], "").data.decode("utf-8", "replace")
    try:
        page.feed(text)
        page.close()
    except (
        AssertionError,
        ValueError,
    ):  # html.parser gives up on some broken declarations: what it found so far counts
        pass
    base = repair_link(page.base, url) or url if page.base else url
    declared = sorted(page.declared, key=lambda link: COMMENTS.search(link) is not None)
    common = (urljoin(url, path) for path in COMMON_PATHS)
    found = (repair_link(link, base) for link in (*declared, *page.linked, *common))
    return tuple(dict.fromkeys(address for address in found if address is not None and address != url))[:FOUND_LIMIT]


class _Page(HTMLParser):
    """Collects links that lead to feeds, in the order of the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.declared: list[str] = []
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        address = named.get("href", "").removeprefix("feed:")
        if tag == "base":
            self.base = self.base or address
        elif tag == "link" and _declares_feed(named):
            self.declared.append(address)
        elif tag == "a" and FEED_ADDRESS.search(address) and len(self.linked) < FOUND_LIMIT:
            self.linked.append(address)


def _declares_feed(named: dict[str, str]) -> bool:
    kind = named.get("type", "").partition(";")[0].strip().lower()
    relations = named.get("rel", "").lower().split()
    if not named.get("href") or not {"alternate", "feed"} & set(relations):
        return False
    if "feed" in relations:
        return True
    return kind in FEED_TYPES and (kind not in UNSPECIFIC_TYPES or FEED_ADDRESS.search(named["href"]) is not None)
