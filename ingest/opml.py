"""OPML feed lists, in and out. No entities are expanded and nothing is loaded from outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import unescape
from itertools import takewhile
from typing import TYPE_CHECKING
from xml.parsers import expat  # entity declarations are refused below
from xml.sax.saxutils import quoteattr  # it only writes

from pydantic import ValidationError

from geowire.errors import Misconfigured
from ingest.feed_list import FeedRow, PublisherRow, Rows, Unreadable, join_folder, split_folder

if TYPE_CHECKING:
    from ingest.catalogue import Feed

NAMESPACE = 'xmlns:geowire="urn:geowire:opml"'
PREFIX = "geowire:"
ENCODING = re.compile(rb"""^[^>]{0,200}?encoding\s*=\s*["']([\w.-]+)""")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# A tag ends before the next one begins, so that a quote that is never closed costs no more than its own tag.
TAG = re.compile(
    r"""<(/?)(opml|outline)\b((?:[^<>"']|<(?![a-z/!])|"(?:[^"<]|<(?![a-z/!]))*+"|'(?:[^'<]|<(?![a-z/!]))*+')*+)>""",
    re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
OUTLINE = re.compile(
    rb"""[ \t]*+<outline\b(?:[^>"']|"[^"]*"|'[^']*')*+(?:(?<=/)>|>\s*</outline\s*>)[ \t\r]*\n?""", re.IGNORECASE
)
REFERENCE = re.compile(r"&(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);", re.IGNORECASE)


class _Refused(Exception):
    """The document declares entities."""


class _Outlines:
    """Gathers the feeds from the tags of a document, and the folders that they stand in."""

    def __init__(self, name: str) -> None:
        self.found = Rows([], [])
        self._name = name
        self._folders: list[str] = []
        self._root = ""

    def start(self, element: str, written: Mapping[str, str], line: int) -> None:
        """An element begins."""
        element = element.lower()
        self._root = self._root or element
        if element != "outline":
            return
        attributes = _known(written)
        if attributes.get("xmlurl"):
            self._add(attributes, line)
        elif attributes.get("type", "").lower() == "rss":
            self._refuse(line, "an outline of type rss has no xmlUrl; write the address of its feed there")
        is_folder = not attributes.get("xmlurl")
        self._folders.append(_title(attributes) if is_folder else "")

    def end(self, element: str) -> None:
        """An element ends."""
        if element.lower() == "outline" and self._folders:
            self._folders.pop()

    def check(self) -> None:
        """Another kind of document is not a list without feeds."""
        if not self.found.rows and self._root != "opml":
            self._refuse(0, f"this is not OPML: it begins with <{self._root[:40]}>; write <opml>, or YAML")

    def _add(self, attributes: Mapping[str, str], line: int) -> None:
        try:
            row = _row(attributes, join_folder(self._folders))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            field = ".".join(str(step) for step in problem["loc"])
            self._refuse(line, f"{field}: {problem['msg']}; put that attribute right")
        else:
            self.found.rows.append((line, row))

    def _refuse(self, line: int, reason: str) -> None:
        self.found.unreadable.append(Unreadable(self._name, line, reason))


def parse_opml(data: bytes, name: str) -> Rows:
    """Every outline with an `xmlUrl`; of XML that is not well-formed what can be found. Raises `Misconfigured`."""
    outlines = _Outlines(name)
    try:
        _read_strictly(data, outlines)
    except _Refused as error:
        raise Misconfigured(f"{name}, line {error}: entities are not allowed; remove their declarations") from None
    except (expat.ExpatError, ValueError, LookupError) as error:
        said = f"this is not OPML: {error}; write well-formed XML, or YAML"
        outlines = _Outlines(name)
        outlines.found.unreadable.append(Unreadable(name, 0, said))
        _read_leniently(data, outlines)
        return outlines.found
    outlines.check()
    return outlines.found


def write_opml(feeds: Iterable[Feed]) -> bytes:
    """The catalogue as OPML 2.0: folders are outlines, what other readers do not know is in a namespace of its own."""
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0" {NAMESPACE}>\n'
    return f"{head}  <head><title>geowire</title></head>\n  <body>\n{outlines_of(feeds)}  </body>\n</opml>\n".encode()


def outlines_of(feeds: Iterable[Feed]) -> str:
    """The outlines of feeds, each in its folder. Folders stand together, in the order of their names."""
    lines: list[str] = []
    open_folders: tuple[str, ...] = ()
    for folders, feed in sorted(((split_folder(feed.folder), feed) for feed in feeds), key=lambda pair: pair[0]):
        _change_folder(lines, open_folders, folders)
        lines.append(f"{_indent(folders)}<outline {_attributes(feed)}/>\n")
        open_folders = folders
    _change_folder(lines, open_folders, ())
    return "".join(lines)


def outline_span(data: bytes, is_wanted: Callable[[str], bool]) -> tuple[int, int] | None:
    """Where the first outline with a wanted `xmlUrl` begins and ends, if it holds nothing else."""
    starts: list[int] = []
    parser = expat.ParserCreate()

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.lower() == "outline" and is_wanted(_known(attributes).get("xmlurl", "")):
            starts.append(parser.CurrentByteIndex)

    parser.StartElementHandler = start
    parser.Parse(data, True)
    begin = len(data[: starts[0]].rstrip(b" \t")) if starts else len(data)
    found = OUTLINE.match(data, begin)
    return found.span() if found else None


def _change_folder(lines: list[str], before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Close the folders that are left and open those that are entered."""
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))))
    lines += [f"{_indent(before[:at])}</outline>\n" for at in range(len(before) - 1, shared - 1, -1)]
    lines += [f"{_indent(after[:at])}<outline text={quoteattr(after[at])}>\n" for at in range(shared, len(after))]


def _indent(folders: tuple[str, ...]) -> str:
    return "  " * (len(folders) + 2)


def _attributes(feed: Feed) -> str:
    publisher = feed.publisher
    values: Mapping[str, str | None] = {
        "type": "rss",
        "text": feed.title or feed.url,
        "title": feed.title,
        "xmlUrl": feed.url,
        f"{PREFIX}language": feed.language,
        f"{PREFIX}publisherId": publisher.id,
        f"{PREFIX}publisherName": publisher.name,
        f"{PREFIX}publisherCountry": publisher.country,
        f"{PREFIX}publisherFamily": publisher.family,
    }
    return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items() if value)


def _read_strictly(data: bytes, outlines: _Outlines) -> None:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _Refused(parser.CurrentLineNumber)

    parser.StartElementHandler = lambda element, written: outlines.start(element, written, parser.CurrentLineNumber)
    parser.EndElementHandler = outlines.end
    parser.EntityDeclHandler = refuse
    parser.Parse(data, True)


def _read_leniently(data: bytes, outlines: _Outlines) -> None:
    """Look for tags only. HTML's rules for references would turn `&region=` in an address into a sign."""
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), _decoded(data))
    line, at = 1, 0
    for tag in TAG.finditer(text):
        line, at = line + text.count("\n", at, tag.start()), tag.start()
        if not tag[1]:
            outlines.start(tag[2], {m[1]: _unescaped(m[2] or m[3] or "") for m in ATTRIBUTE.finditer(tag[3])}, line)
        if tag[1] or tag[3].endswith("/"):
            outlines.end(tag[2])


