"""Finds the feeds that a web page names. Pure: nothing is asked for."""

from __future__ import annotations

import re
from html import unescape
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
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
TAG = re.compile(r"""<(link|a|base)\s((?:[^<>"']|"[^"<>]*+"|'[^'<>]*+'|["'])*+)>""", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([\w:-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
COMMON_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds", "/feed.json")


def discover_feeds(html: bytes, url: str) -> tuple[str, ...]:
    """Addresses that may be feeds, the likeliest first: those the page declares, those it links, common places."""
    text = COMMENT.sub("", decode_feed(html[:HTML_LIMIT], "").data.decode("utf-8", "replace"))
    tags = [(found[1].lower(), _attributes(found[2])) for found in TAG.finditer(text)]
    base = next((repair_link(named["href"], url) for tag, named in tags if tag == "base" and named.get("href")), None)
    declared = [named["href"] for tag, named in tags if tag == "link" and _declares_feed(named)]
    declared.sort(key=lambda link: COMMENTS.search(link) is not None)
    linked = [named["href"] for tag, named in tags if tag == "a" and FEED_ADDRESS.search(named.get("href", ""))]
    written = (*declared[:FOUND_LIMIT], *linked[:FOUND_LIMIT], *(urljoin(url, path) for path in COMMON_PATHS))
    found = (repair_link(link.removeprefix("feed:"), base or url) for link in written)
    return tuple(dict.fromkeys(address for address in found if address is not None and address != url))[:FOUND_LIMIT]


def _attributes(text: str) -> dict[str, str]:
    """The attributes of a tag; of two with one name the first counts, as in a browser."""
    found = ATTRIBUTE.findall(text)
    return {name.lower(): unescape(double or single or bare).strip() for name, double, single, bare in reversed(found)}


def _declares_feed(named: dict[str, str]) -> bool:
    kind = named.get("type", "").partition(";")[0].strip().lower()
    relations = named.get("rel", "").lower().split()
    if not named.get("href") or not {"alternate", "feed"} & set(relations):
        return False
    if "feed" in relations:
        return True
    return kind in FEED_TYPES and (kind not in UNSPECIFIC_TYPES or FEED_ADDRESS.search(named["href"]) is not None)
