"""Names made of a country and a common noun: the German government, South Korea's defence minister."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from processors.tag.document import Document
from processors.tag.gazetteer import Entry, Gazetteer
from processors.tag.mention import Mention
from processors.tag.words import any_of

_OWNERS = frozenset({"country", "demonym"})
_LOOK_BACK = 60


@dataclass(frozen=True, slots=True)
class Noun:
    """What a common noun makes of a country."""

    kind: str
    slug: str
    label: str
    not_before: frozenset[str]


class Compounds:
    """The nouns of `data/compounds.yaml`, ready to be looked for around countries."""

    def __init__(self, rows: Sequence[dict[str, Any]], past_holders: Iterable[str], gazetteer: Gazetteer) -> None:
        self._past_holders = frozenset(past_holders)
        self._nouns = {word: _noun(row) for row in rows for word in row["words"]}
        nouns = any_of(self._nouns)
        self._after = re.compile(
            rf"(?:'s|')? (?P<between>(?:former|new|interim|acting|outgoing) )?(?P<noun>{nouns})\b", re.IGNORECASE
        )
        self._before = re.compile(rf"\b(?P<noun>{nouns}) of (?:the )?$", re.IGNORECASE)
        self._gazetteer = gazetteer

    def around(self, mentions: Iterable[Mention], document: Document) -> Iterator[Mention]:
        """The compounds around the countries among the mentions, and who holds the offices on the article's day."""
        mentions = list(mentions)
        persons = {mention.start for mention in mentions if mention.entry.kind == "person"}
        for mention in mentions:
            if mention.entry.kind not in _OWNERS or mention.entry.country is None:
                continue
            compound = self._compound(mention, document)
            if compound is None:
                continue
            yield compound
            if compound.end + 1 not in persons and not self._is_past(compound, document):
                yield from self._holder(compound, document)

    def _compound(self, mention: Mention, document: Document) -> Mention | None:
        following = self._after.match(document.full, mention.end)
        if (
            following
            and document.word_after(following.end())[0] not in self._nouns[following["noun"].lower()].not_before
        ):
            return self._mention(mention, following["noun"], mention.start, following.end())
        if mention.entry.kind != "country" or not document.full[max(0, mention.start - 8) : mention.start].endswith(
            (" of ", " of the ")
        ):
            return None
        window_start = max(0, mention.start - _LOOK_BACK)
        preceding = self._before.search(document.full[window_start : mention.start])
        if preceding:
            return self._mention(mention, preceding["noun"], window_start + preceding.start(), mention.end)
        return None

    def _mention(self, owner: Mention, words: str, start: int, end: int) -> Mention:
        noun = self._nouns[words.lower()]
        iso = str(owner.entry.country)
        country = self._gazetteer.by_id[f"country/{iso.lower()}"].label
        people = self._gazetteer.by_id.get(f"demonym/{iso.lower()}")
        label = noun.label.format(country=country, demonym=people.label if people else country)
        entry = Entry(noun.kind, f"{noun.kind}/{iso.lower()}/{noun.slug}", label, iso)
        return Mention(start, end, entry, "country-noun", 0.9)

    def _is_past(self, compound: Mention, document: Document) -> bool:
        """True for the former US president."""
        before, _ = document.word_before(compound.start)
        words = {before.lower(), *document.words(compound.start, compound.end)}
        return not self._past_holders.isdisjoint(words)

    def _holder(self, compound: Mention, document: Document) -> Iterator[Mention]:
        if compound.entry.kind != "office":
            return
        _, iso, role = compound.entry.id.split("/")
        held = self._gazetteer.holders.get((iso.upper(), role), ())
        on_the_day = [person for office, person in held if office.since <= document.date <= office.until]
        if len(on_the_day) == 1:
            yield Mention(compound.start, compound.end, on_the_day[0], "office-holder", 0.75)


def _noun(row: dict[str, Any]) -> Noun:
    return Noun(row["kind"], row["slug"], row["label"], frozenset(row.get("not_before", ())))
