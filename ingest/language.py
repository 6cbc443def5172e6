"""The language of a text: what it is written in over what its page is tagged as."""

from __future__ import annotations

import re

import py3langid

from ingest.blocks import width

WORD = re.compile(r"[^\W\d_]+")
ENOUGH = 90
"""With fewer letters there is too little to go by."""
READ = 360
KIN = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"id", "ms"}),
    frozenset({"hr", "sr", "bs", "sl", "mk"}),
    frozenset({"cs", "sk"}),
    frozenset({"es", "gl", "ca", "pt", "an"}),
    frozenset({"zu", "xh", "st", "ss", "nr"}),
    frozenset({"af", "nl"}),
    frozenset({"ur", "fa", "ps"}),
    frozenset({"de", "lb", "gsw"}),
    frozenset({"hi", "mr", "ne"}),
)
"""Languages that a detector mistakes for one another: there the tag is believed."""

py3langid.classify("")  # loads the model now: the workers share it, and no page's time is spent on it


def language_of(text: str, tagged: str | None) -> str | None:
    """The language as BCP 47, by its words; the tag decides if there are few, or between near relatives."""
    sample = text[:READ]
    if width("".join(WORD.findall(sample))) < ENOUGH:
        return tagged
    found = str(py3langid.classify(sample.lower() if sample.isupper() else sample)[0])
    if tagged and (found in {tagged, "zxx"} or any({found, tagged} <= kin for kin in KIN)):
        return tagged
    return found if found != "zxx" else tagged
