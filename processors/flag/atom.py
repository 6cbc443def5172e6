"""An Atom feed for each watch: its last flags, in a file that a web server or a feed reader can take."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from lxml import etree

from geowire.events import flag_id
from geowire.messages import Flagged
from processors.flag.watch import Watch

ENTRIES = 100
"""Flags that a feed shows."""

ATOM = "http://www.w3.org/2005/Atom"
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot carry, however it is escaped."""

log = logging.getLogger(__name__)


class AtomFeeds:
    """Writes `<watch>.atom` into a folder, from rows that change in the stage's own transaction.

    A folder that cannot be written holds up no flag: that is logged, and the file is written with the next batch.
    """

    def __init__(self, folder: Path, watches: Sequence[Watch]) -> None:
        self._folder = folder
        self._watches = {watch.id: watch for watch in watches}
        self._stale: set[str] = set()
        self.distrust()

    def distrust(self) -> None:
        """Take every file for stale: nothing is known of what stands in them."""
        self._stale = set(self._watches)

    def keep(self, flags: Iterable[Flagged], connection: sqlite3.Connection) -> None:
        """Note flags, whether they are raised or taken back; what was noted before is replaced."""
        for flag in flags:
            raised_as = flag.retracts or flag_id(flag)
            kept = flag if flag.url else flag.model_copy(update={"url": self._link(flag.watch, raised_as, connection)})
            row = (flag.watch, raised_as, flag.flagged_at.timestamp(), kept.model_dump_json())
            connection.execute("INSERT OR REPLACE INTO flag_entry VALUES (?, ?, ?, ?)", row)
            self._stale.add(flag.watch)

    def _link(self, watch_id: str, raised_as: str, connection: sqlite3.Connection) -> str | None:
        """Where the flag led that is taken back: a retraction does not say it again."""
        key = (watch_id, raised_as)
        row = connection.execute("SELECT flag FROM flag_entry WHERE watch=? AND flag_id=?", key).fetchone()
        return Flagged.model_validate_json(row[0]).url if row else None

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the feeds that have changed, or of which nothing is known."""
        for watch_id in sorted(self._stale & self._watches.keys()):
            try:
                self._write_feed(self._watches[watch_id], connection)
            except OSError as error:
                log.warning("the Atom feed of %s cannot be written now: %s", watch_id, error)
            else:
                self._stale.discard(watch_id)

    def _write_feed(self, watch: Watch, connection: sqlite3.Connection) -> None:
        connection.execute(
            "DELETE FROM flag_entry WHERE watch=?1 AND flag_id NOT IN"
            " (SELECT flag_id FROM flag_entry WHERE watch=?1 ORDER BY at DESC, flag_id LIMIT ?2)",
            (watch.id, ENTRIES),
        )
        rows = connection.execute(
            "SELECT flag_id, flag FROM flag_entry WHERE watch=? ORDER BY at DESC, flag_id", (watch.id,)
        ).fetchall()
        if rows:
            document = atom_feed(watch, [(row[0], Flagged.model_validate_json(row[1])) for row in rows])
            replace_file(self._folder / f"{watch.id}.atom", document)


def atom_feed(watch: Watch, flags: Sequence[tuple[str, Flagged]]) -> bytes:
    """The feed of a watch; `flags` with the id of each as it was raised, the newest first."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _add(feed, "id", f"urn:geowire:watch:{watch.id}")
    _add(feed, "title", watch.title)
    if watch.description:
        _add(feed, "subtitle", watch.description)
    _add(feed, "updated", flags[0][1].flagged_at.isoformat())
    _add(_add(feed, "author"), "name", "geowire")
    for raised_as, flag in flags:
        _add_entry(feed, raised_as, flag)
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _add_entry(feed: etree._Element, raised_as: str, flag: Flagged) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:geowire:flag:{raised_as}")
    _add(entry, "title", f"{'Taken back: ' if flag.retracts else ''}{flag.headline}")
    _add(entry, "updated", flag.flagged_at.isoformat())
    if flag.url and flag.url.startswith(("https://", "http://")):
        _add(entry, "link", href=flag.url)
    _add(entry, "category", term=flag.reason.kind)
    quotes = [f"“{piece.quote}” ({piece.publisher or piece.url})" for piece in flag.evidence if piece.quote]
    publishers = "1 publisher" if flag.publisher_count == 1 else f"{flag.publisher_count} publishers"
    why = f"{flag.reason.kind}: {flag.reason.value} ({publishers})"
    _add(entry, "content", "\n".join([why, *quotes]), type="text")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    for attribute, value in attributes.items():
        child.set(attribute, NO_XML.sub("", value))
    child.text = None if text is None else NO_XML.sub("", text)
    return child


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another; a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
