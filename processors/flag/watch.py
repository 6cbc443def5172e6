"""What a watch can ask for: one model for each condition."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from geowire.messages.base import Actor, CountryCode, Score
from geowire.messages.story import Pace
from geowire.messages.tagged import AidAction, Role, ThemeName

FireKind = Literal["theme", "aid", "country", "entity", "publisher", "words", "pace"]
"""What can be a reason for a flag."""

Confidence = Literal["low", "medium", "high"]

KINDS = ("theme", "aid", "country", "entity", "publisher", "language", "words", "pace")


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
Actors = Annotated[tuple[Actor, ...], BeforeValidator(_one_or_more), Field(min_length=1)]


class WatchPart(BaseModel):
    """Base of everything in a watches file: frozen, and no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_its_fields(cls, value: object) -> object:
        if not isinstance(value, dict):
            names = ", ".join(cls.model_fields)
            raise PydanticCustomError("not_a_mapping", "write a mapping with {names}", {"names": names})
        for field in value:
            if field not in cls.model_fields:
                context = {"field": field, "names": ", ".join(cls.model_fields)}
                raise PydanticCustomError("unknown_field", "is no field here; write one of {names}", context)
        return value


class ThemeCondition(WatchPart):
    """The article treats a theme."""

    name: Annotated[tuple[ThemeName, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
    """Any of these themes."""
    min_score: Score = 0.5
    """How strongly, at least."""


class AidCondition(WatchPart):
    """The article reports an act of military aid. What is not given may be anything."""

    action: Annotated[tuple[AidAction, ...], BeforeValidator(_one_or_more)] = ()
    """Any of these actions."""
    donor: Actors | None = None
    """Any of these gives or is asked: ISO codes, or names such as `NATO`."""
    recipient: Actors | None = None
    """Any of these gets or asks."""
    min_amount: float | None = Field(default=None, ge=0)
    """At least so much, in whole units of any currency."""
    min_confidence: Confidence = "low"
    """How sure the tagger is, at least."""


class CountryCondition(WatchPart):
    """The article names a country."""

    iso: Annotated[tuple[CountryCode, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
    """Any of these countries, as ISO 3166-1 alpha-2 codes in upper case."""
    role: Annotated[tuple[Role, ...], BeforeValidator(_one_or_more)] = ()
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
    entity: Texts | None = None
    """The article mentions any of these entities, by id, such as `organisation/iaea`."""
    publisher: Texts | None = None
    """Any of these publishers, by id."""
    language: Texts | None = None
    """Any of these languages; never a reason by itself."""
    words: Texts | None = None
    """Any of these words or phrases stands in the title or in the evidence."""
    pace: Annotated[tuple[Pace, ...], BeforeValidator(_one_or_more), Field(min_length=1)] | None = None
    """The story grows in any of these ways."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            names = ", ".join(KINDS)
            raise PydanticCustomError("not_one", "write exactly one of {names} in a condition", {"names": names})
        return self

    @property
    def kind(self) -> str:
        """The field that is given."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


class Watch(WatchPart):
    """What to look for. All of `all` and, where given, at least one of `any` must hold for one article."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)
    """Short name in lower case, such as `military-aid-ukraine`; flags carry it."""
    title: Text
    """For people."""
    description: str = Field(default="", max_length=2_000)
    """For people who wonder why it fired."""
    all: tuple[Condition, ...] = ()
    """Each of these must hold."""
    any: tuple[Condition, ...] = ()
    """One of these must hold."""
    fires_on: Annotated[tuple[FireKind, ...], BeforeValidator(_one_or_more)] = ()
    """What counts as news: something new of these kinds. Empty: the kinds in `any`, otherwise the first of `all`."""

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        kinds = {condition.kind for condition in (*self.all, *self.any)}
        if not kinds:
            raise PydanticCustomError("no_condition", "write at least one condition under all or any", {})
        missing = [kind for kind in self.fires_on if kind not in kinds]
        if missing:
            context = {"field": "fires_on", "missing": missing[0], "kinds": ", ".join(sorted(kinds - {"language"}))}
            raise PydanticCustomError("cannot_fire", "no condition is of kind {missing}; write one of {kinds}", context)
        if not self.reasons:
            raise PydanticCustomError("no_reason", "a language alone is no reason; write another condition as well", {})
        return self

    @property
    def reasons(self) -> frozenset[str]:
        """The kinds that count as news."""
        if self.fires_on:
            return frozenset(self.fires_on)
        kinds = [condition.kind for condition in self.any] or [condition.kind for condition in self.all]
        named = [kind for kind in kinds if kind != "language"]
        return frozenset(named if self.any else named[:1])


class WatchFile(WatchPart):
    """A file of watches."""

    watches: Annotated[tuple[Watch, ...], Field(min_length=1)]
    """The watches."""

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [watch.id for watch in self.watches]
        for place, watch_id in enumerate(ids):
            if watch_id in ids[:place]:
                context = {"field": f"watches.{place}.id", "id": watch_id}
                raise PydanticCustomError("twice", "{id} is taken by another watch; write another id", context)
        return self
