"""Facts of members: in a table, the ones used last also in memory."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from heapq import nlargest

from processors.relate.live_story import LiveStory
from processors.relate.member_facts import MemberFacts
from processors.relate.story_message import ARTICLES_LIMIT

MOST_PER_STORY = 300
"""A story message is told from so many members at most: the last ones that are no copies."""
MOST_IN_MEMORY = 400
"""More than one story asks for, or a long one would read all of its members each time; about 10 kB each."""


class FactStore:
    """Reads and writes facts through a connection that is given each time."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, MemberFacts] = OrderedDict()

    def clear(self) -> None:
        """Forget what is in memory."""
        self._recent.clear()

    def put(self, facts: MemberFacts, connection: sqlite3.Connection) -> None:
        """Keep the facts of a member in place of those held."""
        article_id = facts.added.article_id
        connection.execute("INSERT OR REPLACE INTO relate_fact VALUES (?, ?)", (article_id, facts.pack()))
        self._remember(article_id, facts)

    def remove(self, article_id: str, connection: sqlite3.Connection) -> None:
        """Forget a member for good."""
        connection.execute("DELETE FROM relate_fact WHERE article_id=?", (article_id,))
        self._recent.pop(article_id, None)

    def of(self, story: LiveStory, connection: sqlite3.Connection) -> list[MemberFacts]:
        """Facts of the members that a story is told from or that it lists, in the order in which they came."""
        present = story.present()
        originals = [article_id for article_id, member in present.items() if member.duplicate_of not in present]
        listed = nlargest(ARTICLES_LIMIT, present, key=lambda article_id: present[article_id].at)
        needed = {*originals[-MOST_PER_STORY:], *listed}
        found = [self._get(article_id, connection) for article_id in present if article_id in needed]
        return [facts for facts in found if facts is not None]

    def _get(self, article_id: str, connection: sqlite3.Connection) -> MemberFacts | None:
        facts = self._recent.get(article_id)
        if facts is not None:
            self._recent.move_to_end(article_id)
            return facts
        row = connection.execute("SELECT packed FROM relate_fact WHERE article_id=?", (article_id,)).fetchone()
        if row is None:
            return None
        facts = MemberFacts.unpack(row[0])
        self._remember(article_id, facts)
        return facts

    def _remember(self, article_id: str, facts: MemberFacts) -> None:
        self._recent[article_id] = facts
        self._recent.move_to_end(article_id)
        if len(self._recent) > MOST_IN_MEMORY:
            self._recent.popitem(last=False)
