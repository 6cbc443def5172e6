"""What a watch finds in a story update, without regard to what it has found before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from geowire.messages import AddedArticle, Evidence, FlagEvidence, Reason, Story
from processors.flag.matches import Match, brought, each_holds, none_holds, one_holds, title_of
from processors.flag.watch import Watch

EVIDENCE_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to flag a story, the article that gives it, and its words."""

    reason: Reason
    article: AddedArticle
    evidence: tuple[FlagEvidence, ...]


def evaluate(watch: Watch, story: Story) -> list[Finding]:
    """Every reason that the articles added by a story update give, each once for an article, why it fires first."""
    return [finding for article in story.added for finding in _evaluate_article(watch, story, article)]


def _evaluate_article(watch: Watch, story: Story, article: AddedArticle) -> Iterator[Finding]:
    matches = _holding(watch, story, article)
    if matches is None:
        return
    words = tuple(piece for match in matches for piece in match.evidence)
    reasons: dict[tuple[str, str], Match] = {}
    for kind in (*watch.reasons, *watch.again_on):
        asked_for = kind in watch.kinds or (kind == "amount" and "aid" in watch.kinds)
        for match in matches if asked_for else brought(kind, story, article):
            if match.kind == kind:
                reasons.setdefault((kind, match.value), match)
    for (kind, value), match in reasons.items():
        evidence = _with_source(match.evidence or words or (title_of(article),), article)
        yield Finding(Reason(kind=kind, value=value[:500]), article, evidence)


def _holding(watch: Watch, story: Story, article: AddedArticle) -> list[Match] | None:
    """What fulfils the watch's conditions, or None if they do not hold."""
    if watch.not_ and none_holds(watch.not_, story, article) is None:
        return None
    demanded = each_holds(watch.all or (), story, article)
    alternatives = one_holds(watch.any, story, article) if watch.any else []
    if demanded is None or alternatives is None:
        return None
    return [*alternatives, *demanded]


def distinct(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Each passage once: several rules may rest on it, and a text may repeat its title."""
    first: dict[object, Evidence] = {}
    for piece in evidence:
        first.setdefault(piece.quote or (piece.field, piece.start), piece)
    return list(first.values())


def _with_source(evidence: Sequence[Evidence], article: AddedArticle) -> tuple[FlagEvidence, ...]:
    """The evidence with where to read it."""
    publisher = article.publisher.name or article.publisher.id
    return tuple(
        FlagEvidence(**piece.model_dump(), article_id=article.article_id, url=article.url, publisher=publisher)
        for piece in distinct(evidence)[:EVIDENCE_LIMIT]
    )
