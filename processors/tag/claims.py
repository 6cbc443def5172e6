"""What a sentence does with its claim: asserts, alleges, denies, demands or plans it."""

from __future__ import annotations

from collections.abc import Sequence

from geowire.messages.tagged import ClaimStatus
from processors.tag.reading import Sentence

ORDER: Sequence[tuple[str, ClaimStatus]] = (
    ("claim.denied", "denied"),
    ("claim.alleged", "alleged"),
    ("claim.demanded", "demanded"),
    ("claim.planned", "planned"),
)
"""The groups that mark a claim; the first that is found decides."""


def claim_status(sentence: Sentence) -> ClaimStatus:
    """The status of what the sentence says."""
    for group, status in ORDER:
        if group in sentence.groups:
            return status
    return "asserted"
