"""Countries, themes and military-aid facts of a story: those of its members, merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geowire.messages import Aid, ArticleCountry, Theme
from processors.relate.member_facts import MemberFacts

COUNTRIES_LIMIT = 50
THEMES_LIMIT = 20
AID_LIMIT = 20
AID_EVIDENCE_LIMIT = 2
AID_ITEMS_LIMIT = 8
SURE = {"high": 3, "medium": 2, "low": 1, None: 0}


def merged_countries(members: Sequence[MemberFacts]) -> tuple[ArticleCountry, ...]:
    """Each country once: mentions added up, in focus if half of the members that name it say so."""
    named: dict[str, list[ArticleCountry]] = {}
    for member in members:
        for country in member.added.countries:
            named.setdefault(country.iso, []).append(country)
    merged = [_one_country(iso, countries) for iso, countries in named.items()]
    in_focus = {iso: sum(country.focus for country in countries) for iso, countries in named.items()}
    merged.sort(key=lambda country: (-in_focus[country.iso], -country.mentions, country.iso))
    return tuple(merged[:COUNTRIES_LIMIT])


def _one_country(iso: str, countries: Sequence[ArticleCountry]) -> ArticleCountry:
    return ArticleCountry(
        iso=iso,
        mentions=sum(country.mentions for country in countries),
        roles=tuple(dict.fromkeys(role for country in countries for role in country.roles)),
        focus=2 * sum(country.focus for country in countries) >= len(countries),
    )


def merged_themes(members: Sequence[MemberFacts]) -> tuple[Theme, ...]:
    """Each theme once, as the member has it that is surest."""
    best: dict[str, Theme] = {}
    for member in members:
        for theme in member.added.themes:
            if theme.theme not in best or theme.score > best[theme.theme].score:
                best[theme.theme] = theme
    return tuple(sorted(best.values(), key=lambda theme: (-theme.score, theme.theme))[:THEMES_LIMIT])


def merged_aid(members: Sequence[MemberFacts]) -> tuple[Aid, ...]:
    """Each act once: equal action, donor and recipient are one act; the surest first."""
    acts: dict[tuple[str, str | None, str | None], list[Aid]] = {}
    for member in members:
        for aid in member.added.aid:
            acts.setdefault((aid.action, aid.donor, aid.recipient), []).append(aid)
    merged = [_one_act(reports) for reports in acts.values()]
    merged.sort(key=lambda aid: -SURE[aid.confidence])
    return tuple(merged[:AID_LIMIT])


def _one_act(reports: Sequence[Aid]) -> Aid:
    surest = max(reports, key=lambda aid: (SURE[aid.confidence], aid.amount is not None))
    evidence = (piece for aid in (surest, *reports) for piece in aid.evidence)
    return surest.model_copy(
        update={
            "items": _different((item for aid in (surest, *reports) for item in aid.items), AID_ITEMS_LIMIT),
            "evidence": tuple({piece.quote: piece for piece in evidence}.values())[:AID_EVIDENCE_LIMIT],
        }
    )


def _different(items: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:limit]
