"""OPML feed lists, in and out. No entities are expanded and nothing is loaded from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from xml.parsers import expat  # entity declarations are refused below
from xml.sax.saxutils import quoteattr  # it only writes

from pydantic import ValidationError

from geowire.errors import Misconfigured
from ingest.feed_list import FeedRow, PublisherRow

if TYPE_CHECKING:
    from ingest.catalogue import Feed


class _Refused(Exception):
    """The document declares entities."""


def parse_opml(data: bytes, name: str) -> list[tuple[int, FeedRow]]:
    """Every outline with an `xmlUrl`, with its line. Raises `Misconfigured` naming file and line."""
    rows: list[tuple[int, FeedRow]] = []
    parser = expat.ParserCreate()

    def start(element: str, attributes: dict[str, str]) -> None:
        lowered = {key.lower(): value.strip() for key, value in attributes.items()}
        if element.lower() == "outline" and lowered.get("xmlurl"):
            rows.append((parser.CurrentLineNumber, _row(lowered, f"{name}, line {parser.CurrentLineNumber}")))

    def refuse(*_: object) -> None:
        raise _Refused

    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _Refused:
        raise Misconfigured(f"{name}, line {parser.CurrentLineNumber}: entities are not allowed; remove them") from None
    except (expat.ExpatError, ValueError) as error:
        raise Misconfigured(f"{name}: this is not OPML: {error}; write well-formed XML, or YAML") from error
    return rows


def write_opml(feeds: Iterable[Feed]) -> bytes:
    """The catalogue as OPML 2.0, with what other readers do not know in attributes of its own."""
    outlines = "".join(f"    <outline {_attributes(feed)}/>\n" for feed in feeds)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n  <head><title>geowire</title></head>\n'
    return f"{head}  <body>\n{outlines}  </body>\n</opml>\n".encode()


def _attributes(feed: Feed) -> str:
    publisher = feed.publisher
    values: Mapping[str, str | None] = {
        "type": "rss",
        "text": feed.title or feed.url,
        "xmlUrl": feed.url,
        "language": feed.language,
        "publisherId": publisher.id,
        "publisherName": publisher.name,
        "publisherCountry": publisher.country,
        "publisherFamily": publisher.family,
    }
    return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items() if value)


def _row(attributes: Mapping[str, str], place: str) -> FeedRow:
    try:
        return FeedRow(
            url=attributes["xmlurl"],
            title=(attributes.get("title") or attributes.get("text") or "")[:500] or None,
            language=attributes.get("language") or None,
            publisher=PublisherRow(
                id=attributes.get("publisherid") or None,
                name=attributes.get("publishername") or None,
                country=attributes.get("publishercountry") or None,
                family=attributes.get("publisherfamily") or None,
            ),
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(step) for step in problem["loc"])
        raise Misconfigured(f"{place}: {field}: {problem['msg']}; put that attribute right") from error
