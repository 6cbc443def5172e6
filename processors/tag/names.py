"""Names that mean one thing, or of several that which the document's countries speak for."""

from __future__ import annotations

from processors.tag.gazetteer import Candidate
from processors.tag.match import Span
from processors.tag.mention import Mention
from processors.tag.setting import Setting

_TRAP = frozenset({"trap"})
_CITY = frozenset({"city"})
_DECIDED_HERE = frozenset(
    {"demonym", "metonym", "office", "government", "agency", "organisation", "alliance"}
    | {"armed_force", "armed_group", "weapon"}
)


def decide_name(span: Span, scene: Setting) -> Mention | None:
    """The mention of anything but a place or a person."""
    if span.of_kinds(_TRAP) or span.of_kinds(_CITY):
        return None
    candidates = span.of_kinds(_DECIDED_HERE)
    if not candidates:
        return None
    if len(candidates) == 1:
        return Mention(span.start, span.end, candidates[0].entry, "name", 0.95)
    best = max(candidates, key=lambda candidate: _support(candidate, scene))
    return Mention(span.start, span.end, best.entry, "name", 0.8)


def _support(candidate: Candidate, scene: Setting) -> int:
    return scene.votes[candidate.entry.country] if candidate.entry.country else 0
