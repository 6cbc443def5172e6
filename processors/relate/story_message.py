"""The message of a story as it now stands."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
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
    voice_of = spoken_by(present)
    return Story(
        id=story.id,
        version=story.version,
        headline=headline(originals, story.profile.titles),
        extract=extract(originals, story.profile.centroid),
        article_count=len(present),
        publisher_count=len(set(voice_of.values())),
        countries=merged_countries(originals),
        themes=merged_themes(originals, voice_of),
        aid=merged_aid(originals, voice_of),
        first_seen=datetime.fromtimestamp(story.first, UTC),
        last_seen=datetime.fromtimestamp(story.last, UTC),
        pace=pace([member.at for member in originals]),
        timeline=timeline(originals),
        continues=story.continues,
        merged_from=tuple(story.merged_from[-MERGED_FROM_LIMIT:]),
        articles=_last_articles(facts, present),
        added=tuple(added),
        removed=tuple(removed),
    )


def spoken_by(present: Mapping[str, Member]) -> dict[str, str]:
    """The independent publisher of each member: of an article and its copies, the first one's speaks for all."""
    first_of: dict[str, str] = {}
    for article_id, member in present.items():
        first_of.setdefault(member.duplicate_of or article_id, member.voice)
    return {article_id: first_of[member.duplicate_of or article_id] for article_id, member in present.items()}


def _last_articles(facts: Iterable[MemberFacts], present: Mapping[str, Member]) -> tuple[StoryArticle, ...]:
    newest_first = sorted(facts, key=lambda member: -member.at)[:ARTICLES_LIMIT]
    copied = {member.duplicate_of for member in present.values()}
    return tuple(_in_short(member.added, copied) for member in newest_first)


def _in_short(added: AddedArticle, copied: Container[str | None]) -> StoryArticle:
    return StoryArticle(
        article_id=added.article_id,
        version=added.version,
        url=added.url,
        title=added.title[:LISTED_TITLE_LENGTH],
        publisher=added.publisher,
        language=added.language,
        published_at=added.published_at,
        duplicate_of=added.duplicate_of,
        syndication_group=added.duplicate_of or (added.article_id if added.article_id in copied else None),
    )
