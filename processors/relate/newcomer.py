"""An article that asks for its story, prepared for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from geowire.messages import Tagged
from processors.relate.contribution import Contribution, article_terms, contribution
from processors.relate.document_counts import DocumentCounts, entity_term
from processors.relate.live_story import Member
from processors.relate.near_duplicates import signature
from processors.relate.vectors import heaviest

HEAVIEST = 20
QUIET_FORMS = frozenset({"live", "roundup"})


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A tagged article, its time in seconds since 1970, and what it would bring into a story."""

    tagged: Tagged
    at: float
    late: bool
    contribution: Contribution
    heaviest: tuple[str, ...]
    """Its heaviest terms."""
    signed: bytes | None

    @property
    def quiet(self) -> bool:
        """True for live blogs and round-ups: they treat many stories, so they join but neither shape nor merge any."""
        return self.tagged.form in QUIET_FORMS

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
    found = article_terms(tagged)
    brings = contribution(tagged, found, documents)
    return Newcomer(
        tagged=tagged,
        at=at,
        late=at < newest - window.total_seconds(),
        contribution=brings,
        heaviest=tuple(term for term, _ in heaviest(brings.body, HEAVIEST)),
        signed=None if tagged.form in QUIET_FORMS else signature(tagged.title, tagged.text),
    )
