"""Themes: each file of `data/themes/` says which words and which combinations of words speak for one.

Every sentence is weighed once for all themes. A small linear model (`data/theme_model.yaml`) turns what a theme weighs
in title, opening and body into how likely it is that the article treats it; the sentences are its evidence. Where no
facts of aid are read, `data/theme_model_without_facts.yaml` does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geowire.messages import Aid, Evidence, Theme
from geowire.messages.tagged import EVIDENCE_LIMIT, ClaimStatus, ThemeName
from processors.tag.claims import Claims
from processors.tag.reading import Reading, Sentence

LEAD_SENTENCES = 4
"""How many sentences after the title are the opening."""
SENTENCE_CAP = 3.0
"""What one sentence can weigh at most, and what one unmistakable word weighs."""
TELLING = 0.7
"""From which weight a sentence is shown as evidence."""
SILENT = 10
"""Sentences that say nothing of any theme and weigh together as much as one unmistakable word."""
PLAIN = 2.0
"""From which weight a sentence speaks for the theme without help."""

FEATURES = ("title", "lead", "body", "density", "plain", "share", "countries", "facts", "sure_facts")
"""What the model looks at, in order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Groups that must stand in one sentence, and how many countries, to count for the theme."""

    theme: ThemeName
    name: str
    weight: float
    all: frozenset[str]
    none: frozenset[str]
    countries: int

    def applies(self, sentence: Sentence) -> bool:
        """True if the sentence has what the rule asks for."""
        groups = sentence.groups
        return self.all <= groups and not self.none & groups and len(sentence.countries) >= self.countries


@dataclass(frozen=True, slots=True)
class Frame:
    """A document as all themes see it: how long, where it begins, how many countries it treats, what all weigh."""

    sentences: int
    first: int
    countries: float
    everything: float


Found = tuple[float, Sentence, str]
"""What a sentence weighs for a theme, and by which rule."""


class Witness:
    """The sentences of a document as evidence; what each does with its claim is asked once."""

    def __init__(self, reading: Reading, claims: Claims, aid: Sequence[Aid]) -> None:
        self.given = {(item.field, item.start): item for fact in aid for item in fact.evidence}
        self._reading = reading
        self._claims = claims
        self._known: dict[int, ClaimStatus] = {}

    def evidence(self, sentence: Sentence, rule: str) -> Evidence:
        """The sentence, for what the rule says."""
        if sentence.index not in self._known:
            self._known[sentence.index] = self._claims.status(sentence)
        return self._reading.evidence(sentence, self._known[sentence.index], rule)


@dataclass(slots=True)
class Weighed:
    """What the sentences of a document weigh for one theme: weight, sentence and the strongest rule of each."""

    sentences: list[Found] = field(default_factory=list)

    @property
    def total(self) -> float:
        """All of it, in unmistakable words; not below nothing, however much speaks against the theme."""
        return max(0.0, sum(weight for weight, _, _ in self.sentences) / SENTENCE_CAP)

    def features(self, frame: Frame, facts: Sequence[Aid]) -> tuple[float, ...]:
        """The values of `FEATURES` in that document."""
        title = sum(weight for weight, sentence, _ in self.sentences if sentence.index == frame.first)
        lead = sum(weight for weight, sentence, _ in self.sentences if 0 < sentence.index <= LEAD_SENTENCES)
        plain = sum(weight >= PLAIN for weight, _, _ in self.sentences)
        return (
            min(title / SENTENCE_CAP, 1.0),
            min(lead / SENTENCE_CAP / 2, 1.0),
            math.log1p(self.total),
            min(self.total / frame.sentences**0.5, 2.0),
            math.log1p(plain),
            self.total / frame.everything if frame.everything else 0.0,
            frame.countries,
            math.log1p(len(facts)),
            float(any(fact.confidence == "high" for fact in facts)),
        )


class ThemeModel:
    """Weights of the features for each theme, and from which probability on it is tagged."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.thresholds: Mapping[str, float] = row["thresholds"]
        self._weights: Mapping[str, Mapping[str, float]] = row["weights"]
        self._bias: Mapping[str, float] = row["bias"]

    def probability(self, theme: ThemeName, features: Sequence[float]) -> float:
        """How likely the article treats the theme."""
        weights = self._weights[theme]
        sum_ = self._bias[theme] + sum(weights[name] * value for name, value in zip(FEATURES, features, strict=True))
        return 1 / (1 + math.exp(-sum_))


