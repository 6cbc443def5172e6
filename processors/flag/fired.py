"""What has fired, for which reason, and which articles it rests on: rows in SQLite, one story at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib.resources import files

from geowire.events import flag_id
from geowire.messages import Flagged
from geowire.topics import STORIES

KEPT_SECONDS = STORIES.retention_ms / 1000
"""What has fired is kept as long as the topic keeps the story."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A watch and its reason: together with the story, what fires once."""

    watch: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Firing:
    """What is known of a cause that has fired. After a merger a cause may have a firing of either story."""

    flag_id: str
    """Empty if it was told with another cause's flag."""
    times: int
    active: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """What was read last of an article that changed: by which story, and whether it is gone."""

    story_id: str
    version: int
    """0 if it is gone and no version was read."""
    model: str
    removed: bool


def create_tables(connection: sqlite3.Connection) -> None:
    """Create what is missing."""
    script = files(__package__).joinpath("tables.sql").read_text("utf-8")
    for statement in filter(str.strip, script.split(";")):
        connection.execute(statement)
    if "draft" not in {row[1] for row in connection.execute("PRAGMA table_info(flag_source)")}:
        connection.execute("ALTER TABLE flag_source ADD COLUMN at REAL")  # a state file from before drafts were kept
        connection.execute("ALTER TABLE flag_source ADD COLUMN draft TEXT")


