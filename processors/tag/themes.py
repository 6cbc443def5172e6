"""Themes: each file of `data/themes/` says which words and which combinations of words speak for one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from geowire.messages import Evidence, Theme
from geowire.messages.tagged import EVIDENCE_LIMIT, ThemeName
from processors.tag.claims import Claims
from processors.tag.reading import Reading, Sentence

TITLE_WEIGHT = 2.0
LEAD_WEIGHT = 1.5
LEAD_SENTENCES = 3
SENTENCE_CAP = 3.0
"""What one sentence can add at most."""
LENGTH_PER_THRESHOLD = 60
"""Sentences after which the threshold is double: a long text has chance words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Groups that must stand in one sentence, and how many countries, to count for the theme."""

    name: str
    weight: float
    all: frozenset[str]
    none: frozenset[str]
    countries: int

    def applies(self, sentence: Sentence) -> bool:
        """True if the sentence has what the rule asks for."""
        groups = sentence.groups
        return self.all <= groups and not self.none & groups and len(sentence.countries) >= self.countries


class ThemeRules:
    """One theme."""

    def __init__(self, row: dict[str, Any], claims: Claims) -> None:
        self._claims = claims
        self.name: ThemeName = row["theme"]
        self.threshold: float = row["threshold"]
        words_by_place = {f"{self.name}.{place}": terms["any"] for place, terms in enumerate(row["terms"])}
        self.groups: dict[str, list[str]] = {**words_by_place, **row.get("groups", {})}
        words = (
            Rule(f"words-{place}", terms["weight"], frozenset({f"{self.name}.{place}"}), frozenset(), 0)
            for place, terms in enumerate(row["terms"])
        )
        self.rules = (*(_rule(rule) for rule in row.get("rules", ())), *words)

    def judge(self, reading: Reading, given: Iterable[Evidence]) -> Theme | None:
        """The theme if the document treats it. What is given (facts found elsewhere) counts like a strong sentence."""
        evidence = {(item.field, item.start): (2.0, item) for item in given}
        for sentence in reading.sentences:
            weight, rule = self._weigh(sentence)
            if rule is None:
                continue
            item = reading.evidence(sentence, self._claims.status(sentence), f"{self.name}:{rule}")
            earlier, kept = evidence.get((item.field, item.start), (0.0, item))
            evidence[item.field, item.start] = (earlier + _placed(weight, sentence), kept)
        return self._theme(list(evidence.values()), len(reading.document.sentences))

    def _weigh(self, sentence: Sentence) -> tuple[float, str | None]:
        fired = [rule for rule in self.rules if rule.applies(sentence)]
        if not fired:
            return 0.0, None
        weight = sum(rule.weight for rule in fired)
        return min(SENTENCE_CAP, weight), max(fired, key=lambda rule: rule.weight).name

    def _theme(self, found: Sequence[tuple[float, Evidence]], length: int) -> Theme | None:
        total = sum(weight for weight, _ in found)
        needed = self.threshold * (1 + length / LENGTH_PER_THRESHOLD)
        if total < needed:
            return None
        strongest = sorted(found, key=lambda item: -item[0])[:EVIDENCE_LIMIT]
        evidence = sorted((item for _, item in strongest), key=lambda item: (item.field != "title", item.start))
        return Theme(theme=self.name, score=round(1 - math.exp(-total / (2 * needed)), 3), evidence=tuple(evidence))


def judge_themes(rules: Iterable[ThemeRules], reading: Reading, given: dict[str, list[Evidence]]) -> tuple[Theme, ...]:
    """All themes of the document, the strongest first."""
    judged = (theme.judge(reading, given.get(theme.name, ())) for theme in rules)
    return tuple(sorted(filter(None, judged), key=lambda theme: (-theme.score, theme.theme)))


def _placed(weight: float, sentence: Sentence) -> float:
    if sentence.index == 0:
        return weight * TITLE_WEIGHT
    return weight * LEAD_WEIGHT if sentence.index <= LEAD_SENTENCES else weight


def _rule(row: dict[str, Any]) -> Rule:
    groups, absent = frozenset(row["all"]), frozenset(row.get("none", ()))
    return Rule(row["name"], row["weight"], groups, absent, row.get("countries", 0))
