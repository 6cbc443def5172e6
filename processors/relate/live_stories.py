"""The stories that are alive: found by member, by likeness, and let go when nothing has happened to them for long."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator

from processors.relate.across import telling_ids
from processors.relate.live_story import LiveStory
from processors.relate.story_index import StoryIndex
from processors.relate.vectors import Vector

MOST_LIVE = 50_000


class LiveStories:
    """Live stories in the order of their last change, at most so many."""

    def __init__(self, most: int = MOST_LIVE) -> None:
        self._most = most
        self._stories: OrderedDict[str, LiveStory] = OrderedDict()
        self._by_member: dict[str, LiveStory] = {}
        self._by_terms = StoryIndex()
        self._by_ids = StoryIndex(lambda story: dict.fromkeys(_ids(story), 1.0))

    def __len__(self) -> int:
        return len(self._stories)

    def __iter__(self) -> Iterator[LiveStory]:
        return iter(self._stories.values())

    def __contains__(self, story_id: str) -> bool:
        return story_id in self._stories

    def holding(self, article_id: str) -> LiveStory | None:
        """The live story that an article belongs to."""
        return self._by_member.get(article_id)

    def put(self, story: LiveStory, changed: Iterable[str] | None = None) -> None:
        """Add a story, or note that some of its members changed."""
        known = story.id in self._stories
        self._stories[story.id] = story
        self._stories.move_to_end(story.id)
        for article_id in changed if known and changed is not None else story.members:
            self._by_member[article_id] = story
        self._by_terms.put(story)
        self._by_ids.put(story)

    def drop(self, story: LiveStory) -> None:
        """Let a story go, with its members."""
        del self._stories[story.id]
        self._by_terms.drop(story)
        self._by_ids.drop(story)
        for article_id in story.members:
            if self._by_member.get(article_id) is story:
                del self._by_member[article_id]

    def retire(self, before: float) -> list[LiveStory]:
        """Let stories go that have not changed since a moment, and the longest unchanged if there are too many."""
        retired: list[LiveStory] = []
        while self._stories:
            oldest = next(iter(self._stories.values()))
            if oldest.touched >= before and len(self._stories) <= self._most:
                break
            self.drop(oldest)
            retired.append(oldest)
        return retired

    def candidates(self, vector: Vector, limit: int) -> list[LiveStory]:
        """The stories that share most words with an article, the likeliest first."""
        return self._by_terms.candidates(vector, limit)

    def sharing(self, ids: Collection[str], limit: int) -> list[LiveStory]:
        """The stories that share most of these ids, whatever their language."""
        return self._by_ids.candidates(dict.fromkeys(ids, 1.0), limit)


def _ids(story: LiveStory) -> list[str]:
    return telling_ids(story.profile.entities, story.profile.marks)
