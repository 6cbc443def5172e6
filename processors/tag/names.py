"""Names that mean one thing, or of several that which the document's countries speak for."""

from __future__ import annotations

from processors.tag.gazetteer import Candidate
from processors.tag.match import Span
from processors.tag.scene import Mention, Scene

_TRAP = frozenset({"trap"})
_DECIDED_BY_PLACE = frozenset({"country", "region", "water", "city", "person"})


def decide_name(span: Span, scene: Scene) -> Mention | None:
    """The mention of anything but a place or a person."""
    if span.of_kinds(_TRAP) or span.of_kinds(frozenset({"city"})):
        return None
    candidates = [candidate for candidate in span.candidates if candidate.entry.kind not in _DECIDED_BY_PLACE]
    if not candidates:
        return None
    best = max(candidates, key=lambda candidate: _support(candidate, scene))
    return Mention(span.start, span.end, best.entry, "name", 0.95 if len(candidates) == 1 else 0.8)


def _support(candidate: Candidate, scene: Scene) -> int:
    return scene.votes[candidate.entry.country] if candidate.entry.country else 0
