"""What is not known of a state that was rebuilt from flags, and how it is made up for.

A flag names one article and one reason. Which other articles gave it, and what was told beside it, no flag says:

- a rebuilt flag without a known source stands while the story still tells its reason, as far as story messages show it
- what may have been told beside a rebuilt flag is taken as told once, from the first article that brings some of it

Which articles came late is not known either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from geowire.messages import Story
from processors.flag.condition import AidCondition
from processors.flag.fired import Cause
from processors.flag.matches import acts
from processors.flag.watch import Watch


def _acts_of(story: Story) -> Iterable[str]:
    return (match.value[:500] for match in acts(AidCondition(), story.aid))


TOLD: dict[str, Callable[[Story], Iterable[str | None]]] = {
    "aid": _acts_of,
    "amount": _acts_of,
    "theme": lambda story: (theme.theme for theme in story.themes),
    "country": lambda story: (country.iso for country in story.countries),
    "publisher": lambda story: (listed.publisher.id for listed in story.articles),
    "language": lambda story: (listed.language for listed in story.articles),
}
"""What a story message shows of all members. Their entities and words are not in it."""


def still_tells(story: Story, cause: Cause) -> bool:
    """Whether the members that a story now has give a cause, as far as its message shows."""
    return cause.kind in TOLD and cause.value in TOLD[cause.kind](story)


def kinds_in_doubt(watch: Watch, led: Collection[str]) -> set[str]:
    """The kinds of which something may have been told beside flags that were led by some kinds.

    A flag is led by the first kind of `again_on` of which an article brings news, so nothing of an earlier one.
    """
    order = watch.again_on
    return {kind for place, kind in enumerate(order) if any(leading not in order[place:] for leading in led)}
