"""A story that is alive: its members and the profile that likeness is measured against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from pydantic_core import from_json, to_json

from processors.relate.contribution import EMPTY, Contribution
from processors.relate.document_counts import entity_term
from processors.relate.vectors import Vector, add, heaviest, norm

MOST_TERMS = 170  # CPython's dict doubles its table at 171 entries
MOST_TITLE_TERMS = 60
MOST_ENTITIES = 100
MOST_NUMBERED = 50
MOST_MARKS = 100
INDEXED_TERMS = 30


@dataclass(slots=True)
class Member:
    """What a decision needs to know of an article that belongs to a story; times are seconds since 1970."""

    version: int
    model: str
    at: float
    voice: str
    """Family of the publisher, or its id: copies and titles of one owner speak with one voice."""
    duplicate_of: str | None
    late: bool
    withdrawn: bool
    contribution: bytes
    place: int = 0
    """Its place among the story's members."""


@dataclass(slots=True)
class Profile:
    """What the members say together, cut to the heaviest; the heaviest come first."""

    centroid: Vector = field(default_factory=dict)
    titles: Vector = field(default_factory=dict)
    entities: dict[str, int] = field(default_factory=dict)
    ordinals: dict[str, frozenset[int]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    length: float = 0.0
    titles_length: float = 0.0

    def take_in(self, contribution: Contribution) -> None:
        """Add what an article brings."""
        if contribution is EMPTY:
            return
        add(self.centroid, contribution.body)
        add(self.titles, contribution.title)
        for entity in contribution.entities:
            self.entities[entity] = self.entities.get(entity, 0) + 1
        for mark in contribution.marks:
            self.marks[mark] = self.marks.get(mark, 0) + 1
        for thing, numbers in contribution.ordinals.items():
            self.ordinals[thing] = self.ordinals.get(thing, frozenset()) | numbers
        self._settle()

    def take_over(self, other: Profile) -> None:
        """Add what another story says."""
        marks = tuple(other.marks)
        self.take_in(Contribution(other.centroid, other.titles, tuple(other.entities), other.ordinals, marks))

    def lacks(self, contribution: Contribution) -> Iterator[str]:
        """Terms of an article that the counts of the stream do not have for this story."""
        yield from contribution.body.keys() - self.centroid.keys()
        yield from (entity_term(entity) for entity in contribution.entities if entity not in self.entities)

    def heavy_terms(self) -> dict[str, float]:
        """The terms that the index knows the story by, as shares of its length."""
        if not self.length:
            return {}
        return {term: weight / self.length for term, weight in islice(self.centroid.items(), INDEXED_TERMS)}

    def pack(self) -> str:
        """As compact text."""
        numbered = {thing: sorted(numbers) for thing, numbers in self.ordinals.items()}
        parts = (self.centroid, self.titles, self.entities, numbered, self.marks)
        return to_json(parts).decode()

    @classmethod
    def unpack(cls, packed: str) -> Profile:
        """The reverse of `pack`."""
        centroid, titles, entities, numbered, marks = from_json(packed)
        ordinals = {thing: frozenset(numbers) for thing, numbers in numbered.items()}
        return cls(centroid, titles, entities, ordinals, marks, norm(centroid), norm(titles))

    def _settle(self) -> None:
        self.centroid = dict(heaviest(self.centroid, MOST_TERMS))
        self.titles = dict(heaviest(self.titles, MOST_TITLE_TERMS))
        self.entities = _most_frequent(self.entities, MOST_ENTITIES)
        self.marks = _most_frequent(self.marks, MOST_MARKS)
        self.ordinals = dict(islice(self.ordinals.items(), MOST_NUMBERED))
        self.length = norm(self.centroid)
        self.titles_length = norm(self.titles)


@dataclass(slots=True)
class LiveStory:
    """A story with its members, in the order in which they came."""

    id: str
    number: int
    """Stories are numbered as they start: of two, the lower one is the older."""
    version: int = 0
    first: float = 0.0
    last: float = 0.0
    touched: float = 0.0
    """The newest article time of the stream when the story last changed."""
    turn: int = 0
    """Counts changes of all stories, so that their order survives a restart."""
    profile: Profile = field(default_factory=Profile)
    members: dict[str, Member] = field(default_factory=dict)
    merged_from: list[str] = field(default_factory=list)
    continues: str | None = None
    """The story that is over and that this one takes up again."""
    key_member: str = ""
    """Of a story in outline: a member by which the whole of it is found."""

    def hours_from(self, at: float) -> float:
        """Hours between a moment and the time that the story spans; 0 inside it."""
        return max(self.first - at, at - self.last, 0.0) / 3600

    def take_in(self, article_id: str, member: Member, contribution: Contribution) -> None:
        """A new member."""
        self.first = min(self.first, member.at) if self.members else member.at
        self.last = max(self.last, member.at) if self.members else member.at
        self._append(article_id, member)
        self.profile.take_in(contribution)

    def take_over(self, other: LiveStory) -> None:
        """All members of another story, which ends."""
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for article_id, member in other.members.items():
            self._append(article_id, member)
        self.profile.take_over(other.profile)
        self.merged_from += [*other.merged_from, other.id]
        self.continues = self.continues or other.continues

    def refresh(self) -> None:
        """Profile and span from the members that are left, after one was replaced or withdrawn."""
        self.profile = Profile()
        for member in self.members.values():
            if not member.withdrawn and not self._is_copy(member):
                self.profile.take_in(Contribution.unpack(member.contribution))
        times = [member.at for member in self.members.values() if not member.withdrawn]
        if times:
            self.first, self.last = min(times), max(times)

    def _is_copy(self, member: Member) -> bool:
        """Whether a member only says again what another one says: it shapes nothing while that one is here."""
        original = self.members.get(member.duplicate_of or "")
        return original is not None and not original.withdrawn

    def present(self) -> dict[str, Member]:
        """Members that have not been withdrawn."""
        return {article_id: member for article_id, member in self.members.items() if not member.withdrawn}

    def _append(self, article_id: str, member: Member) -> None:
        member.place = len(self.members)
        self.members[article_id] = member


def _most_frequent(counts: dict[str, int], limit: int) -> dict[str, int]:
    if len(counts) <= limit:
        return counts
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit])
