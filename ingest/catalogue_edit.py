"""Adds feeds to a catalogue file and removes them; whatever else stands in the file stays as it is."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from geowire.errors import Misconfigured
from ingest.catalogue import Feed, Located, feed_of, is_remote, parse_catalogue
from ingest.feed_list import FeedRow, PublisherRow, compose_yaml, feed_list_node, feed_nodes, write_yaml
from ingest.identity import address_key, feed_id_of, owner_of
from ingest.opml import NAMESPACE, outline_span, outlines_of, write_opml

Form = Literal["opml", "yaml"]

BODY_END = re.compile(rb"[ \t]*</body\s*>", re.IGNORECASE)
ROOT = re.compile(rb"<opml\b", re.IGNORECASE)
NO_FEEDS = re.compile(r"(?m)^feeds:[ \t]*(?:\[[ \t]*\]|null|~)?(?P<comment>[ \t]*(?:[ \t]#.*)?)$\n?")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of feeds that were offered to a catalogue."""

    added: tuple[Feed, ...]
    listed: int
    """The catalogue had them already, perhaps spelled otherwise."""
    repeated: int
    """Offered twice, perhaps spelled otherwise."""


def add_feed(path: str, row: FeedRow) -> Feed:
    """Add a feed at the end of a YAML or OPML file, which is made if it is missing. Raises `Misconfigured`."""
    source = _editable(path)
    new = feed_of(row) or parse_catalogue(Located(path, _new_yaml([row])))[0]
    if any(feed.id == new.id for feed in parse_catalogue(source)):
        raise Misconfigured(f"{path}: {new.url} is listed already; remove it first, or edit the file")
    _add(source, [row], [new])
    return new


def import_feeds(path: str, feeds: Sequence[Feed]) -> Imported:
    """Add those of the feeds that the catalogue does not have, all or none. Raises `Misconfigured`."""
    source = _editable(path)
    known = {address_key(feed.url) for feed in parse_catalogue(source)}
    fresh: dict[str, Feed] = {}
    for feed in feeds:
        fresh.setdefault(address_key(feed.url), feed)
    added = [feed for key, feed in fresh.items() if key not in known]
    listed = sum(address_key(feed.url) in known for feed in feeds)
    if added:
        _add(source, [row_of(feed) for feed in added], added)
    return Imported(tuple(added), listed, len(feeds) - listed - len(added))


def remove_feed(path: str, url: str) -> None:
    """Remove a feed, given its address or its id. Raises `Misconfigured` if it is not listed."""
    source = _editable(path)
    feeds = parse_catalogue(source)
    wanted = {url, feed_id_of(url)}
    found = next((feed for feed in feeds if feed.id in wanted), None)
    if found is None:
        raise Misconfigured(f"{path}: {url} is not listed; geowire feeds list shows what is")
    remove = _removed_from_opml if source.is_xml else _removed_from_yaml
    _write_edited(source, remove(source, found.id), [feed for feed in feeds if feed.id != found.id])


def export_feeds(feeds: Iterable[Feed], form: Form) -> bytes:
    """The catalogue as a document that can be imported again."""
    return write_opml(feeds) if form == "opml" else _new_yaml(row_of(feed) for feed in feeds)


def row_of(feed: Feed) -> FeedRow:
    """The row that a feed comes from; a publisher's id that goes without saying is left out."""
    publisher = feed.publisher.model_dump()
    if publisher["id"] == owner_of(feed.url):
        del publisher["id"]
    return FeedRow(
        url=feed.url,
        title=feed.title,
        publisher=PublisherRow.model_validate(publisher),
        language=feed.language,
        folder=feed.folder,
    )


def write_list(file: Path, data: bytes) -> None:
    """Replace a feed list in one step, after a check that it can be read back. Raises `Misconfigured`."""
    parse_catalogue(Located(str(file), data))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
        if file.exists():
            Path(name).chmod(file.stat().st_mode & 0o7777)
        Path(name).replace(file)
    except OSError as error:
        raise Misconfigured(f"{file}: cannot write: {error.strerror}; make the folder writable") from error


def form_of(path: str) -> Form:
    """What a file of that name should hold."""
    return "opml" if Path(path).suffix.lower() in {".opml", ".xml"} else "yaml"


def _editable(path: str) -> Located:
    """The file as it is now, or an empty list."""
    if is_remote(path):
        raise Misconfigured(f"GEOWIRE_FEEDS: {path} is an address and read-only; name a file to change the catalogue")
    try:
        return Located(path, Path(path).read_bytes())
    except FileNotFoundError:
        return Located(path, export_feeds([], form_of(path)))
    except OSError as error:
        raise Misconfigured(f"GEOWIRE_FEEDS: cannot read {path}: {error.strerror}; name a readable file") from error


