"""The countries of an article: how often, in what role, and whether it is about them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from geowire.messages import Aid, ArticleCountry
from geowire.messages.tagged import Role
from processors.tag.mention import Mention
from processors.tag.reading import Reading, Sentence

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
_PLACE_KINDS = frozenset({"city", "region", "water"})
_PERSON_WEIGHT = 0.6
_ACTS_WITHIN = 30
"""How far after a mention, in code points, a verb may stand that makes it an actor."""
_GOVERNED_WITHIN = 12
"""How far before it a preposition may stand that makes it a target or a place."""


class Around:
    """The words of a sentence that give a role; the nearest is found without going through all of them."""

    def __init__(self, sentence: Sentence) -> None:
        self._acts: list[int] = []
        self._against: list[int] = []
        self._in: list[int] = []
        for hit in sentence.hits:
            if hit.group == "role.act":
                self._acts.append(hit.start)
            elif hit.group == "role.against":
                insort(self._against, hit.end)
            elif hit.group == "role.in":
                insort(self._in, hit.end)

    def acts(self, mention: Mention) -> bool:
        """True if a verb of acting follows."""
        place = bisect_right(self._acts, mention.end)
        return place < len(self._acts) and self._acts[place] - mention.end <= _ACTS_WITHIN

    def is_target(self, mention: Mention) -> bool:
        """True after `against` and its like."""
        return _is_near(self._against, mention)

    def is_place(self, mention: Mention) -> bool:
        """True after `in` and its like."""
        return _is_near(self._in, mention)


def rank_countries(reading: Reading, aid: Sequence[Aid]) -> tuple[ArticleCountry, ...]:
    """All countries, the most central first."""
    weights: dict[str, float] = defaultdict(float)
    mentions: Counter[str] = Counter()
    roles: dict[str, set[Role]] = defaultdict(set)
    for sentence in reading.sentences:
        around = Around(sentence)
        for mention in _counted(sentence):
            iso = str(mention.entry.country)
            mentions[iso] += 1
            weights[iso] += _weight(sentence, mention)
            roles[iso].add(_role(around, mention))
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


def _role(around: Around, mention: Mention) -> Role:
    """By the nearest words: a verb of acting after it, a preposition before it."""
    if mention.entry.kind in _ACTING_KINDS and around.acts(mention):
        return "actor"
    if around.is_target(mention):
        return "target"
    if mention.entry.kind in _PLACE_KINDS or around.is_place(mention):
        return "place"
    return "mentioned"


def _is_near(ends: Sequence[int], mention: Mention) -> bool:
    place = bisect_left(ends, mention.start)
    return place > 0 and mention.start - ends[place - 1] <= _GOVERNED_WITHIN


def _sorted(roles: set[Role]) -> tuple[Role, ...]:
    found = tuple(role for role in ROLE_ORDER if role in roles)
    return tuple(role for role in found if role != "mentioned") or found
