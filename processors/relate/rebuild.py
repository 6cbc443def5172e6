"""A lost state from the stories that were published: members, versions and ids exactly, likeness as far as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from geowire.events import Event
from geowire.messages import AddedArticle, Story, StoryMerged
from processors.relate.contribution import EMPTY, MOST_ENTITIES, TITLE_TIMES, Contribution
from processors.relate.document_counts import DocumentCounts
from processors.relate.grouping import Grouping
from processors.relate.live_story import LiveStory, Member
from processors.relate.marks import known_marks, text_marks
from processors.relate.member_facts import SENTENCE_END, MemberFacts, member_facts
from processors.relate.newcomer import QUIET_FORMS
from processors.relate.ordinals import ordinals
from processors.relate.vectors import counted, weigh
from processors.relate.words import terms


def rebuild_grouping(grouping: Grouping, published: Iterable[Event]) -> Iterator[MemberFacts]:
    """Fill an empty grouping from its own messages, and give the facts of each member, a later version last."""
    stories: dict[str, LiveStory] = {}
    ended: dict[str, str] = {}
    for event in published:
        if isinstance(event.data, Story):
            yield from _take_in(grouping, stories, event, event.data)
        elif isinstance(event.data, StoryMerged):
            ended[event.data.from_] = event.data.to
    _join_ended(grouping, stories, ended)
    for story in stories.values():
        grouping.stories.put(story)
        grouping.journal.stories[story.id] = story
        for article_id, member in story.members.items():
            grouping.journal.members[article_id] = (story.id, member)
    grouping.retire()


def _take_in(grouping: Grouping, stories: dict[str, LiveStory], event: Event, message: Story) -> Iterator[MemberFacts]:
    """One story message; one that was read before changes nothing."""
    story = stories.get(message.id) or LiveStory(id=message.id, number=grouping.started)
    if message.version <= story.version:
        return
    grouping.started += story.id not in stories
    stories[story.id] = story
    for added in message.added:
        at = (added.published_at or event.time).timestamp()
        _put_member(grouping.documents, story, added, at, message.extract or "")
        grouping.newest = max(grouping.newest, at)
        yield member_facts(added, at, quiet=added.form in QUIET_FORMS, lead=_own_sentences(message))
    for article_id in message.removed:
        _mark_withdrawn(story, article_id)
    _settle(grouping, stories, story, message)


def _put_member(documents: DocumentCounts, story: LiveStory, added: AddedArticle, at: float, extract: str) -> None:
    quiet = added.form in QUIET_FORMS and bool(story.members.keys() - {added.article_id})
    brings = EMPTY if quiet else _contribution(added, extract, documents)
    member = _member(added, at, brings)
    held = story.members.get(added.article_id)
    if held is None:
        count = documents.extend if story.members else documents.start
        count(story.profile.lacks(brings))
        story.take_in(added.article_id, member, brings if added.duplicate_of is None else EMPTY)
    else:
        member.place, member.late = held.place, held.late
        story.members[added.article_id] = member
        story.refresh()


def _member(added: AddedArticle, at: float, brings: Contribution) -> Member:
    return Member(
        version=added.version,
        model=added.model or added.why.model.partition(" ")[2],
        at=at,
        voice=added.publisher.family or added.publisher.id,
        duplicate_of=added.duplicate_of,
        late=added.why.rule == "late",
        withdrawn=False,
        contribution=brings.pack(),
    )


def _contribution(added: AddedArticle, extract: str, documents: DocumentCounts) -> Contribution:
    """Title, quotes and the story's extract stand in for the text, which no story message carries."""
    evidence = [piece for theme in added.themes for piece in theme.evidence]
    evidence += [piece for aid in added.aid for piece in aid.evidence]
    quotes = dict.fromkeys(piece.quote for piece in evidence if piece.quote)
    title = terms(added.title)
    body = counted(*[title] * TITLE_TIMES, terms(" ".join(quotes)), terms(extract))
    return Contribution(
        weigh(body, documents),
        weigh(counted(title), documents),
        added.entities[:MOST_ENTITIES],
        ordinals(added.title),
        _marks(added, extract),
    )


def _marks(added: AddedArticle, extract: str) -> tuple[str, ...]:
    found = text_marks(added.title, extract)
    return (
        *known_marks((theme.theme for theme in added.themes), added.language, dated=bool(added.published_at)),
        *found,
    )


def _own_sentences(message: Story) -> list[str]:
    """Of a story with one member the extract is that member's."""
    return SENTENCE_END.split(message.extract or "") if message.article_count == 1 else []


def _mark_withdrawn(story: LiveStory, article_id: str) -> None:
    member = story.members.get(article_id)
    if member is not None:
        member.withdrawn, member.version, member.contribution = True, member.version + 1, EMPTY.pack()
        story.refresh()


def _settle(grouping: Grouping, stories: dict[str, LiveStory], story: LiveStory, message: Story) -> None:
    grouping.turn += 1
    story.version, story.turn, story.touched = message.version, grouping.turn, grouping.newest
    story.merged_from, story.continues = list(message.merged_from), message.continues
    stories[story.id] = stories.pop(story.id)  # stories stand in the order of their last change


def _join_ended(grouping: Grouping, stories: dict[str, LiveStory], ended: dict[str, str]) -> None:
    """Members of stories that ended go to the story that goes on, once all is read: partitions have no common order."""
    for from_ in ended:
        to = from_
        while to in ended:
            to = ended[to]
        story, into = stories.get(from_), stories.get(to)
        if story is not None and into is not None:
            merged_from = into.merged_from
            into.take_over(stories.pop(from_))
            into.merged_from = merged_from
        grouping.journal.ended[from_] = to
