"""What a watch can ask of an article: one model for each condition, and groups of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from geowire.messages.base import Score
from geowire.messages.story import Pace
from geowire.messages.tagged import AidAction, Role, ThemeName
from processors.flag.watch_parts import Actor, Country, Currency, EntityId, Language, OneOrMore, Phrase, Text, WatchPart

Confidence = Literal["low", "medium", "high"]

KINDS = ("theme", "aid", "country", "entity", "publisher", "language", "words", "pace")
GROUPS = ("all", "any", "not")


class ThemeCondition(WatchPart):
    """The article treats a theme."""

    name: OneOrMore[ThemeName]
    """Any of these themes."""
    min_score: Score = 0.5
    """How strongly, at least."""


class AmountCondition(WatchPart):
    """A sum of money."""

    at_least: float = Field(ge=0, allow_inf_nan=False)
    """In whole units of the currency."""
    currency: OneOrMore[Currency]
    """Any of these currencies (ISO 4217); sums are compared as they are written, never converted."""


class AidCondition(WatchPart):
    """The article reports an act of military aid. What is not given may be anything."""

    action: OneOrMore[AidAction] | None = None
    """Any of these actions."""
    donor: OneOrMore[Actor] | None = None
    """Any of these gives or is asked: ISO codes, or names such as `NATO`."""
    recipient: OneOrMore[Actor] | None = None
    """Any of these gets or asks."""
    amount: OneOrMore[AmountCondition] | None = None
    """Worth so much at least; several amounts, for several currencies: any of them."""
    min_confidence: Confidence = "low"
    """How sure the tagger is, at least."""


class CountryCondition(WatchPart):
    """The article names a country."""

    iso: OneOrMore[Country]
    """Any of these countries, as ISO 3166-1 alpha-2 codes in upper case."""
    role: OneOrMore[Role] | None = None
    """In any of these roles."""
    focus: bool = False
    """True: only if the article is about it."""


class Condition(WatchPart):
    """One condition: exactly one of these fields."""

    theme: ThemeCondition | None = None
    """The article treats a theme."""
    aid: AidCondition | None = None
    """The article reports military aid."""
    country: CountryCondition | None = None
    """The article names a country."""
    entity: OneOrMore[EntityId] | None = None
    """The article mentions any of these entities, by id, such as `organisation/iaea`."""
    publisher: OneOrMore[Text] | None = None
    """Any of these publishers, by id."""
    language: OneOrMore[Language] | None = None
    """Any of these languages; `pt` means `pt-BR` as well. Never a reason by itself."""
    words: OneOrMore[Phrase] | None = None
    """Any of these words or phrases stands in the title or in the evidence."""
    pace: OneOrMore[Pace] | None = None
    """The story grows in any of these ways."""
    all: OneOrMore[Condition] | None = None
    """Each of these holds."""
    any: OneOrMore[Condition] | None = None
    """At least one of these holds."""
    not_: OneOrMore[Condition] | None = Field(default=None, alias="not")
    """None of these holds; never a reason."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            names = ", ".join((*KINDS, *GROUPS))
            raise PydanticCustomError("not_one", "write exactly one of {names} in a condition", {"names": names})
        return self

    @property
    def kind(self) -> str:
        """The field that is given."""
        (field,) = self.model_fields_set
        return field.rstrip("_")


def kinds_in(conditions: Iterable[Condition]) -> list[str]:
    """The kinds that can be a reason, in order: those in groups as well, but not what must not hold."""
    kinds: list[str] = []
    for condition in conditions:
        if condition.kind in KINDS:
            kinds.append(condition.kind)
        else:
            kinds += kinds_in((*(condition.all or ()), *(condition.any or ())))
    return list(dict.fromkeys(kinds))
