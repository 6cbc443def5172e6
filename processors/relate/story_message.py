"""The message of a story as it now stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from geowire.messages import AddedArticle, Story, StoryArticle
from processors.relate.digest import extract, headline, timeline
from processors.relate.live_story import LiveStory, Member
from processors.relate.member_facts import MemberFacts
from processors.relate.merged_facts import merged_aid, merged_countries, merged_themes
from processors.relate.pace import pace

ARTICLES_LIMIT = 20
MERGED_FROM_LIMIT = 50
LISTED_TITLE_LENGTH = 300


def story_message(
    story: LiveStory, facts: Sequence[MemberFacts], added: Sequence[AddedArticle] = (), removed: Sequence[str] = ()
) -> Story:
    """A story from the facts of its present members."""
    present = story.present()
    originals = [member for member in facts if member.added.duplicate_of not in present]
    return Story(
        id=story.id,
        version=story.version,
        headline=headline(originals, story.profile.titles),
        extract=extract(originals, story.profile.centroid),
        article_count=len(present),
        publisher_count=len(voices(present)),
        countries=merged_countries(originals),
        themes=merged_themes(originals),
        aid=merged_aid(originals),
        first_seen=datetime.fromtimestamp(story.first, UTC),
        last_seen=datetime.fromtimestamp(story.last, UTC),
        pace=pace([member.at for member in originals]),
        timeline=timeline(originals),
        merged_from=tuple(story.merged_from[-MERGED_FROM_LIMIT:]),
        articles=_last_articles(facts),
        added=tuple(added),
        removed=tuple(removed),
    )


def voices(present: dict[str, Member]) -> set[str]:
    """Independent publishers: of an article and its copies, the first one's counts."""
    first_of: dict[str, str] = {}
    for article_id, member in present.items():
        first_of.setdefault(member.duplicate_of or article_id, member.voice)
    return set(first_of.values())


def _last_articles(facts: Iterable[MemberFacts]) -> tuple[StoryArticle, ...]:
    newest_first = sorted(facts, key=lambda member: -member.at)[:ARTICLES_LIMIT]
    return tuple(_in_short(member.added) for member in newest_first)


def _in_short(added: AddedArticle) -> StoryArticle:
    return StoryArticle(
        article_id=added.article_id,
        version=added.version,
        url=added.url,
        title=added.title[:LISTED_TITLE_LENGTH],
        publisher=added.publisher,
        language=added.language,
        published_at=added.published_at,
        duplicate_of=added.duplicate_of,
    )
