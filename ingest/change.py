"""What differs between two versions of an article: sentences that are new or gone, and of what kind that is. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from geowire.messages import Change
from geowire.messages.article import Form
from ingest.phrases import begins, phrases, plain

ChangeClass = Literal["correction", "numbers", "headline", "extended", "live", "other"]

SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|\n+")
NUMBER = re.compile(r"\d+(?:[.,:\u00a0\u202f ]\d+)*")
NUMBER_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|dozens?|hundreds?|thousands?|millions?|billions?)\b",
    re.IGNORECASE,
)
SHOWN = 20
SHOWN_LENGTH = 500


def split_sentences(text: str) -> list[str]:
    """Sentences, roughly: enough to tell what changed."""
    return [sentence for part in SENTENCE_END.split(text) if (sentence := part.strip())]


def describe_change(old_title: str, old_text: str, title: str, text: str, form: Form | None = None) -> Change:
    """The change from one version to the next."""
    before, after = split_sentences(old_text), split_sentences(text)
    added = _missing(after, before)
    removed = _missing(before, after)
    return Change(
        class_=_class(added, removed, old_title, title, form),
        added=tuple(sentence[:SHOWN_LENGTH] for sentence in added[:SHOWN]),
        removed=tuple(sentence[:SHOWN_LENGTH] for sentence in removed[:SHOWN]),
        added_count=len(added),
        removed_count=len(removed),
    )


def _class(
    added: Sequence[str], removed: Sequence[str], old_title: str, title: str, form: Form | None
) -> ChangeClass | None:
    """The kind that matters most: what was wrong, then what grew, then what was put differently."""
    if any(map(_is_correction, added)):
        return "correction"
    if not added and not removed:
        return _of_titles(old_title, title)
    if form == "live":
        return "live"
    if _only_numbers([*removed, old_title], [*added, title]):
        return "numbers"
    return "extended" if added and not removed else "other"


def _is_correction(sentence: str) -> bool:
    words = plain(sentence)
    return bool(begins(words, phrases().corrections)) or phrases().corrected.first(words) is not None


def _of_titles(old_title: str, title: str) -> ChangeClass | None:
    """Of the headline alone; None if not even that differs."""
    if old_title == title:
        return None
    return "numbers" if _only_numbers([old_title], [title]) else "headline"


def _only_numbers(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether the same sentences stand there with other numbers."""
    return before != after and list(map(_without_numbers, before)) == list(map(_without_numbers, after))


def _without_numbers(sentence: str) -> str:
    return NUMBER_WORDS.sub("#", NUMBER.sub("#", sentence))


def _missing(sentences: list[str], others: list[str]) -> list[str]:
    known = set(others)
    return [sentence for sentence in dict.fromkeys(sentences) if sentence not in known]
