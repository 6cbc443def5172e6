"""Countries, themes and military-aid facts of a story: those of its members, merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from geowire.messages import Aid, ArticleCountry, StoryAid, StoryTheme, Theme
from processors.relate.member_facts import MemberFacts

COUNTRIES_LIMIT = 50
THEMES_LIMIT = 20
AID_LIMIT = 20
AID_EVIDENCE_LIMIT = 2
AID_ITEMS_LIMIT = 8
DISPUTED_LIMIT = 10
SOURCES_LIMIT = 10
DENIED = "denied"
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


def merged_themes(members: Sequence[MemberFacts], voice_of: Mapping[str, str]) -> tuple[StoryTheme, ...]:
    """Each theme once, as the member has it that is surest, with how many publishers treat it."""
    best: dict[str, Theme] = {}
    voices: dict[str, set[str]] = {}
    for member in members:
        for theme in member.added.themes:
            voices.setdefault(theme.theme, set()).add(_voice(member, voice_of))
            if theme.theme not in best or theme.score > best[theme.theme].score:
                best[theme.theme] = theme
    in_order = sorted(best.values(), key=lambda theme: (-theme.score, theme.theme))[:THEMES_LIMIT]
    return tuple(StoryTheme(**dict(theme), publishers=len(voices[theme.theme])) for theme in in_order)


def merged_aid(members: Sequence[MemberFacts], voice_of: Mapping[str, str]) -> tuple[StoryAid, ...]:
    """Each act once: equal action, donor and recipient are one act; those that most publishers carry first."""
    acts: dict[tuple[str, str | None, str | None], list[tuple[str, Aid]]] = {}
    for member in members:
        for aid in member.added.aid:
            acts.setdefault((aid.action, aid.donor, aid.recipient), []).append((_voice(member, voice_of), aid))
    merged = [_one_act(reports) for reports in acts.values()]
    merged.sort(key=lambda aid: (-aid.publishers, -SURE[aid.confidence]))
    return tuple(merged[:AID_LIMIT])


def _one_act(reports: Sequence[tuple[str, Aid]]) -> StoryAid:
    """An act as most say: carried by whom it is not denied; of two that say nothing else, the surest speaks.

    Who says it and when it was, the others add where the surest does not tell.
    """
    aids = [aid for _, aid in reports]
    surest = max(aids, key=lambda aid: (aid.status != DENIED, SURE[aid.confidence], aid.amount is not None))
    evidence = (piece for aid in (surest, *aids) for piece in aid.evidence)
    carried = {voice for voice, aid in reports if aid.status != DENIED}
    carrying = [aid for aid in (surest, *aids) if aid.status != DENIED]
    sources = _different((aid.said_by for aid in carrying if aid.said_by), SOURCES_LIMIT)
    disputed = dict.fromkeys(voice for voice, aid in reports if aid.status == DENIED)
    changed = {
        "items": _different((item for aid in (surest, *aids) for item in aid.items), AID_ITEMS_LIMIT),
        "evidence": tuple({piece.quote: piece for piece in evidence}.values())[:AID_EVIDENCE_LIMIT],
        "publishers": len(carried),
        "disputed_by": tuple(disputed)[:DISPUTED_LIMIT],
        "said_by": surest.said_by or next(iter(sources), None),
        "date": surest.date or next((aid.date for aid in carrying if aid.date), None),
        "sources": sources,
    }
    return StoryAid(**(dict(surest) | changed))


def _voice(member: MemberFacts, voice_of: Mapping[str, str]) -> str:
    return voice_of.get(member.added.article_id, "")


def _different(items: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:limit]
