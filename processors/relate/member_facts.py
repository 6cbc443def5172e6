"""What a story message needs to know of a member: what was published about it, and its leading sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geowire.messages import AddedArticle, Aid, Evidence, Tagged, Theme
from processors.relate.assignment import Assignment
from processors.relate.marks import form_of
from processors.relate.newcomer import QUIET_FORMS
from processors.relate.words import terms

ENTITIES_LIMIT = 100
EVIDENCE_LIMIT = 3
ITEMS_LIMIT = 10
COUNTRIES_LIMIT = 50
QUOTE_LENGTH = 300
LEAD_SENTENCES = 4
SHORTEST, LONGEST = 40, 500
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n")


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A member as published, with what headline and extract are chosen from."""

    added: AddedArticle
    at: float
    quiet: bool
    title_terms: tuple[str, ...]
    sentences: tuple[tuple[str, tuple[str, ...]], ...]

    def pack(self) -> str:
        """As JSON."""
        lead = [sentence for sentence, _ in self.sentences]
        return json.dumps([self.added.model_dump_json(), self.at, self.quiet, lead], ensure_ascii=False)

    @classmethod
    def unpack(cls, packed: str) -> MemberFacts:
        """The reverse of `pack`."""
        added, at, quiet, lead = json.loads(packed)
        return member_facts(AddedArticle.model_validate_json(added), at, quiet=quiet, lead=lead)


def member_facts(added: AddedArticle, at: float, *, quiet: bool, lead: Iterable[str]) -> MemberFacts:
    """The facts of a member, its sentences taken apart into terms."""
    sentences = tuple((sentence, tuple(dict.fromkeys(terms(sentence)))) for sentence in lead)
    return MemberFacts(added, at, quiet, tuple(dict.fromkeys(terms(added.title))), sentences)


def facts_of(tagged: Tagged, assignment: Assignment, at: float) -> MemberFacts:
    """The facts of an article that was just assigned."""
    return member_facts(
        added_article(tagged, assignment), at, quiet=form_of(tagged) in QUIET_FORMS, lead=leading_sentences(tagged)
    )


def added_article(tagged: Tagged, assignment: Assignment) -> AddedArticle:
    """The article as a story message adds it: without its text, evidence quoted, lists capped."""
    assert assignment.why is not None
    return AddedArticle(
        article_id=tagged.id,
        version=tagged.version,
        url=tagged.url,
        title=tagged.title,
        publisher=tagged.publisher,
        language=tagged.language,
        published_at=tagged.published_at,
        duplicate_of=assignment.duplicate_of,
        syndication_group=assignment.duplicate_of,
        model=tagged.model,
        form=form_of(tagged),
        entities=tuple(dict.fromkeys(entity.id for entity in tagged.entities))[:ENTITIES_LIMIT],
        countries=tagged.countries[:COUNTRIES_LIMIT],
        themes=tuple(_quoted_theme(theme, tagged) for theme in tagged.themes),
        aid=tuple(_quoted_aid(aid, tagged) for aid in tagged.aid),
        why=assignment.why,
    )


def leading_sentences(tagged: Tagged) -> list[str]:
    """The first sentences that can stand in an extract."""
    whole = [tagged.text[start:end].strip() for start, end in tagged.sentences[: 2 * LEAD_SENTENCES]]
    candidates = whole or SENTENCE_END.split(tagged.text[:4_000])[: 2 * LEAD_SENTENCES]
    return [sentence for sentence in candidates if SHORTEST <= len(sentence) <= LONGEST][:LEAD_SENTENCES]


def _quoted_theme(theme: Theme, tagged: Tagged) -> Theme:
    return theme.model_copy(update={"evidence": _quoted(theme.evidence, tagged)})


def _quoted_aid(aid: Aid, tagged: Tagged) -> Aid:
    return aid.model_copy(update={"evidence": _quoted(aid.evidence, tagged), "items": aid.items[:ITEMS_LIMIT]})


def _quoted(evidence: Sequence[Evidence], tagged: Tagged) -> tuple[Evidence, ...]:
    return tuple(piece.model_copy(update={"quote": _quote(piece, tagged)}) for piece in evidence[:EVIDENCE_LIMIT])


def _quote(piece: Evidence, tagged: Tagged) -> str:
    text = tagged.title if piece.field == "title" else tagged.text
    return (piece.quote or text[piece.start : piece.end])[:QUOTE_LENGTH]
