"""What a decision is, and what changed by it."""

from __future__ import annotations

from dataclasses import dataclass, field

from geowire.messages import Why
from processors.relate.live_story import LiveStory, Member


@dataclass(frozen=True, slots=True)
class Merged:
    """A story that ended in an older one."""

    from_: str
    to: str
    version: int
    """Version of the message that says so: one more than the last of the story that ended."""
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where an article belongs: a fact once it is published."""

    article_id: str
    story_id: str
    duplicate_of: str | None = None
    merged: tuple[Merged, ...] = ()
    why: Why | None = None
    """None if nothing changed, because this version or a higher one was already held."""


@dataclass(slots=True)
class Journal:
    """What changed since it was last written down."""

    stories: dict[str, LiveStory] = field(default_factory=dict)
    members: dict[str, tuple[str, Member]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    retired: set[str] = field(default_factory=set)
    sketches: list[tuple[int, str, bytes, float]] = field(default_factory=list)

    def pending(self, article_id: str) -> LiveStory | None:
        """The story of an article that changed and was not written down yet."""
        story_id, _ = self.members.get(article_id, ("", None))
        return self.stories.get(story_id)

    def note(self, story: LiveStory, article_id: str) -> None:
        """A member of a story changed."""
        self.stories[story.id] = story
        self.retired.discard(story.id)
        self.members[article_id] = (story.id, story.members[article_id])

    def note_end(self, ended: LiveStory, to: LiveStory) -> None:
        """A story ended in another."""
        self.stories.pop(ended.id, None)
        self.ended.add(ended.id)
        self.stories[to.id] = to
        for article_id in ended.members:
            self.members[article_id] = (to.id, to.members[article_id])
