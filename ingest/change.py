"""What differs between two versions of an article: sentences that are new, and sentences that are gone. Pure."""

from __future__ import annotations

import re

from geowire.messages import Change

SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|\n+")
SHOWN = 20
SHOWN_LENGTH = 500


def split_sentences(text: str) -> list[str]:
    """Sentences, roughly: enough to tell what changed."""
    return [sentence for part in SENTENCE_END.split(text) if (sentence := part.strip())]


def describe_change(old_title: str, old_text: str, title: str, text: str) -> Change:
    """The change from one version to the next. Its class is told only where that is certain."""
    before, after = split_sentences(old_text), split_sentences(text)
    added = _missing(after, before)
    removed = _missing(before, after)
    is_headline = old_title != title and not added and not removed
    return Change(
        class_="headline" if is_headline else None,
        added=tuple(sentence[:SHOWN_LENGTH] for sentence in added[:SHOWN]),
        removed=tuple(sentence[:SHOWN_LENGTH] for sentence in removed[:SHOWN]),
        added_count=len(added),
        removed_count=len(removed),
    )


def _missing(sentences: list[str], others: list[str]) -> list[str]:
    known = set(others)
    return [sentence for sentence in dict.fromkeys(sentences) if sentence not in known]
