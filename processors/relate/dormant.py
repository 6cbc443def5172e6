"""Stories that are over: kept in outline for a month, so that a new story can say which one it takes up again."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice

from geowire.topics import STORIES
from processors.relate.live_story import LiveStory, Profile
from processors.relate.story_index import StoryIndex
from processors.relate.vectors import Vector

OUTLINE_TERMS = 40
OUTLINE_TITLES = 20
OUTLINE_ENTITIES = 20
OUTLINE_MARKS = 20
KEPT_SECONDS = STORIES.retention_ms / 1000
"""As long as the topic keeps a story."""


class DormantStories:
    """Outlines of stories in the order in which they were let go, at most so many."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._stories: OrderedDict[str, LiveStory] = OrderedDict()
        self._index = StoryIndex()

    def __len__(self) -> int:
        return len(self._stories)

    def put(self, outlined: LiveStory) -> None:
        """Remember a story that was let go."""
        self.drop(outlined.id)
        self._stories[outlined.id] = outlined
        self._index.put(outlined)
        if len(self._stories) > self.most:
            self.drop(next(iter(self._stories)))

    def drop(self, story_id: str) -> None:
        """Forget a story; one that is not here is no error."""
        story = self._stories.pop(story_id, None)
        if story is not None:
            self._index.drop(story)

    def prune(self, newest: float) -> None:
        """Forget what was let go long ago."""
        while self._stories:
            oldest = next(iter(self._stories.values()))
            if oldest.touched >= newest - KEPT_SECONDS:
                break
            self.drop(oldest.id)

    def candidates(self, vector: Vector, limit: int) -> list[LiveStory]:
        """The stories that share most with an article, the likeliest first."""
        return self._index.candidates(vector, limit)


def outline(story: LiveStory) -> LiveStory:
    """A story with the heaviest part of its profile and one member, by which the whole of it is found again."""
    whole = story.profile
    profile = Profile(
        centroid=dict(islice(whole.centroid.items(), OUTLINE_TERMS)),
        titles=dict(islice(whole.titles.items(), OUTLINE_TITLES)),
        entities=dict(islice(whole.entities.items(), OUTLINE_ENTITIES)),
        ordinals=whole.ordinals,
        marks=dict(islice(whole.marks.items(), OUTLINE_MARKS)),
        length=whole.length,
        titles_length=whole.titles_length,
    )
    kept = LiveStory(story.id, story.number, story.version, story.first, story.last, story.touched, story.turn, profile)
    kept.key_member = story.key_member or next(iter(story.members), "")
    return kept
