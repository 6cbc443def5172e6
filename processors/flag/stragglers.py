"""Updates of a story that ended, read after the one that it ended in: partitions of a topic have no common order.

What was said of an article after the merger holds, so that a version that has gone since fires nothing.
"""

from __future__ import annotations

from geowire.messages import AddedArticle, Story
from processors.flag.fired import Fired, Mark


def without_stragglers(story: Story, story_id: str, fired: Fired, at: float) -> Story:
    """An update without what was overtaken; `story_id` is what the story goes on as, `at` seconds since 1970.

    Versions and withdrawals are noted: those of articles that changed, since nothing else can be overtaken.
    """
    update = {
        "added": tuple(added for added in story.added if not _is_overtaken(added, story.id, story_id, fired)),
        "removed": tuple(gone for gone in story.removed if not _is_back(gone, story.id, story_id, fired)),
    }
    kept = story.model_copy(update=update)
    for added in kept.added:
        if added.why.rule == "replaced":
            mark = Mark(story.id, added.version, added.model or "", removed=False)
            fired.note_mark(added.article_id, mark, at)
    for gone in kept.removed:
        before = fired.mark(gone)
        mark = Mark(story.id, before.version if before else 0, before.model if before else "", removed=True)
        fired.note_mark(gone, mark, at)
    return kept


def _is_overtaken(added: AddedArticle, told_by: str, story_id: str, fired: Fired) -> bool:
    """Whether a higher version was read, or the withdrawal that the story which goes on tells of."""
    mark = fired.mark(added.article_id)
    if mark is None:
        return False
    gone = mark.removed and told_by not in {story_id, mark.story_id}
    return gone or (added.version, added.model or "") < (mark.version, mark.model)


def _is_back(article_id: str, told_by: str, story_id: str, fired: Fired) -> bool:
    """Whether an article that an ended story gave up has come back to the one that goes on."""
    mark = fired.mark(article_id)
    return mark is not None and not mark.removed and told_by not in {story_id, mark.story_id}
