"""What a sentence does with its claim: asserts, alleges, denies, demands or plans it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geowire.messages.tagged import ClaimStatus
from processors.tag.lexicon import Hit, Lexicon
from processors.tag.reading import Sentence

ORDER: Sequence[tuple[str, ClaimStatus]] = (
    ("claim.denied", "denied"),
    ("claim.alleged", "alleged"),
    ("claim.demanded", "demanded"),
    ("claim.planned", "planned"),
)
"""The groups that mark a claim; the first that is found decides."""


class Claims:
    """The words of `data/claims.yaml` and of other languages, looked for only in sentences that are evidence."""

    def __init__(self, groups: dict[str, Any], languages: Mapping[str, dict[str, Any]] | None = None) -> None:
        self._lexicon = Lexicon(groups)
        self._others = {language: Lexicon(row["claims"]) for language, row in (languages or {}).items()}

    def status(self, sentence: Sentence) -> ClaimStatus:
        """The status of what the sentence says."""
        lexicon = self._others.get(sentence.language, self._lexicon)
        groups = {hit.group for hit in lexicon.find_in(sentence.lowered)}
        return next((status for group, status in ORDER if group in groups), "asserted")

    def speech(self, sentence: Sentence) -> list[Hit]:
        """The words of speech in order, with their places in the document."""
        shift = sentence.start
        found = (hit for hit in self._lexicon.find_in(sentence.lowered) if hit.group == "claim.speech")
        return sorted(Hit(hit.start + shift, hit.end + shift, hit.group) for hit in found)

    def speaker(self, sentence: Sentence) -> int | None:
        """Where the first word of speech stands, before which its speaker is named."""
        return next((hit.start for hit in self.speech(sentence)), None)