class Fired:
    """Reads and writes through one connection; every moment is in seconds since 1970."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def is_new(self, story_id: str, version: int, at: float) -> bool:
        """Whether this version of a story is higher than any before; if so, it is noted."""
        row = self._connection.execute("SELECT version FROM flag_story WHERE story_id=?", (story_id,)).fetchone()
        if row is not None and row[0] >= version:
            return False
        self._connection.execute("INSERT OR REPLACE INTO flag_story VALUES (?, ?, ?)", (story_id, version, at))
        return True

    def firing(self, story_id: str, cause: Cause) -> Firing | None:
        """What is known of a cause, if it has ever fired on a story: what stands goes before what was taken back."""
        row = self._connection.execute(
            "SELECT flag_id, max(times) OVER (), active FROM flag_fired"
            " WHERE story_id=? AND watch=? AND kind=? AND value=? ORDER BY active DESC, flag_id<>'' DESC LIMIT 1",
            (story_id, cause.watch, cause.kind, cause.value),
        ).fetchone()
        return None if row is None else Firing(row[0], row[1], bool(row[2]))

    def take_back(self, story_id: str, cause: Cause) -> list[Firing]:
        """Note that a cause no longer holds; the firings that stood."""
        key = (story_id, cause.watch, cause.kind, cause.value)
        same = "story_id=? AND watch=? AND kind=? AND value=? AND active=1"
        rows = self._connection.execute(
            f"SELECT flag_id, times FROM flag_fired WHERE {same} ORDER BY flag_id",  # noqa: S608 - a fixed text
            key,
        ).fetchall()
        self._connection.execute(f"UPDATE flag_fired SET active=0 WHERE {same}", key)  # noqa: S608 - a fixed text
        return [Firing(flag_id, times, active=False) for flag_id, times in rows]

    def has_flag(self, story_id: str, watch: str) -> bool:
        """Whether a flag of a watch stands on a story."""
        row = self._connection.execute(
            "SELECT 1 FROM flag_fired WHERE story_id=? AND watch=? AND active=1 AND flag_id<>'' LIMIT 1",
            (story_id, watch),
        ).fetchone()
        return row is not None

    def put(self, story_id: str, cause: Cause, firing: Firing, at: float) -> None:
        """Note that a cause fired, or was taken back."""
        row = (cause.watch, story_id, cause.kind, cause.value, firing.flag_id, firing.times, firing.active, at)
        self._connection.execute("INSERT OR REPLACE INTO flag_fired VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def retract(self, taken_back: str) -> None:
        """Note that a flag was taken back, and that the article it was raised for no longer gives its cause."""
        self._connection.execute("UPDATE flag_fired SET active=0 WHERE flag_id=?", (taken_back,))
        rows = self._connection.execute(
            "SELECT story_id, article_id, watch, kind, value, draft"
            " FROM flag_fired JOIN flag_source USING (story_id, watch, kind, value) WHERE flag_id=?",
            (taken_back,),
        ).fetchall()
        for story_id, article_id, *cause, draft in rows:
            if draft and flag_id(Flagged.model_validate_json(draft)) == taken_back:
                self.drop_source(story_id, article_id, Cause(*cause))

    def note_rebuilt(self, flag_id: str) -> None:
        """Note that of a flag no more is known than it says itself."""
        self._connection.execute("INSERT OR REPLACE INTO flag_rebuilt VALUES (?, 0)", (flag_id,))

    def rebuilt_without_source(self, story_id: str) -> list[Cause]:
        """The causes of flags that stand, were rebuilt, and that no known article gives."""
        rows = self._connection.execute(
            "SELECT DISTINCT watch, kind, value FROM flag_fired JOIN flag_rebuilt USING (flag_id)"
            " WHERE story_id=? AND active=1 AND NOT EXISTS (SELECT 1 FROM flag_source AS given"
            " WHERE given.story_id=flag_fired.story_id AND given.watch=flag_fired.watch"
            " AND given.kind=flag_fired.kind AND given.value=flag_fired.value) ORDER BY 1, 2, 3",
            (story_id,),
        )
        return [Cause(*row) for row in rows]

    def is_rebuilt(self, story_id: str, cause: Cause) -> bool:
        """Whether a flag that stands for a cause was rebuilt."""
        row = self._connection.execute(
            "SELECT 1 FROM flag_fired JOIN flag_rebuilt USING (flag_id)"
            " WHERE story_id=? AND watch=? AND kind=? AND value=? AND active=1 LIMIT 1",
            (story_id, cause.watch, cause.kind, cause.value),
        ).fetchone()
        return row is not None

    def unsettled_kinds(self, story_id: str, watch: str) -> set[str]:
        """The kinds of rebuilt flags of which it is open what was told beside them."""
        rows = self._connection.execute(
            "SELECT DISTINCT kind FROM flag_fired JOIN flag_rebuilt USING (flag_id)"
            " WHERE story_id=? AND watch=? AND NOT settled",
            (story_id, watch),
        )
        return {row[0] for row in rows}

    def settle(self, story_id: str, watch: str) -> None:
        """Note that it is no longer open."""
        flags = "SELECT flag_id FROM flag_fired WHERE story_id=? AND watch=?"
        self._connection.execute(f"UPDATE flag_rebuilt SET settled=1 WHERE flag_id IN ({flags})", (story_id, watch))  # noqa: S608

    def add_source(self, story_id: str, cause: Cause, draft: Flagged) -> None:
        """Note that an article gives a cause, and the flag that it would raise; of a later version, that one's."""
        row = (story_id, draft.article_id, cause.watch, cause.kind, cause.value)
        told = (draft.flagged_at.timestamp(), draft.model_dump_json())
        self._connection.execute(
            "INSERT INTO flag_source (story_id, article_id, watch, kind, value, at, draft) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET at=excluded.at, draft=excluded.draft",
            row + told,
        )

    def oldest_grounds(self, story_id: str, watch: str) -> list[tuple[Cause, Flagged]]:
        """What the oldest article that fulfils a watch gives, and the flags that it would raise."""
        rows = self._connection.execute(
            "SELECT kind, value, draft FROM flag_source WHERE story_id=?1 AND watch=?2 AND draft IS NOT NULL"
            " AND article_id=(SELECT article_id FROM flag_source WHERE story_id=?1 AND watch=?2 AND draft IS NOT NULL"
            " ORDER BY at, article_id LIMIT 1) ORDER BY kind, value",
            (story_id, watch),
        )
        return [(Cause(watch, kind, value), Flagged.model_validate_json(draft)) for kind, value, draft in rows]

    def causes_from(self, story_id: str, article_id: str) -> list[Cause]:
        """The causes that an article gives."""
        rows = self._connection.execute(
            "SELECT watch, kind, value FROM flag_source WHERE story_id=? AND article_id=? ORDER BY 1, 2, 3",
            (story_id, article_id),
        )
        return [Cause(*row) for row in rows]

    def drop_source(self, story_id: str, article_id: str, cause: Cause) -> bool:
        """Note that an article no longer gives a cause; whether no other article does."""
        key = (story_id, cause.watch, cause.kind, cause.value)
        same = "FROM flag_source WHERE story_id=? AND watch=? AND kind=? AND value=?"
        self._connection.execute(f"DELETE {same} AND article_id=?", (*key, article_id))
        return self._connection.execute(f"SELECT 1 {same} LIMIT 1", key).fetchone() is None

    def mark(self, article_id: str) -> Mark | None:
        """What was read last of an article, if it changed."""
        row = self._connection.execute(
            "SELECT story_id, version, model, removed FROM flag_mark WHERE article_id=?", (article_id,)
        ).fetchone()
        return None if row is None else Mark(row[0], row[1], row[2], bool(row[3]))

    def note_mark(self, article_id: str, mark: Mark, at: float) -> None:
        """Note that an article changed."""
        row = (article_id, mark.story_id, mark.version, mark.model, mark.removed, at)
        self._connection.execute("INSERT OR REPLACE INTO flag_mark VALUES (?, ?, ?, ?, ?, ?)", row)

    def note_late(self, article_id: str, at: float) -> None:
        """Note that an article came late: no later version of it fires either."""
        self._connection.execute("INSERT OR IGNORE INTO flag_late VALUES (?, ?)", (article_id, at))

    def is_late(self, article_id: str) -> bool:
        """Whether an article came late."""
        row = self._connection.execute("SELECT 1 FROM flag_late WHERE article_id=?", (article_id,)).fetchone()
        return row is not None

    def goes_on_as(self, story_id: str) -> str:
        """The id under which a story goes on."""
        row = self._connection.execute("SELECT story_id FROM flag_alias WHERE ended=?", (story_id,)).fetchone()
        return story_id if row is None else str(row[0])

    def merge(self, ended: str, to: str, at: float) -> None:
        """What has fired on a story that ended has fired on the one that goes on."""
        to = self.goes_on_as(to)
        if ended == to:
            return
        change = self._connection.execute
        change("UPDATE OR REPLACE flag_fired SET story_id=? WHERE story_id=? AND active=1", (to, ended))
        change("UPDATE OR IGNORE flag_fired SET story_id=? WHERE story_id=?", (to, ended))
        change("UPDATE OR IGNORE flag_source SET story_id=? WHERE story_id=?", (to, ended))
        change("DELETE FROM flag_fired WHERE story_id=?", (ended,))
        change("DELETE FROM flag_source WHERE story_id=?", (ended,))
        change("UPDATE flag_alias SET story_id=? WHERE story_id=?", (to, ended))
        change("INSERT OR REPLACE INTO flag_alias VALUES (?, ?, ?)", (ended, to, at))

    def prune(self, newest: float) -> None:
        """Forget stories that nothing has happened to for long."""
        long_ago = (newest - KEPT_SECONDS,)
        gone = "SELECT story_id FROM flag_story WHERE at < ?"
        self._connection.execute(f"DELETE FROM flag_fired WHERE at < ? AND story_id IN ({gone})", long_ago * 2)  # noqa: S608
        self._connection.execute(f"DELETE FROM flag_source WHERE story_id IN ({gone})", long_ago)  # noqa: S608
        self._connection.execute("DELETE FROM flag_story WHERE at < ?", long_ago)
        self._connection.execute("DELETE FROM flag_late WHERE at < ?", long_ago)
        self._connection.execute("DELETE FROM flag_mark WHERE at < ?", long_ago)
        self._connection.execute("DELETE FROM flag_rebuilt WHERE flag_id NOT IN (SELECT flag_id FROM flag_fired)")
        self._connection.execute("DELETE FROM flag_alias WHERE at < ?", long_ago)
