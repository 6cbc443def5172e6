"""`flag` as a stage: stories in, flags and retractions out, what has fired in SQLite."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import get_args

from geowire.errors import Rejected
from geowire.events import Event, flag_id, flagged_event
from geowire.messages import AddedArticle, Flagged, Reason, Story, StoryMerged
from geowire.messages.story import Pace
from geowire.topics import FLAGGED, STORIES
from processors.flag.atom import AtomFeeds
from processors.flag.findings import Finding, evaluate
from processors.flag.fired import Cause, Fired, Firing, create_tables
from processors.flag.rebuilt import kinds_in_doubt, still_tells
from processors.flag.stragglers import without_stragglers
from processors.flag.watch import Watch
from processors.flag.watch_file import shipped_watches

DAY = 86_400
PACES = (None, *get_args(Pace))
AGAIN = re.compile(r" \((\d+)\)$")
"""After a retraction the same reason fires under another value, because readers drop an id that they know."""

Told = tuple[Cause, Flagged]
"""A cause, and the flag that an article would raise for it."""


class FlagStage:
    """Fires each watch once for a story, and again for what it calls news. One member of its group works at a time."""

    name = "flag"
    topic = STORIES.name
    rebuilds_from = FLAGGED.name

    def __init__(
        self, watches: Sequence[Watch] | None = None, *, feeds: Path | None = None, forgets: bool = True
    ) -> None:
        self._watches = shipped_watches() if watches is None else tuple(watches)
        self._feeds = AtomFeeds(feeds, self._watches) if feeds else None
        self._forgets = forgets
        self._pruned_day = 0

    def create_tables(self, connection: sqlite3.Connection) -> None:
        """Create the stage's tables if they are missing."""
        create_tables(connection)

    def load(self, connection: sqlite3.Connection) -> None:  # noqa: ARG002 - everything is read when it is needed
        """Nothing is held in memory but the day of the last pruning and which feeds are stale."""
        self._pruned_day = 0
        if self._feeds:
            self._feeds.distrust()

    def process(self, batch: Sequence[Event], connection: sqlite3.Connection) -> list[Event]:
        """The flags that follow from story updates, in their order."""
        fired = Fired(connection)
        flags = [flag for event in batch for flag in self._flags(event, fired)]
        if self._forgets:
            self._prune_daily(batch, fired)
        if self._feeds:
            self._feeds.keep(flags, connection)
            self._feeds.write(connection)
        return [flagged_event(flag) for flag in flags]

    def rebuild(self, published: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Fill empty tables from flags published before, in order per story.

        What was taken back comes last: after a merger a retraction has another key than its flag, and no order with it.
        Flags do not tell all of the state that was lost; see `rebuilt` for what becomes of the rest.
        """
        fired = Fired(connection)
        retractions = []
        for event in published:
            if isinstance(event.data, Flagged) and event.data.retracts is None:
                self._rebuild_from(event.data, fired, connection)
            elif isinstance(event.data, Flagged):
                retractions.append(event.data)
        for flag in retractions:
            self._rebuild_from(flag, fired, connection)

    def _rebuild_from(self, flag: Flagged, fired: Fired, connection: sqlite3.Connection) -> None:
        _remember(flag, fired)
        if self._feeds:
            self._feeds.keep([flag], connection)

    def _flags(self, event: Event, fired: Fired) -> Iterator[Flagged]:
        match event.data:
            case Story() as story:
                yield from self._of_story(story, event, fired)
            case StoryMerged() as merged:
                fired.merge(merged.from_, merged.to, event.time.timestamp())
            case _:
                raise Rejected("not-a-story", f"flag takes stories and their mergers, not {event.type}")

    def _of_story(self, story: Story, event: Event, fired: Fired) -> Iterator[Flagged]:
        at = event.time.timestamp()
        if not fired.is_new(story.id, story.version, at):
            return
        for ended in story.merged_from:
            if fired.goes_on_as(ended) == ended:
                fired.merge(ended, story.id, at)
        story_id = fired.goes_on_as(story.id)
        update = _Update(without_stragglers(story, story_id, fired, at), story_id, event, fired)
        found = [(watch, update.findings(watch)) for watch in self._watches]
        retracted = list(update.retractions({watch.id: watch for watch in self._watches}))
        yield from retracted
        for watch, findings in found:
            for _, of_article in groupby(findings, key=lambda one: one[1].article_id):
                yield from update.fire(watch, list(of_article))
            if watch.id in {flag.watch for flag in retracted}:
                yield from update.stand_in(watch)

    def _prune_daily(self, batch: Sequence[Event], fired: Fired) -> None:
        newest = max((event.time.timestamp() for event in batch), default=0.0)
        if newest // DAY > self._pruned_day:
            self._pruned_day = int(newest // DAY)
            fired.prune(newest)


class _Update:
    """One story update against what has fired: under the id that the story goes on as."""

    def __init__(self, story: Story, story_id: str, event: Event, fired: Fired) -> None:
        self._story = story
        self._story_id = story_id
        self._event = event
        self._fired = fired

    def findings(self, watch: Watch) -> list[Told]:
        """What a watch finds in articles that did not come late, noted as sources before anything is taken back."""
        late = self._late_articles()
        found = [
            (Cause(watch.id, finding.reason.kind, finding.reason.value), self._draft(watch, finding))
            for finding in evaluate(watch, self._story)
            if finding.article.article_id not in late
        ]
        for cause, draft in found:
            self._fired.add_source(self._story_id, cause, draft)
        return found

    def _late_articles(self) -> set[str]:
        for added in self._story.added:
            if added.why.rule == "late":
                self._fired.note_late(added.article_id, self._event.time.timestamp())
        return {added.article_id for added in self._story.added if self._fired.is_late(added.article_id)}

    def stand_in(self, watch: Watch) -> Iterator[Flagged]:
        """The flag of the oldest article that still fulfils a watch, if none is left that stands."""
        if not self._fired.has_flag(self._story_id, watch.id):
            kinds = (*watch.reasons, *watch.again_on)
            grounds = [one for one in self._fired.oldest_grounds(self._story_id, watch.id) if one[0].kind in kinds]
            yield from self.fire(watch, sorted(grounds, key=lambda one: kinds.index(one[0].kind)))

    def fire(self, watch: Watch, of_article: list[Told]) -> Iterator[Flagged]:
        """The flags for what an article brings: the first of the story, or for what is new since.

        One article is told for one kind of reason; what else of `again_on` is new in it is told with that.
        """
        again = [(cause, draft) for cause, draft in of_article if cause.kind in watch.again_on]
        if self._fired.has_flag(self._story_id, watch.id):
            self._take_as_told(watch, [cause for cause, _ in again])
            telling = [one for one in again if not self._is_known(one[0])]
            telling.sort(key=lambda one: watch.again_on.index(one[0].kind))
        else:
            telling = of_article
        lead = [one for one in telling if one[0].kind == telling[0][0].kind]
        for cause, draft in lead if lead and lead[0] in again else lead[:1]:
            yield self._raise(cause, draft)
        for cause, _ in again if telling else ():
            if not self._is_known(cause):
                self._put(cause, Firing("", 0, active=True))

    def _take_as_told(self, watch: Watch, causes: Iterable[Cause]) -> None:
        """Note what may have been told beside a flag that was rebuilt."""
        doubtful = kinds_in_doubt(watch, self._fired.unsettled_kinds(self._story_id, watch.id))
        open_ = [cause for cause in causes if cause.kind in doubtful and not self._is_known(cause)]
        for cause in open_:
            self._put(cause, Firing("", 0, active=True))
        if open_:
            self._fired.settle(self._story_id, watch.id)

    def _is_known(self, cause: Cause) -> bool:
        firing = self._fired.firing(self._story_id, cause)
        return firing is not None and firing.active

    def _put(self, cause: Cause, firing: Firing) -> None:
        self._fired.put(self._story_id, cause, firing, self._event.time.timestamp())

    def _raise(self, cause: Cause, draft: Flagged) -> Flagged:
        before = self._fired.firing(self._story_id, cause)
        times = before.times + 1 if before else 1
        of_now = {
            "story_id": self._story_id,
            "headline": self._story.headline,
            "publisher_count": self._story.publisher_count,
            "reason": _reason(cause, times),
        }
        flag = draft.model_copy(update=of_now)
        self._put(cause, Firing(flag_id(flag), times, active=True))
        return flag

    def _draft(self, watch: Watch, finding: Finding) -> Flagged:
        article = finding.article
        return Flagged(
            watch=watch.id,
            story_id=self._story_id,
            article_id=article.article_id,
            url=article.url,
            headline=self._story.headline,
            reason=finding.reason,
            evidence=finding.evidence,
            publisher_count=self._story.publisher_count,
            flagged_at=article.published_at or self._event.time,
        )

    def retractions(self, in_force: Mapping[str, Watch]) -> Iterator[Flagged]:
        """Flags to take back: an article that was the only source was replaced or taken out and no longer gives it.

        Nobody looks for what a watch that is no longer in force asked for; its flags go only with their articles.
        """
        for added in self._story.added:
            if added.why.rule == "replaced":
                yield from self._corrected(added, in_force)
        for article_id in self._story.removed:
            yield from self._without(article_id, self._fired.causes_from(self._story_id, article_id))
        yield from self._no_longer_told()

    def _no_longer_told(self) -> Iterator[Flagged]:
        """Flags that were rebuilt, whose articles are gone, and that the story itself no longer bears out."""
        changed = [added.article_id for added in self._story.added if added.why.rule == "replaced"]
        changed += self._story.removed
        if not changed or self._story.id != self._story_id:
            return
        for cause in self._fired.rebuilt_without_source(self._story_id):
            if not still_tells(self._story, cause):
                yield from self._retract(cause, changed[-1])

    def _corrected(self, added: AddedArticle, in_force: Mapping[str, Watch]) -> Iterator[Flagged]:
        causes = [it for it in self._fired.causes_from(self._story_id, added.article_id) if it.watch in in_force]
        given = self._given_at_any_pace(added, [in_force[name] for name in {it.watch for it in causes}])
        for cause in given.keys() & causes:
            self._fired.add_source(self._story_id, cause, given[cause])
        yield from self._without(added.article_id, [it for it in causes if it not in given])

    def _given_at_any_pace(self, added: AddedArticle, watches: Sequence[Watch]) -> dict[Cause, Flagged]:
        """What an article gives as far as that lies in the article: a story that has slowed down corrects nothing."""
        given: dict[Cause, Flagged] = {}
        for watch, pace in product(watches, PACES):
            story = self._story.model_copy(update={"added": (added,), "pace": pace})
            for finding in evaluate(watch, story):
                cause = Cause(watch.id, finding.reason.kind, finding.reason.value)
                given.setdefault(cause, self._draft(watch, finding))
        return given

    def _without(self, article_id: str, causes: Iterable[Cause]) -> Iterator[Flagged]:
        for cause in causes:
            is_last = self._fired.drop_source(self._story_id, article_id, cause)
            if is_last and not self._fired.is_rebuilt(self._story_id, cause):
                yield from self._retract(cause, article_id)

    def _retract(self, cause: Cause, article_id: str) -> Iterator[Flagged]:
        for firing in self._fired.take_back(self._story_id, cause):
            if firing.flag_id:
                yield Flagged(
                    watch=cause.watch,
                    story_id=self._story_id,
                    article_id=article_id,
                    headline=self._story.headline,
                    reason=_reason(cause, firing.times),
                    publisher_count=self._story.publisher_count,
                    flagged_at=self._event.time,
                    retracts=firing.flag_id,
                )


def _reason(cause: Cause, times: int) -> Reason:
    again = f" ({times})" if times > 1 else ""
    return Reason(kind=cause.kind, value=cause.value[: 500 - len(again)] + again)


def _remember(flag: Flagged, fired: Fired) -> None:
    """Put back what a published flag says of the state."""
    if flag.retracts is not None:
        fired.retract(flag.retracts)
        return
    again = AGAIN.search(flag.reason.value)
    cause = Cause(flag.watch, flag.reason.kind, AGAIN.sub("", flag.reason.value))
    firing = Firing(flag_id(flag), int(again[1]) if again else 1, active=True)
    fired.is_new(flag.story_id, 0, flag.flagged_at.timestamp())
    fired.put(flag.story_id, cause, firing, flag.flagged_at.timestamp())
    fired.note_rebuilt(firing.flag_id)
    if flag.article_id is not None:
        fired.add_source(flag.story_id, cause, flag)
