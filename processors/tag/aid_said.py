"""Who says what a sentence tells, where the words leave no doubt: Kyiv said, officials in Seoul are nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from processors.tag.claims import Claims
from processors.tag.lexicon import Hit
from processors.tag.mention import Mention
from processors.tag.reading import Sentence

_SPEAKERS = frozenset(
    {"country", "demonym", "metonym", "person", "office", "government", "agency", "organisation", "alliance"}
    | {"armed_force", "armed_group"}
)
_BY_TITLE = frozenset({"person", "office", "government", "agency", "armed_force"})
"""What may be explained between commas: Zelenskyy, the president of Ukraine, said."""

_OFFICIALS = (
    r"(?:'s|')?(?: (?:defen[cs]e|foreign|senior|top|military|state|government|intelligence|unnamed|public))*"
    r" (?:officials?|government|ministry|minister|spokes\w+|military|army|authorities|leaders?|sources|lawmakers)"
)
_VERB_AFTER = r"(?:,? who)?(?: (?:has|have|had|also|again|later|then|\w+ly|on \w+day|\w+day))* "
_RIGHT_BEFORE = re.compile(_VERB_AFTER)
_WITH_OFFICIALS = re.compile(_OFFICIALS + _VERB_AFTER)
_EXPLAINED = re.compile(rf", [^;:.,\"“”]{{2,80}},{_VERB_AFTER}")
_NAMED_LAST = re.compile(r", ")
_NO_SUBJECT = re.compile(
    r"\b(?:in|of|from|to|for|with|by|at|on|against|near|about|between|among|including|like|than) (?:the )?$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[,\"”'’] ?$")
_UP_TO_SPEAKER = re.compile(r" (?:[\w.'’-]+ ){0,6}")
_SPEAKER_ENDS = re.compile(r"$|[.,;\"”)]|,? (?:on|in|at|during|after|who|as)\b")
_ACCORDING = "according to"


class Said(NamedTuple):
    """Who says it, and the country for which."""

    label: str
    country: str | None


class Speakers:
    """Finds who says what a sentence tells."""

    def __init__(self, claims: Claims, countries: Mapping[str, str]) -> None:
        self._claims = claims
        self._countries = countries

    def find(self, sentence: Sentence) -> Said | None:
        """The one who says it, by the first word of speech that has a plain one."""
        mentions = [mention for mention in sentence.mentions if mention.entry.kind in _SPEAKERS]
        if not mentions:
            return None
        found = (self._of(hit, mentions, sentence) for hit in self._claims.speech(sentence))
        return next((said for said in found if said is not None), None)

    def _of(self, hit: Hit, mentions: list[Mention], sentence: Sentence) -> Said | None:
        words, start = sentence.words, hit.start - sentence.start
        if words[start : hit.end - sentence.start].lower() != _ACCORDING:
            before = max(_before(hit, mentions, sentence), key=_nearest, default=None)
            if before is not None:
                return self._said(before)
            if not _QUOTED.search(words[:start].rstrip() + " "):
                return None
        after = next(_after(hit, mentions, sentence), None)
        return self._said(after) if after is not None else None

    def _said(self, mention: Mention) -> Said:
        entry = mention.entry
        if entry.kind in {"country", "demonym"} and entry.country:
            return Said(self._countries.get(entry.country, entry.label), entry.country)
        return Said(entry.label, entry.country)


def _nearest(mention: Mention) -> tuple[int, bool, int]:
    """Of mentions in one another the outer one, of an office and its holder the holder."""
    return mention.end, mention.entry.kind == "person", -mention.start


def _before(hit: Hit, mentions: list[Mention], sentence: Sentence) -> Iterator[Mention]:
    """Those before the word of speech that can be its subject."""
    words, offset = sentence.words, sentence.start
    ends = {mention.end for mention in mentions}
    for mention in mentions:
        gap = words[mention.end - offset : max(0, hit.start - offset)]
        head = words[: mention.start - offset]
        is_one_of_two = head.endswith(" and ") and mention.start - len(" and ") in ends
        if (
            mention.end < hit.start
            and not is_one_of_two
            and not _NO_SUBJECT.search(head)
            and _speaks(mention, gap, head)
        ):
            yield mention


def _speaks(mention: Mention, gap: str, head: str) -> bool:
    """True if only what may stand between a subject and its verb does."""
    kind = mention.entry.kind
    if kind != "demonym" and _RIGHT_BEFORE.fullmatch(gap):
        return True
    if kind in {"country", "demonym", "metonym", "alliance"} and _WITH_OFFICIALS.fullmatch(gap):
        return True
    if kind == "person" and head.endswith(", ") and _NAMED_LAST.fullmatch(gap):
        return True
    return kind in _BY_TITLE and _EXPLAINED.fullmatch(gap) is not None


def _after(hit: Hit, mentions: list[Mention], sentence: Sentence) -> Iterator[Mention]:
    """Those right after `according to`, or after `said` where the words that are said stand before."""
    words, offset = sentence.words, sentence.start
    for mention in mentions:
        gap = words[hit.end - offset : max(0, mention.start - offset)]
        is_near = mention.start > hit.end and _UP_TO_SPEAKER.fullmatch(gap)
        if is_near and mention.entry.kind != "demonym" and _SPEAKER_ENDS.match(words, mention.end - offset):
            yield mention
