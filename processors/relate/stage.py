"""`relate` as a stage: tagged articles in, stories out, the state in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from geowire.errors import Rejected
from geowire.events import Event, merged_event, story_event
from geowire.messages import ArticleWithdrawn, Story, StoryMerged, Tagged
from geowire.topics import STORIES, TAGGED
from processors.relate.assignment import Assignment, Merged
from processors.relate.fact_store import FactStore
from processors.relate.grouping import Grouping
from processors.relate.live_stories import MOST_LIVE
from processors.relate.live_story import LiveStory
from processors.relate.member_facts import facts_of
from processors.relate.merge_score import MergeScore
from processors.relate.newcomer import article_time
from processors.relate.rebuild import rebuild_grouping
from processors.relate.story_message import story_message
from processors.relate.tables import create_tables, load_grouping, recall_story, write_changes


class RelateStage:
    """Groups tagged articles into stories. One member of its group works at a time."""

    name = "relate"
    topic = TAGGED.name
    rebuilds_from = STORIES.name

    def __init__(
        self, window: timedelta = timedelta(days=7), score: MergeScore | None = None, most: int = MOST_LIVE
    ) -> None:
        self._most = most
        self._window = window
        self._score = score
        self._grouping = Grouping(window, score=score, most=most)
        self._facts = FactStore()

    @property
    def live_stories(self) -> int:
        """Stories that may still grow. May be asked for by any thread."""
        return len(self._grouping.stories)

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """Create the stage's tables if they are missing."""
        create_tables(connection)

    def load(self, connection: sqlite3.Connection) -> None:
        """Forget everything held in memory and read it from the tables."""
        self._facts.clear()
        self._grouping = Grouping(self._window, partial(recall_story, connection), self._score, self._most)
        load_grouping(self._grouping, connection)

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:
        """One story message for each article that changed something, after those of the stories that ended in it."""
        events = [answer for event in batch for answer in self._answers(event, connection)]
        write_changes(self._grouping, connection)
        return events

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Fill empty tables from stories published before, oldest first."""
        self.load(connection)
        for facts in rebuild_grouping(self._grouping, published):
            self._facts.put(facts, connection)
        for article_id in self._grouping.withdrawn_members():
            self._facts.remove(article_id, connection)
        write_changes(self._grouping, connection)

    def _answers(self, event: Event, connection: sqlite3.Connection) -> list[Event]:
        match event.data:
            case Tagged() as tagged:
                return self._take_in(tagged, event, connection)
            case ArticleWithdrawn() as withdrawn:
                return self._take_out(withdrawn, event, connection)
        raise Rejected("not-tagged", f"relate takes tagged articles and withdrawals, not {event.type}")

    def _take_in(self, tagged: Tagged, event: Event, connection: sqlite3.Connection) -> list[Event]:
        assignment = self._grouping.add(tagged)
        if assignment.why is None:
            return []
        story = self._story_of(assignment)
        facts = facts_of(tagged, assignment, article_time(tagged))
        self._facts.put(facts, connection)
        message = story_message(story, self._facts.of(story, connection), added=[facts.added])
        return [*(_end(merged, event) for merged in assignment.merged), story_event(message, event.time)]

    def _take_out(self, withdrawn: ArticleWithdrawn, event: Event, connection: sqlite3.Connection) -> list[Event]:
        assignment = self._grouping.withdraw(withdrawn)
        if assignment is None:
            return []
        self._facts.remove(withdrawn.id, connection)
        story = self._story_of(assignment)
        message: Story = story_message(story, self._facts.of(story, connection), removed=[withdrawn.id])
        return [story_event(message, event.time)]

    def _story_of(self, assignment: Assignment) -> LiveStory:
        story = self._grouping.story_of(assignment.article_id)
        assert story is not None
        return story


def _end(merged: Merged, event: Event) -> Event:
    """The message of a story that ended, at the time of the article that showed it."""
    return merged_event(
        StoryMerged(
            from_=merged.from_, to=merged.to, version=merged.version, reason=merged.reason, merged_at=event.time
        )
    )
