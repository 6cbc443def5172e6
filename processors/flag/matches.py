"""Whether a condition holds for an article, and what in the article says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from geowire.messages import AddedArticle, Aid, Evidence, Story
from processors.flag.condition import AidCondition, AmountCondition, Condition, CountryCondition, ThemeCondition

SURE = {None: 0, "low": 0, "medium": 1, "high": 2}
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts without spaces: Thai, Lao, Burmese, Khmer, kana and Chinese."""
HANGUL = "가-힣"
STRONG = 0.5
"""Score from which an article treats a theme."""


@dataclass(frozen=True, slots=True)
class Match:
    """One thing that fulfils a condition, and the words that say so."""

    kind: str
    value: str
    evidence: tuple[Evidence, ...] = ()


def each_holds(conditions: Iterable[Condition], story: Story, article: AddedArticle) -> list[Match] | None:
    """What fulfils the conditions, or None if one of them does not hold."""
    found = [matches_of(condition, story, article) for condition in conditions]
    return None if None in found else list(chain.from_iterable(matches or () for matches in found))


def one_holds(conditions: Iterable[Condition], story: Story, article: AddedArticle) -> list[Match] | None:
    """What fulfils those conditions that hold, or None if none of them does."""
    found = [matches_of(condition, story, article) for condition in conditions]
    holding = [matches for matches in found if matches is not None]
    return list(chain.from_iterable(holding)) if holding else None


def none_holds(conditions: Iterable[Condition], story: Story, article: AddedArticle) -> list[Match] | None:
    """Nothing to show if none of the conditions holds, otherwise None."""
    return [] if one_holds(conditions, story, article) is None else None


GROUPS = {"all": each_holds, "any": one_holds, "not_": none_holds}


def matches_of(condition: Condition, story: Story, article: AddedArticle) -> list[Match] | None:
    """What fulfils a condition, or None if it does not hold."""
    for field, holds in GROUPS.items():
        group = getattr(condition, field)
        if group is not None:
            return holds(group, story, article)
    return list(_found(condition, story, article)) or None


def brought(kind: str, story: Story, article: AddedArticle) -> Iterator[Match]:
    """Whatever an article brings of a kind that no condition asks for."""
    if kind in {"aid", "amount"}:
        yield from acts(AidCondition(), article.aid)
    elif kind == "theme":
        yield from (Match("theme", one.theme, one.evidence) for one in article.themes if one.score >= STRONG)
    elif kind == "country":
        yield from (Match("country", one.iso) for one in article.countries if one.focus)
    else:
        yield from (Match(kind, name) for name in _present(kind, story, article) if name is not None)


def _found(condition: Condition, story: Story, article: AddedArticle) -> Iterator[Match]:
    if condition.theme is not None:
        yield from _themes(condition.theme, article)
    elif condition.aid is not None:
        yield from acts(condition.aid, article.aid)
    elif condition.country is not None:
        yield from _countries(condition.country, article)
    elif condition.words is not None:
        yield from _phrases(condition.words, article)
    elif condition.language is not None:
        yield from _languages(condition.language, article)
    else:
        wanted = getattr(condition, condition.kind)
        present = _present(condition.kind, story, article)
        yield from (Match(condition.kind, name) for name in present if name is not None and name in wanted)


def _themes(condition: ThemeCondition, article: AddedArticle) -> Iterator[Match]:
    for theme in article.themes:
        if theme.theme in condition.name and theme.score >= condition.min_score:
            yield Match("theme", theme.theme, theme.evidence)


def acts(condition: AidCondition, facts: Iterable[Aid]) -> Iterator[Match]:
    """The acts of aid that fulfil a condition, and their amounts."""
    for aid in facts:
        if _is_wanted(condition, aid):
            act = f"{aid.action} {aid.donor or '?'} -> {aid.recipient or '?'}"
            yield Match("aid", act, aid.evidence)
            if aid.amount:
                yield Match("amount", f"{act}: {aid.amount:,.0f} {aid.currency or '?'}", aid.evidence)


def _is_wanted(condition: AidCondition, aid: Aid) -> bool:
    return (
        (aid.status != "denied" or aid.action == "refused")
        and (condition.action is None or aid.action in condition.action)
        and (condition.donor is None or aid.donor in condition.donor)
        and (condition.recipient is None or aid.recipient in condition.recipient)
        and (condition.amount is None or any(_reaches(aid, amount) for amount in condition.amount))
        and SURE[aid.confidence] >= SURE[condition.min_confidence]
    )


def _reaches(aid: Aid, condition: AmountCondition) -> bool:
    return aid.amount is not None and aid.amount >= condition.at_least and aid.currency in condition.currency


def _countries(condition: CountryCondition, article: AddedArticle) -> Iterator[Match]:
    for country in article.countries:
        fits = condition.role is None or not set(condition.role).isdisjoint(country.roles)
        if country.iso in condition.iso and fits and (country.focus or not condition.focus):
            yield Match("country", country.iso)


def _languages(wanted: Sequence[str], article: AddedArticle) -> Iterator[Match]:
    tag = (article.language or "").lower()
    if any(tag == one.lower() or tag.startswith(f"{one.lower()}-") for one in wanted):
        yield Match("language", article.language or "")


def _phrases(phrases: Iterable[str], article: AddedArticle) -> Iterator[Match]:
    title = title_of(article)
    pieces = [piece for theme in article.themes for piece in theme.evidence]
    pieces += [piece for aid in article.aid for piece in aid.evidence]
    for phrase in phrases:
        found = tuple(piece for piece in (title, *pieces) if _pattern(phrase).search(piece.quote or ""))
        if found:
            yield Match("words", phrase, found)


@lru_cache(maxsize=20_000)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Whole words, which have no end that can be seen in an unspaced script; Korean writes particles onto them."""
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    left = "" if re.match(f"[{UNSPACED}]", words) else rf"(?<![^\W{UNSPACED}])"
    right = "" if re.search(f"[{UNSPACED}]$", words) else rf"(?![^\W{UNSPACED}])"
    if re.search(f"[{HANGUL}]$", words):
        right = rf"(?![^\W{UNSPACED}{HANGUL}])"
    return re.compile(left + words + right, re.IGNORECASE)


def _present(kind: str, story: Story, article: AddedArticle) -> Sequence[str | None]:
    """The names of a kind that an article, or its story, carries."""
    present: dict[str, Sequence[str | None]] = {
        "entity": article.entities,
        "publisher": (article.publisher.id,),
        "language": (article.language,),
        "pace": (story.pace,),
    }
    return present[kind]


def title_of(article: AddedArticle) -> Evidence:
    """The title as evidence."""
    return Evidence(field="title", start=0, end=len(article.title), quote=article.title[:500])
