"""The countries of an article: how often, in what role, and whether it is about them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from geowire.messages import Aid, ArticleCountry
from geowire.messages.tagged import Role
from processors.tag.reading import Reading, Sentence
from processors.tag.scene import Mention

TITLE_WEIGHT = 4.0
LEAD_WEIGHT = 2.0
LEAD_SENTENCES = 3
FOCUS_SHARE = 0.27
"""Share of the most central country's weight from which the article is about another one too."""
FOCUS_LIMIT = 4
FACT_WEIGHT = 2.0
"""What a military-aid fact adds to its donor and recipient."""

ROLE_ORDER: Sequence[Role] = ("actor", "target", "place", "mentioned")
_ACTING_KINDS = frozenset({"country", "demonym", "metonym", "person", "office", "government", "armed_force"})
_PERSON_WEIGHT = 0.6


def rank_countries(reading: Reading, aid: Sequence[Aid]) -> tuple[ArticleCountry, ...]:
    """All countries, the most central first."""
    weights: dict[str, float] = defaultdict(float)
    mentions: Counter[str] = Counter()
    roles: dict[str, set[Role]] = defaultdict(set)
    for sentence in reading.sentences:
        for mention in _counted(sentence):
            iso = str(mention.entry.country)
            mentions[iso] += 1
            weights[iso] += _weight(sentence, mention)
            roles[iso].add(_role(sentence, mention))
    for fact in aid:
        for actor in {fact.donor, fact.recipient} & mentions.keys():
            weights[str(actor)] += FACT_WEIGHT
    order = sorted(mentions, key=lambda iso: (-weights[iso], iso))
    focus = _focus(order, weights)
    return tuple(
        ArticleCountry(iso=iso, mentions=mentions[iso], roles=_sorted(roles[iso]), focus=iso in focus) for iso in order
    )


def _counted(sentence: Sentence) -> list[Mention]:
    """The mentions of countries, those around another mention left out so that nothing counts twice."""
    return [
        item for item in sentence.mentions if item.entry.country and item.rule not in {"country-noun", "office-holder"}
    ]


def _weight(sentence: Sentence, mention: Mention) -> float:
    kind = _PERSON_WEIGHT if mention.entry.kind == "person" else 1.0
    if sentence.index == 0:
        return TITLE_WEIGHT * kind
    return (LEAD_WEIGHT if sentence.index <= LEAD_SENTENCES else 1.0) * kind


def _focus(order: list[str], weights: Mapping[str, float]) -> frozenset[str]:
    least = max(1.0, FOCUS_SHARE * weights[order[0]]) if order else 0.0
    return frozenset(iso for iso in order[:FOCUS_LIMIT] if weights[iso] >= least)


def _role(sentence: Sentence, mention: Mention) -> Role:
    """By the nearest words: a verb of acting after it, a preposition before it."""
    if mention.entry.kind in _ACTING_KINDS and _precedes(sentence, mention, "role.act"):
        return "actor"
    if _follows(sentence, mention, "role.against"):
        return "target"
    if mention.entry.kind in {"city", "region", "water"} or _follows(sentence, mention, "role.in"):
        return "place"
    return "mentioned"


def _precedes(sentence: Sentence, mention: Mention, group: str) -> bool:
    return any(0 < hit.start - mention.end <= 30 for hit in sentence.of_group(group))


def _follows(sentence: Sentence, mention: Mention, group: str) -> bool:
    return any(0 < mention.start - hit.end <= 12 for hit in sentence.of_group(group))


def _sorted(roles: set[Role]) -> tuple[Role, ...]:
    found = tuple(role for role in ROLE_ORDER if role in roles)
    return tuple(role for role in found if role != "mentioned") or found