def _decoded(data: bytes) -> str:
    declared = ENCODING.search(data)
    try:
        return data.decode(declared[1].decode() if declared else "utf-8-sig", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8-sig", "replace")


def _unescaped(value: str) -> str:
    return REFERENCE.sub(lambda found: unescape(found[0]), value)


def _known(written: Mapping[str, str]) -> dict[str, str]:
    """The attributes in lower case; ours count more than their namesakes without a namespace."""
    lowered = {key.lower(): value.strip() for key, value in written.items()}
    return lowered | {key.removeprefix(PREFIX): value for key, value in lowered.items() if key.startswith(PREFIX)}


def _title(attributes: Mapping[str, str]) -> str:
    """The title; a text that only repeats the address is none."""
    text = attributes.get("text", "")
    return attributes.get("title") or ("" if text == attributes.get("xmlurl") else text)


def _row(attributes: Mapping[str, str], folder: str | None) -> FeedRow:
    return FeedRow(
        url=attributes["xmlurl"],
        title=_title(attributes)[:500] or None,
        language=attributes.get("language") or None,
        folder=folder,
        publisher=PublisherRow(
            id=attributes.get("publisherid") or None,
            name=attributes.get("publishername") or None,
            country=attributes.get("publishercountry") or None,
            family=attributes.get("publisherfamily") or None,
        ),
    )
