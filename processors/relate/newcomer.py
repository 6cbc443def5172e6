"""An article that asks for its story, prepared for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from geowire.messages import Tagged
from geowire.messages.article import Form
from processors.relate.contribution import Contribution, article_terms, contribution, first_words
from processors.relate.document_counts import DocumentCounts, entity_term
from processors.relate.live_story import Member
from processors.relate.marks import LOOKING_BACK, form_of
from processors.relate.near_duplicates import Sketch, sketch

HEAVIEST = 20
QUIET_FORMS = frozenset({"live", "roundup"})
SEEDLESS_FORMS = QUIET_FORMS | {"opinion"}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A tagged article, its time in seconds since 1970, and what it would bring into a story."""

    tagged: Tagged
    at: float
    late: bool
    contribution: Contribution
    heaviest: tuple[str, ...]
    """Its heaviest terms."""
    sketch: Sketch | None
    form: Form

    @property
    def quiet(self) -> bool:
        """True for live blogs and round-ups: they treat many stories, so they join but neither shape nor merge any."""
        return self.form in QUIET_FORMS

    @property
    def seeds_merges(self) -> bool:
        """Whether stories may turn out to be one by this article: none that treats many, argues, or looks back."""
        return not (self.late or self.looks_back or self.form in SEEDLESS_FORMS)

    @property
    def looks_back(self) -> bool:
        """Whether it is about an anniversary."""
        return LOOKING_BACK in self.contribution.marks

    @property
    def dated(self) -> bool:
        """Whether the publisher says when it was published."""
        return self.tagged.published_at is not None

    def counted_terms(self) -> set[str]:
        """What it adds to the counts of the stream."""
        return {*self.contribution.body, *map(entity_term, self.contribution.entities)}

    def as_member(self, duplicate_of: str | None, contribution: Contribution) -> Member:
        """The member that it becomes."""
        publisher = self.tagged.publisher
        return Member(
            version=self.tagged.version,
            model=self.tagged.model,
            at=self.at,
            voice=publisher.family or publisher.id,
            duplicate_of=duplicate_of,
            late=self.late,
            withdrawn=False,
            contribution=contribution.pack(),
        )


def article_time(tagged: Tagged) -> float:
    """When the article was published, as far as known; seconds since 1970."""
    return (tagged.published_at or tagged.fetched_at).timestamp()


def prepare(tagged: Tagged, newest: float, window: timedelta, documents: DocumentCounts) -> Newcomer:
    """The article as the grouping sees it, at a moment of the stream."""
    at = article_time(tagged)
    form = form_of(tagged)
    words = first_words(tagged.text)
    found = article_terms(tagged.title, words)
    brings = contribution(tagged, found, documents)
    return Newcomer(
        tagged=tagged,
        at=at,
        late=at < newest - window.total_seconds(),
        contribution=brings,
        heaviest=tuple(islice(brings.body, HEAVIEST)),
        sketch=None if form in QUIET_FORMS else sketch(words),
        form=form,
    )
