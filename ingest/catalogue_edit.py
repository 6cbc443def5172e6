"""Adds feeds to a catalogue file and removes them; whatever else stands in the file stays as it is."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from geowire.errors import Misconfigured
from ingest.catalogue import Feed, Located, is_remote, parse_catalogue
from ingest.feed_list import FeedRow, compose_yaml, feed_nodes
from ingest.identity import feed_id_of
from ingest.opml import write_opml

BODY_END = re.compile(rb"[ \t]*</body\s*>", re.IGNORECASE)


def add_feed(path: str, row: FeedRow) -> Feed:
    """Add a feed at the end of a YAML or OPML file, which is made if it is missing. Raises `Misconfigured`."""
    file = _writable(path)
    data = file.read_bytes() if file.exists() else b"feeds:\n"
    new = parse_catalogue(Located(path, yaml.safe_dump({"feeds": [_fields(row)]}).encode()))[0]
    if any(feed.id == new.id for feed in parse_catalogue(Located(path, data))):
        raise Misconfigured(f"{path}: {new.url} is listed already; remove it first, or edit the file")
    changed = _added_to_opml(data, new, path) if _is_xml(data) else _added_to_yaml(data, row, path)
    _write(file, changed)
    return new


def remove_feed(path: str, url: str) -> None:
    """Remove a feed, given its address or its id. Raises `Misconfigured` if it is not listed."""
    file = _writable(path)
    data = file.read_bytes() if file.exists() else b""
    feeds = parse_catalogue(Located(path, data))
    wanted = {url, feed_id_of(url)}
    found = next((feed for feed in feeds if feed.id in wanted), None)
    if found is None:
        raise Misconfigured(f"{path}: {url} is not listed; geowire feeds list shows what is")
    if _is_xml(data):
        _write(file, write_opml(feed for feed in feeds if feed.id != found.id))
    else:
        _write(file, _removed_from_yaml(data, found.id, path))


def _writable(path: str) -> Path:
    if is_remote(path):
        raise Misconfigured(f"GEOWIRE_FEEDS: {path} is an address and read-only; name a file to change the catalogue")
    return Path(path)


def _is_xml(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _fields(row: FeedRow) -> Mapping[str, object]:
    return {name: value for name, value in row.model_dump(exclude_none=True).items() if value}


def _added_to_yaml(data: bytes, row: FeedRow, path: str) -> bytes:
    text = data.decode()
    items = feed_nodes(compose_yaml(data, path))
    block = yaml.safe_dump([_fields(row)], sort_keys=False, allow_unicode=True)
    if not items:
        kept = re.sub(r"(?m)^feeds:[ \t]*(?:\[[ \t]*\]|null|~)?[ \t]*$\n?", "", text)
        return f"{kept.rstrip()}\nfeeds:\n{_indented(block, 2)}".lstrip("\n").encode()
    lines = text.splitlines(keepends=True)
    if "[" in lines[items[0].start_mark.line].split("{")[0]:
        raise Misconfigured(f"{path}: the feeds stand in [brackets]; write one feed a line, each after a dash")
    at = _last_line(items[-1]) + 1
    lines[at - 1] = lines[at - 1].rstrip("\n") + "\n"
    return "".join([*lines[:at], _indented(block, _dash_column(lines, items[-1])), *lines[at:]]).encode()


def _removed_from_yaml(data: bytes, feed_id: str, path: str) -> bytes:
    lines = data.decode().splitlines(keepends=True)
    items = feed_nodes(compose_yaml(data, path))
    for item in reversed(items):
        url = next((value.value for key, value in item.value if key.value == "url"), "")
        if feed_id_of(url) == feed_id:
            del lines[item.start_mark.line : _last_line(item) + 1]
            if len(items) == 1:
                return re.sub(r"(?m)^feeds:[ \t]*$", "feeds: []", "".join(lines)).encode()
    return "".join(lines).encode()


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


def _added_to_opml(data: bytes, feed: Feed, path: str) -> bytes:
    found = BODY_END.search(data)
    if found is None:
        raise Misconfigured(f"{path}: there is no </body>; write <opml><body>...</body></opml>")
    outline = next(line for line in write_opml([feed]).splitlines(keepends=True) if b"<outline" in line)
    return data[: found.start()] + outline + data[found.start() :]


def _write(file: Path, data: bytes) -> None:
    """Replace the file in one step, after a check that it can be read back."""
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
