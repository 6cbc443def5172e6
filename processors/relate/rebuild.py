"""A lost state from the stories that were published: members, versions and ids exactly, likeness as far as possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _Read:
    """What was read so far: partitions have no common order, so that some of it is applied once all is read."""

    stories: dict[str, LiveStory] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)
    """Articles by the story that said that they are gone without having said that they came: another one did that."""
    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Version and model of the facts that were given for each article."""
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When each story was first and last told of; seconds since 1970, like all of these."""
    came: list[tuple[float, float]] = field(default_factory=list)
    """When a new article was told of, and its own time."""


def rebuild_grouping(grouping: Grouping, published: Iterable[Event]) -> Iterator[MemberFacts]:
    """Fill an empty grouping from its own messages, and give the facts of each member, a later version last."""
    read = _Read()
    for event in published:
        if isinstance(event.data, Story):
            yield from _take_in(grouping, read, event, event.data)
        elif isinstance(event.data, StoryMerged):
            read.ended[event.data.from_] = event.data.to
    for number, story_id in enumerate(sorted(read.spans, key=lambda story_id: read.spans[story_id][0])):
        read.stories[story_id].number = number
    _join_ended(grouping, read)
    for story in _in_order_of_change(grouping, read):
        grouping.stories.put(story)
        grouping.journal.stories[story.id] = story
        for article_id, member in story.members.items():
            grouping.journal.members[article_id] = (story.id, member)
    grouping.retire()


def _take_in(grouping: Grouping, read: _Read, event: Event, message: Story) -> Iterator[MemberFacts]:
    """One story message; one that was read before changes nothing."""
    story = read.stories.get(message.id) or LiveStory(id=message.id, number=0)
    if message.version <= story.version:
        return
    grouping.started += story.id not in read.stories
    read.stories[story.id] = story
    for added in message.added:
        at = (added.published_at or event.time).timestamp()
        member = _put_member(grouping.documents, story, added, at, message.extract or "")
        if added.why.rule != "replaced":
            read.came.append((event.time.timestamp(), at))
        if (member.version, member.model) > read.told.get(added.article_id, (0, "")):
            read.told[added.article_id] = (member.version, member.model)
            yield member_facts(added, at, quiet=added.form in QUIET_FORMS, lead=_own_sentences(message))
    for article_id in message.removed:
        if article_id in story.members:
            _mark_withdrawn(story, article_id)
        else:
            read.removed.setdefault(story.id, set()).add(article_id)
    story.version, story.merged_from, story.continues = message.version, list(message.merged_from), message.continues
    told_at = event.time.timestamp()
    first, last = read.spans.get(story.id, (told_at, told_at))
    read.spans[story.id] = min(first, told_at), max(last, told_at)


def _put_member(documents: DocumentCounts, story: LiveStory, added: AddedArticle, at: float, extract: str) -> Member:
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
    return member


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
    member = story.members[article_id]
    member.withdrawn, member.version, member.contribution = True, member.version + 1, EMPTY.pack()
    story.refresh()


def _in_order_of_change(grouping: Grouping, read: _Read) -> Iterator[LiveStory]:
    """The stories in the order of their last change, each touched when the stream was as far as then."""
    came = deque(sorted(read.came))
    for story_id in sorted(read.stories, key=lambda story_id: read.spans[story_id][1]):
        story = read.stories[story_id]
        while came and came[0][0] <= read.spans[story_id][1]:
            grouping.newest = max(grouping.newest, came.popleft()[1])
        grouping.turn += 1
        story.turn, story.touched = grouping.turn, grouping.newest
        yield story
    grouping.newest = max([grouping.newest, *(at for _, at in came)])


def _join_ended(grouping: Grouping, read: _Read) -> None:
    """Members of stories that ended go to the story that goes on, those of the longest way first."""
    for from_ in sorted(read.ended, key=lambda story_id: -len(_way(story_id, read.ended))):
        way = _way(from_, read.ended)
        grouping.journal.ended.add(from_)
        into = next((read.stories[to] for to in way if to in read.stories), None)
        if from_ in read.stories and into is not None:
            _join(read.stories.pop(from_), into, read.removed.get(into.id, set()))


def _way(story_id: str, ended: dict[str, str]) -> list[str]:
    """The stories that a story went on as, the one that goes on now last."""
    way = [ended[story_id]]
    while way[-1] in ended:
        way.append(ended[way[-1]])
    return way


def _join(story: LiveStory, into: LiveStory, removed: set[str]) -> None:
    """Add the members of a story that ended: what the other has said of them since is newer than what it said."""
    merged_from = into.merged_from
    newer = {article_id: into.members.pop(article_id) for article_id in story.members.keys() & into.members.keys()}
    into.take_over(story)
    into.merged_from = merged_from
    for article_id, member in newer.items():
        _replace(into, article_id, member)
    for article_id in removed & story.members.keys() - newer.keys():
        _mark_withdrawn(into, article_id)
    for place, member in enumerate(into.members.values()):
        member.place = place
    if newer:
        into.refresh()


def _replace(story: LiveStory, article_id: str, member: Member) -> None:
    held = story.members[article_id]
    if (member.version, member.model) > (held.version, held.model):
        member.late = held.late
        story.members[article_id] = member
