"""A watch: conditions, and what is news after it has fired."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from processors.flag.condition import Condition, kinds_in
from processors.flag.watch_parts import OneOrMore, Text, WatchId, WatchPart

AgainKind = Literal["aid", "amount", "theme", "country", "entity", "publisher", "language", "words", "pace"]
"""What can be new in a story."""

NEED_A_LIST = frozenset({"entity", "words"})
"""Kinds of which every article brings something new: only what a condition names counts."""


class Watch(WatchPart):
    """What to look for in one article of a story, and when to tell of the story again."""

    id: WatchId
    """Short name in lower case, such as `military-aid-ukraine`; flags carry it."""
    title: Text
    """For people."""
    description: str = Field(default="", max_length=2_000)
    """For people who wonder why it fired."""
    all: OneOrMore[Condition] | None = None
    """Each of these must hold. The first one is the reason when the watch fires, unless there is `any`."""
    any: OneOrMore[Condition] | None = None
    """At least one of these must hold; what holds is the reason when the watch fires."""
    not_: OneOrMore[Condition] | None = Field(default=None, alias="not")
    """None of these may hold."""
    again_on: OneOrMore[AgainKind] = ()
    """A watch fires once for a story, and again when something new of these kinds is added. What a condition asks
    for counts; for a kind without a condition whatever the article brings: its acts of aid and their amounts, the
    countries it is about, its themes, publisher, language, or the story's pace."""

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        if not (self.all or self.any or self.not_):
            raise PydanticCustomError("no_condition", "write at least one condition under all or any", {})
        if not self.reasons:
            message = "a language, or what must not hold, alone is no reason; write another condition as well"
            raise PydanticCustomError("no_reason", message, {})
        for kind in self.again_on:
            if kind in NEED_A_LIST - set(self.kinds):
                context = {"field": "again_on", "missing": kind}
                raise PydanticCustomError(
                    "no_list", "no condition is of kind {missing}; write one, or leave it", context
                )
        return self

    @property
    def kinds(self) -> list[str]:
        """The kinds of its conditions."""
        return kinds_in((*(self.all or ()), *(self.any or ())))

    @property
    def reasons(self) -> list[str]:
        """The kinds that are a reason when it fires first."""
        if self.any:
            return _but_language(kinds_in(self.any))
        each = [_but_language(kinds_in([condition])) for condition in self.all or ()]
        return next((kinds for kinds in each if kinds), [])


def _but_language(kinds: list[str]) -> list[str]:
    return [kind for kind in kinds if kind != "language"]


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
