"""What a watch finds in a story update, without regard to what it has found before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from geowire.messages import AddedArticle, Aid, Evidence, FlagEvidence, Reason, Story
from processors.flag.watch import AidCondition, Condition, CountryCondition, ThemeCondition, Watch

EVIDENCE_LIMIT = 10
SURE = {None: 0, "low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class Match:
    """One thing that fulfils a condition, and the words that say so."""

    kind: str
    value: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to flag a story, the article that gives it, and its words."""

    reason: Reason
    article: AddedArticle
    evidence: tuple[FlagEvidence, ...]


def evaluate(watch: Watch, story: Story) -> list[Finding]:
    """Every reason that the articles added by a story update give, each reason once for an article."""
    return [finding for article in story.added for finding in _evaluate_article(watch, story, article)]


def _evaluate_article(watch: Watch, story: Story, article: AddedArticle) -> Iterator[Finding]:
    demanded = [list(_matches(condition, story, article)) for condition in watch.all]
    alternatives = [list(_matches(condition, story, article)) for condition in watch.any]
    if not all(demanded) or (alternatives and not any(alternatives)):
        return
    reasons: dict[tuple[str, str], Match] = {}
    for match in (match for matches in (*demanded, *alternatives) for match in matches):
        if match.kind in watch.reasons:
            reasons.setdefault((match.kind, match.value), match)
    for (kind, value), match in reasons.items():
        yield Finding(Reason(kind=kind, value=value[:500]), article, _with_source(match.evidence, article))


def _matches(condition: Condition, story: Story, article: AddedArticle) -> Iterator[Match]:
    """What fulfils a condition; nothing if it does not hold."""
    if condition.theme is not None:
        yield from _themes(condition.theme, article)
    elif condition.aid is not None:
        yield from _acts(condition.aid, article)
    elif condition.country is not None:
        yield from _countries(condition.country, article)
    elif condition.words is not None:
        yield from _phrases(condition.words, article)
    else:
        yield from _names(condition, story, article)


def _themes(condition: ThemeCondition, article: AddedArticle) -> Iterator[Match]:
    for theme in article.themes:
        if theme.theme in condition.name and theme.score >= condition.min_score:
            yield Match("theme", theme.theme, theme.evidence)


def _acts(condition: AidCondition, article: AddedArticle) -> Iterator[Match]:
    for aid in article.aid:
        if _is_wanted(condition, aid):
            yield Match("aid", f"{aid.action} {aid.donor or '?'} -> {aid.recipient or '?'}", aid.evidence)


def _is_wanted(condition: AidCondition, aid: Aid) -> bool:
    return (
        (aid.status != "denied" or aid.action == "refused")
        and (not condition.action or aid.action in condition.action)
        and (condition.donor is None or aid.donor in condition.donor)
        and (condition.recipient is None or aid.recipient in condition.recipient)
        and (condition.min_amount is None or (aid.amount or 0.0) >= condition.min_amount)
        and SURE[aid.confidence] >= SURE[condition.min_confidence]
    )


def _countries(condition: CountryCondition, article: AddedArticle) -> Iterator[Match]:
    for country in article.countries:
        fits = not condition.role or not set(condition.role).isdisjoint(country.roles)
        if country.iso in condition.iso and fits and (country.focus or not condition.focus):
            yield Match("country", country.iso)


def _phrases(phrases: Iterable[str], article: AddedArticle) -> Iterator[Match]:
    title = Evidence(field="title", start=0, end=len(article.title), quote=article.title[:500])
    pieces = [piece for theme in article.themes for piece in theme.evidence]
    pieces += [piece for aid in article.aid for piece in aid.evidence]
    for phrase in phrases:
        found = tuple(piece for piece in (title, *pieces) if _pattern(phrase).search(piece.quote or ""))
        if found:
            yield Match("words", phrase, found)


@lru_cache(maxsize=1_000)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)


def _names(condition: Condition, story: Story, article: AddedArticle) -> Iterator[Match]:
    """Conditions that ask whether a name is in a list."""
    present: dict[str, Sequence[str | None]] = {
        "entity": article.entities,
        "publisher": (article.publisher.id,),
        "language": (article.language,),
        "pace": (story.pace,),
    }
    wanted = getattr(condition, condition.kind)
    for name in present[condition.kind]:
        if name is not None and name in wanted:
            yield Match(condition.kind, name)


def distinct(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Each passage once: several rules may rest on it, and a text may repeat its title."""
    return list({piece.quote or (piece.field, piece.start): piece for piece in reversed(evidence)}.values())[::-1]


def _with_source(evidence: Sequence[Evidence], article: AddedArticle) -> tuple[FlagEvidence, ...]:
    """The evidence with where to read it; where there is none, the title."""
    title = Evidence(field="title", start=0, end=len(article.title), quote=article.title[:500])
    publisher = article.publisher.name or article.publisher.id
    return tuple(
        FlagEvidence(**piece.model_dump(), article_id=article.article_id, url=article.url, publisher=publisher)
        for piece in distinct(evidence or (title,))[:EVIDENCE_LIMIT]
    )
