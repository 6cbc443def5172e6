"""The decisions: which story an article belongs to, and which stories are one. No clock, no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from geowire.messages import ArticleWithdrawn, Tagged, Why
from processors.relate.across import Shared, in_another_language, shared_across, telling_ids
from processors.relate.assignment import Assignment, Journal, Merged
from processors.relate.contribution import EMPTY, Contribution
from processors.relate.document_counts import DocumentCounts
from processors.relate.dormant import DormantStories, outline
from processors.relate.likeness import article_features, cosine, distance_hours, has_enough_in_common, story_features
from processors.relate.live_stories import MOST_LIVE, LiveStories
from processors.relate.live_story import LiveStory
from processors.relate.marks import LOOKING_BACK, THEME, languages, numbers_disagree
from processors.relate.merge_score import DECAY_HOURS, MergeScore, shipped_score
from processors.relate.near_duplicates import MOST_SKETCHES, NearDuplicates, pack
from processors.relate.newcomer import Newcomer, prepare
from processors.relate.ordinals import contradict
from processors.relate.vectors import heaviest_shared

CANDIDATES = 20
WOKEN = 5
DORMANT_PART = 5
"""Stories that are over are remembered up to this part of those that may be alive."""
MARGIN = timedelta(days=1)
WHY_LIMIT = 10
COPY_LIKENESS = 0.4

Rule = Literal["started", "joined", "duplicate", "late"]
Recall = Callable[[str], LiveStory | None]


def never_recalls(article_id: str) -> LiveStory | None:  # noqa: ARG001 - the signature is Recall's
    """What a grouping without tables knows of stories that it let go: nothing."""
    return None


class Grouping:
    """Live stories of a stream. `recall` finds the story of an article among those that were let go."""

    def __init__(
        self,
        window: timedelta = timedelta(days=7),
        recall: Recall = never_recalls,
        score: MergeScore | None = None,
        most: int = MOST_LIVE,
    ) -> None:
        self.window = window
        self.most = most
        self.score = score or shipped_score()
        self.documents = DocumentCounts()
        self.duplicates = NearDuplicates(window.days + 1, min(most, MOST_SKETCHES))
        self.stories = LiveStories(most)
        self.dormant = DormantStories(most // DORMANT_PART)
        self.journal = Journal()
        self.newest = 0.0
        self.started = 0
        self.turn = 0
        self._recall = recall

    def add(self, tagged: Tagged) -> Assignment:
        """Decide where an article belongs; one that is held in this or a higher version changes nothing."""
        newcomer = prepare(tagged, self.newest, self.window, self.documents)
        held_by = self.story_of(tagged.id)
        if held_by is not None:
            return self._again(newcomer, held_by)
        self.newest = max(self.newest, newcomer.at)
        self.retire()
        assignment = self._assign(newcomer)
        if newcomer.sketch is not None:
            packed = pack(newcomer.sketch)
            self.journal.sketches.append((self.duplicates.count, tagged.id, packed, self.newest))
            self.duplicates.add(tagged.id, packed, self.newest)
        return assignment

    def withdraw(self, withdrawn: ArticleWithdrawn) -> Assignment | None:
        """Take an article out of its story; None if it is not held, or in a higher version."""
        story = self.story_of(withdrawn.id)
        if story is None:
            return None
        member = story.members[withdrawn.id]
        if member.withdrawn or withdrawn.version <= member.version:
            return None
        member.withdrawn, member.version, member.contribution = True, withdrawn.version, EMPTY.pack()
        story.refresh()
        self._touch(story, withdrawn.id)
        return Assignment(withdrawn.id, story.id, member.duplicate_of)

    def retire(self) -> None:
        """Let go of stories that nothing has happened to for longer than the window."""
        for story in self.stories.retire(self.newest - (self.window + MARGIN).total_seconds()):
            self.journal.retired.add(story.id)
            self.dormant.put(outline(story))
        self.dormant.prune(self.newest)

    def withdrawn_members(self) -> list[str]:
        """Members that were withdrawn, among those that changed and were not written down yet."""
        return [article_id for article_id, (_, member) in self.journal.members.items() if member.withdrawn]

    def story_of(self, article_id: str) -> LiveStory | None:
        """The story that holds an article, recalled if it was let go."""
        story = self.stories.holding(article_id) or self.journal.pending(article_id)
        if story is not None:
            return story
        recalled = self._recall(article_id)
        return None if recalled is None else self.journal.stories.get(recalled.id, recalled)

    def _again(self, newcomer: Newcomer, story: LiveStory) -> Assignment:
        """The article is a member already: a higher version or model takes the place of the one held."""
        tagged, held = newcomer.tagged, story.members[newcomer.tagged.id]
        ours, theirs = (tagged.version, tagged.model), (held.version, held.model)
        if ours <= theirs or (held.withdrawn and tagged.version == held.version):
            return Assignment(tagged.id, story.id, held.duplicate_of)
        member = newcomer.as_member(held.duplicate_of, self._brought(newcomer, alone=len(story.members) == 1))
        member.late, member.place = held.late, held.place
        story.members[tagged.id] = member
        story.refresh()
        self._touch(story, tagged.id)
        return Assignment(tagged.id, story.id, held.duplicate_of, why=Why(rule="replaced", model=self._model(tagged)))

    def _assign(self, newcomer: Newcomer) -> Assignment:
        copied = self._original(newcomer)
        if copied is not None:
            likeness, original, story = copied
            return self._join(newcomer, story, likeness, original)
        ranked = self._ranked(newcomer)
        if not ranked:
            return self._join_across(newcomer) or self._start(newcomer)
        score, story = ranked[0]
        if not newcomer.seeds_merges:
            return self._join(newcomer, story, score)
        merged = tuple(self._merges([story for _, story in ranked]))
        into = next((older for _, older in ranked if merged and older.id == merged[-1].to), story)
        return replace(self._join(newcomer, into, score), merged=merged)

    def _original(self, newcomer: Newcomer) -> tuple[float, str, LiveStory] | None:
        """The member that the article is a copy of."""
        if newcomer.sketch is None:
            return None
        for likeness, article_id in self.duplicates.alike(newcomer.sketch):
            story = self.stories.holding(article_id)
            if story is not None and self._may_join(newcomer, story) and _says_the_same(newcomer, story, article_id):
                return likeness, story.members[article_id].duplicate_of or article_id, story
        return None

    def _ranked(self, newcomer: Newcomer) -> list[tuple[float, LiveStory]]:
        """The stories that the article is alike enough to join, the most alike first."""
        scored = self._scored(newcomer, self.stories.candidates(newcomer.contribution.body, CANDIDATES))
        if newcomer.late:
            scored += self._scored_dormant(newcomer)
        return sorted(scored, key=lambda pair: (-pair[0], pair[1].number))

    def _scored(self, newcomer: Newcomer, candidates: Iterable[LiveStory]) -> list[tuple[float, LiveStory]]:
        scored = [
            (self.score(article_features(newcomer, story, self.documents, self.score.undated)), story)
            for story in candidates
            if self._may_join(newcomer, story) and has_enough_in_common(newcomer, story)
        ]
        return [(score, story) for score, story in scored if score >= self.score.join]

    def _scored_dormant(self, newcomer: Newcomer) -> list[tuple[float, LiveStory]]:
        """What a late article could join among the stories of its time: those that are over."""
        outlines = self._scored(newcomer, self.dormant.candidates(newcomer.contribution.body, WOKEN))
        whole = [(score, self.story_of(outlined.key_member)) for score, outlined in outlines]
        return [(score, story) for score, story in whole if story is not None]

    def _may_join(self, newcomer: Newcomer, story: LiveStory) -> bool:
        """Near enough in time, not another one of a numbered series, and no look back at what the other reports."""
        reach = DECAY_HOURS if newcomer.late else self.window.total_seconds() / 3600
        if story.hours_from(newcomer.at) > reach or newcomer.looks_back != (LOOKING_BACK in story.profile.marks):
            return False
        return not contradict(newcomer.contribution.ordinals, story.profile.ordinals)

    def _start(self, newcomer: Newcomer) -> Assignment:
        tagged = newcomer.tagged
        story = LiveStory(id=story_id(tagged.id), number=self.started, continues=self._continues(newcomer))
        self.started += 1
        self.documents.start(newcomer.counted_terms())
        story.take_in(tagged.id, newcomer.as_member(None, newcomer.contribution), newcomer.contribution)
        self._touch(story, tagged.id)
        rule: Rule = "late" if newcomer.late else "started"
        return Assignment(tagged.id, story.id, why=Why(rule=rule, model=self._model(tagged)))

    def _continues(self, newcomer: Newcomer) -> str | None:
        """The story that is over and that an article takes up again; looking back on it is not taking it up."""
        if not newcomer.seeds_merges:
            return None
        best = (self.score.wake, 0, "")
        for story in self.dormant.candidates(newcomer.contribution.body, WOKEN):
            if has_enough_in_common(newcomer, story) and not contradict(
                newcomer.contribution.ordinals, story.profile.ordinals
            ):
                features = article_features(newcomer, story, self.documents, self.score.undated)
                score = self.score(replace(features, time=self.score.undated))
                best = max(best, (score, story.number, story.id))
        return best[2] or None

    def _join_across(self, newcomer: Newcomer) -> Assignment | None:
        """Let an article join a story in another language, if what they share beside words is enough."""
        brings = newcomer.contribution
        spoken = languages(brings.marks)
        if not spoken:
            return None
        best: tuple[float, int, Shared, LiveStory] | None = None
        for story in self.stories.sharing(telling_ids(brings.entities, brings.marks), CANDIDATES):
            if in_another_language(spoken, story) and self._may_join(newcomer, story):
                shared = shared_across(newcomer, story, self.documents)
                if shared is not None and (best is None or shared.likeness > best[0]):
                    best = (shared.likeness, story.number, shared, story)
        if best is None or best[0] < self.score.across:
            return None
        return self._join(newcomer, best[3], best[0], shared=best[2])

    def _join(
        self,
        newcomer: Newcomer,
        story: LiveStory,
        score: float,
        duplicate_of: str | None = None,
        shared: Shared | None = None,
    ) -> Assignment:
        why = self._why_joined(newcomer, story, score, duplicate_of)
        if shared is not None:
            why = across_languages(why, shared)
        if duplicate_of is None and not newcomer.quiet:
            self.documents.extend(story.profile.lacks(newcomer.contribution))
        brought = self._brought(newcomer, alone=False)
        member = newcomer.as_member(duplicate_of, brought)
        story.take_in(newcomer.tagged.id, member, brought if duplicate_of is None else EMPTY)
        self._touch(story, newcomer.tagged.id)
        return Assignment(newcomer.tagged.id, story.id, duplicate_of, why=why)

    def _why_joined(self, newcomer: Newcomer, story: LiveStory, score: float, duplicate_of: str | None) -> Why:
        brings, profile = newcomer.contribution, story.profile
        rule: Rule = "duplicate" if duplicate_of else "joined"
        return Why(
            rule="late" if newcomer.late else rule,
            score=round(score, 4),
            terms=tuple(heaviest_shared(brings.body, profile.centroid, WHY_LIMIT)),
            entities=tuple([entity for entity in brings.entities if entity in profile.entities][:WHY_LIMIT]),
            hours_apart=round(distance_hours(newcomer, story), 2),
            model=self._model(newcomer.tagged),
        )

    def _merges(self, ranked: list[LiveStory]) -> Iterator[Merged]:
        """An article that fits several stories shows that they may be one."""
        story = ranked[0]
        for other in ranked[1:]:
            older, younger = (story, other) if story.number < other.number else (other, story)
            score = self.score(story_features(younger, older, self.documents, self.score.undated))
            if score >= self.score.merge and not contradict(younger.profile.ordinals, older.profile.ordinals):
                yield self._merge(younger, older, score)
                story = older

    def _merge(self, younger: LiveStory, older: LiveStory, score: float) -> Merged:
        self.stories.drop(younger)
        older.take_over(younger)
        self.stories.put(older)
        self.journal.note_end(younger, older)
        return Merged(younger.id, older.id, younger.version + 1, f"alike by {score:.2f}")

    def _touch(self, story: LiveStory, article_id: str) -> None:
        """Note a change of a story through one of its members."""
        story.version += 1
        self.turn += 1
        story.turn, story.touched = self.turn, self.newest
        self.stories.put(story, (article_id,))
        self.dormant.drop(story.id)
        self.journal.note(story, article_id)

    def _brought(self, newcomer: Newcomer, *, alone: bool) -> Contribution:
        return EMPTY if newcomer.quiet and not alone else newcomer.contribution

    def _model(self, tagged: Tagged) -> str:
        return f"{self.score.model} {tagged.model}"[:100]


def story_id(article_id: str) -> str:
    """The id of the story that an article starts: 32 hex digits of a SHA-256."""
    return hashlib.sha256(f"story\0{article_id}".encode()).hexdigest()[:32]


def across_languages(why: Why, shared: Shared) -> Why:
    """The reason of a membership that rests on no words."""
    common = {
        "entities": shared.entities[:WHY_LIMIT],
        "numbers": tuple(each[1:] for each in shared.numbers[:WHY_LIMIT]),
    }
    themes = tuple(theme.removeprefix(THEME) for theme in shared.themes[:WHY_LIMIT])
    rule = "across" if why.rule == "joined" else why.rule
    return why.model_copy(update={**common, "rule": rule, "terms": (), "themes": themes})


def _says_the_same(newcomer: Newcomer, story: LiveStory, article_id: str) -> bool:
    """Whether what two texts share is their matter: not a publisher's notices, not a form filled in anew."""
    member = story.members[article_id]
    if member.withdrawn:
        return False
    other, ours = Contribution.unpack(member.contribution), newcomer.contribution
    return cosine(ours.body, other.body, 1.0, 1.0) >= COPY_LIKENESS and not numbers_disagree(ours.marks, other.marks)