def _add(source: Located, rows: Sequence[FeedRow], feeds: Sequence[Feed]) -> None:
    changed = _added_to_opml(source, feeds) if source.is_xml else _added_to_yaml(source, rows)
    _write_edited(source, changed, [*parse_catalogue(source), *feeds])


def _write_edited(source: Located, data: bytes, expected: Iterable[Feed]) -> None:
    """Replace the file, if what is to stand in it is what was meant and nothing else. Raises `Misconfigured`."""
    if not _holds(Located(source.name, data), expected):
        raise Misconfigured(f"{source.name}: other feeds would change too; edit the file by hand, one feed a dash")
    write_list(Path(source.name), data)


def _holds(source: Located, expected: Iterable[Feed]) -> bool:
    """Whether these feeds are listed and no others; an OPML file's folders may order them otherwise."""
    try:
        return {feed.id: feed for feed in parse_catalogue(source)} == {feed.id: feed for feed in expected}
    except Misconfigured:
        return False


def _new_yaml(rows: Iterable[FeedRow]) -> bytes:
    block = write_yaml(rows)
    return b"feeds: []\n" if block == "[]\n" else f"feeds:\n{_indented(block, 2)}".encode()


def _added_to_yaml(source: Located, rows: Sequence[FeedRow]) -> bytes:
    text = _decoded(source)
    items = _items_by_line(source)
    if not items:
        return _begun(text, rows).encode()
    lines = text.splitlines(keepends=True)
    at = _last_line(items[-1]) + 1
    lines[at - 1] = lines[at - 1].rstrip("\n") + "\n"
    block = _indented(write_yaml(rows), _dash_column(lines, items[-1]))
    return "".join([*lines[:at], block, *lines[at:]]).encode()


def _items_by_line(source: Located) -> list[yaml.Node]:
    """The feeds' nodes, each on lines of its own. Raises `Misconfigured` if they stand in brackets."""
    root = compose_yaml(source.data, source.name)
    items, listed = feed_nodes(root), feed_list_node(root)
    if listed is not None and listed.flow_style and (items or not NO_FEEDS.search(_decoded(source))):
        raise Misconfigured(
            f"{source.name}: the feeds stand in [brackets], where no line is one feed's own; write each on a line of"
            " its own after a dash: - url: https://..."
        )
    return items


def _begun(text: str, rows: Sequence[FeedRow]) -> str:
    """A list that had no feeds with its first ones."""
    block = _indented(write_yaml(rows), 2)
    begun, found = NO_FEEDS.subn(lambda empty: f"feeds:{empty['comment'].rstrip()}\n{block}", text, count=1)
    return begun if found else f"{text.rstrip()}\nfeeds:\n{block}".lstrip()


def _removed_from_yaml(source: Located, feed_id: str) -> bytes:
    lines = _decoded(source).splitlines(keepends=True)
    items = _items_by_line(source)
    kept = len(items)
    for item in reversed(items):
        url = next((value.value for key, value in item.value if key.value == "url"), "")
        if feed_id_of(url) == feed_id:
            del lines[item.start_mark.line : _last_line(item) + 1]
            kept -= 1
    text = "".join(lines)
    return (text if kept else re.sub(r"(?m)^feeds:[ \t]*$", "feeds: []", text)).encode()


def _decoded(source: Located) -> str:
    try:
        return source.data.decode()
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{source.name}: this is not UTF-8, so it cannot be changed; save it as UTF-8") from error


def _last_line(node: yaml.Node) -> int:
    """The line on which a node's text ends, without the comments after it."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last_line(value) for _, value in node.value)
    return int(node.end_mark.line) - (1 if node.end_mark.column == 0 else 0)


def _dash_column(lines: list[str], item: yaml.Node) -> int:
    line = lines[item.start_mark.line]
    return len(line) - len(line.lstrip())


def _indented(block: str, spaces: int) -> str:
    return "".join(" " * spaces + line for line in block.splitlines(keepends=True))


def _added_to_opml(source: Located, feeds: Sequence[Feed]) -> bytes:
    ends = list(BODY_END.finditer(source.data))
    if not ends:
        raise Misconfigured(f"{source.name}: there is no </body>; write <opml><body>...</body></opml>")
    # References, so that the outlines are right whatever the file's encoding.
    outlines = outlines_of(feeds).encode("ascii", "xmlcharrefreplace")
    data = source.data[: ends[-1].start()] + outlines + source.data[ends[-1].start() :]
    return data if b"xmlns:geowire" in data else ROOT.sub(b"<opml " + NAMESPACE.encode(), data, count=1)


def _removed_from_opml(source: Located, feed_id: str) -> bytes:
    data = source.data
    while span := outline_span(data, lambda url: feed_id_of(url) == feed_id):
        data = data[: span[0]] + data[span[1] :]
    if any(feed.id == feed_id for feed in parse_catalogue(Located(source.name, data))):
        raise Misconfigured(f"{source.name}: the outline of that feed holds others; remove it with an editor")
    return data