class ThemeRules:
    """All themes. The rules and the model hold for every language; each has its own words."""

    def __init__(
        self,
        rows: Sequence[dict[str, Any]],
        model: ThemeModel,
        without_facts: ThemeModel,
        claims: Claims,
        languages: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self.names: tuple[ThemeName, ...] = tuple(row["theme"] for row in rows)
        self.groups: dict[str, list[str]] = {}
        self.other_groups: dict[str, dict[str, list[str]]] = {}
        self._words: dict[str, tuple[ThemeName, float, str]] = {}
        self._rules: dict[str, list[Rule]] = {}
        self._model = model
        self._without_facts = without_facts
        self._claims = claims
        for row in rows:
            self.groups |= self._add_terms(row["theme"], row["theme"], row["terms"]) | row.get("groups", {})
            for rule in _rules(row["theme"], row.get("rules", ())):
                self._rules.setdefault(min(rule.all), []).append(rule)
        for language, other in (languages or {}).items():
            groups = self.other_groups[language] = dict(other["groups"])
            for theme, terms in other["themes"].items():
                groups |= self._add_terms(theme, f"{language}.{theme}", terms)

    def judge(self, reading: Reading, aid: Sequence[Aid]) -> tuple[Theme, ...]:
        """The themes of the document, the strongest first."""
        weighed = self.weigh(reading)
        model = self._model if reading.document.is_english else self._without_facts
        judged = [(model.probability(name, values), name) for name, values in self.features(reading, aid, weighed)]
        chosen = sorted(((score, name) for score, name in judged if score >= model.thresholds[name]), reverse=True)
        witness = Witness(reading, self._claims, aid)
        found = (self._theme(name, score, weighed.get(name, Weighed()).sentences, witness) for score, name in chosen)
        return tuple(theme for theme in found if theme.evidence)

    def features(
        self, reading: Reading, aid: Sequence[Aid], weighed: Mapping[ThemeName, Weighed]
    ) -> Iterator[tuple[ThemeName, tuple[float, ...]]]:
        """The features of each theme of which the document has anything."""
        frame = _frame(reading, weighed)
        for name in self.names:
            facts = aid if name == "military-aid" else ()
            if name in weighed or facts:
                yield name, weighed.get(name, Weighed()).features(frame, facts)

    def weigh(self, reading: Reading) -> dict[ThemeName, Weighed]:
        """What each sentence weighs for each theme."""
        weighed: dict[ThemeName, Weighed] = {}
        for sentence in reading.sentences:
            if sentence.hits:
                for theme, (weight, _, rule) in self._weigh(sentence).items():
                    weighed.setdefault(theme, Weighed()).sentences.append((min(weight, SENTENCE_CAP), sentence, rule))
        return weighed

    def _weigh(self, sentence: Sentence) -> dict[ThemeName, tuple[float, float, str]]:
        """By theme: the weight, that of the strongest rule, and its name."""
        found: dict[ThemeName, tuple[float, float, str]] = {}
        for theme, weight, rule in self._fired(sentence):
            total, strongest, name = found.get(theme, (0.0, 0.0, rule))
            found[theme] = (total + weight, max(weight, strongest), rule if weight > strongest else name)
        return found

    def _fired(self, sentence: Sentence) -> Iterator[tuple[ThemeName, float, str]]:
        for group in dict.fromkeys(hit.group for hit in sentence.hits):
            if group in self._words:
                yield self._words[group]
            for rule in self._rules.get(group, ()):
                if rule.applies(sentence):
                    yield rule.theme, rule.weight, rule.name

    def _theme(self, name: ThemeName, score: float, found: Sequence[Found], witness: Witness) -> Theme:
        """The theme with its strongest sentences, and what was found elsewhere."""
        evidence = dict(witness.given) if name == "military-aid" else {}
        strongest = sorted(found, key=lambda item: -item[0])[:EVIDENCE_LIMIT]
        for _, sentence, rule in [item for item in strongest if item[0] >= TELLING] or strongest[:1]:
            item = witness.evidence(sentence, f"{name}:{rule}")
            evidence.setdefault((item.field, item.start), item)
        ordered = sorted(list(evidence.values())[:EVIDENCE_LIMIT], key=lambda item: (item.field != "title", item.start))
        return Theme(theme=name, score=round(score, 3), evidence=tuple(ordered))

    def _add_terms(self, theme: ThemeName, prefix: str, terms: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
        """Know the groups of words that speak for a theme by themselves; returns them."""
        groups = {f"{prefix}.{place}": row["any"] for place, row in enumerate(terms)}
        for place, (group, row) in enumerate(zip(groups, terms, strict=True)):
            self._words[group] = (theme, row["weight"], f"words-{place}")
        return groups


def _frame(reading: Reading, weighed: Mapping[ThemeName, Weighed]) -> Frame:
    named = Counter(iso for sentence in reading.sentences for iso in sentence.countries)
    often = sum(count > 1 for count in named.values())
    everything = max(sum(item.total for item in weighed.values()), len(reading.document.sentences) / SILENT)
    first = 0 if reading.document.title else 1
    return Frame(max(len(reading.document.sentences), 1), first, math.log1p(often), everything)


def _rules(theme: ThemeName, rows: Iterable[Mapping[str, Any]]) -> Iterator[Rule]:
    for row in rows:
        groups, absent = frozenset(row["all"]), frozenset(row.get("none", ()))
        yield Rule(theme, row["name"], row["weight"], groups, absent, row.get("countries", 0))
