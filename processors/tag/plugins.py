"""Plug-ins: what finds names that the gazetteer does not know. None is on unless somebody asks for it.

A plug-in is a callable with a name that is handed the document and gives mentions. What the gazetteer found stays;
a plug-in's mention that touches one of those is dropped. Its name becomes part of the model's, so that readers see it.
"""

from __future__ import annotations

import importlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from geowire.errors import Misconfigured
from processors.tag.document import Document
from processors.tag.gazetteer import Entry
from processors.tag.mention import Mention

SPACY_KINDS: Mapping[str, str] = {
    "PERSON": "person",
    "PER": "person",
    "GPE": "city",
    "LOC": "region",
    "ORG": "organisation",
}
"""What the labels of spaCy's models become; others are left out."""

SPACY_SCORE = 0.5
"""How sure a model's mention is: it has no evidence but the model."""

NAME_LIMIT = 120
"""Code points of the longest label and id of an entity; what a model finds beyond is no name."""

_NO_SLUG = re.compile(r"[^\w]+")


class Plugin(Protocol):
    """Finds mentions of its own."""

    @property
    def name(self) -> str:
        """What it adds to the model's name: letters, digits, dots and hyphens."""
        ...

    def __call__(self, document: Document) -> Iterable[Mention]:
        """The mentions in the document, in any order, offsets in `document.full`."""
        ...


class SpacyNames:
    """Persons, places and organisations of a spaCy pipeline."""

    def __init__(self, pipeline: Callable[[str], Any], name: str) -> None:
        self.name = name
        self._pipeline = pipeline

    def __call__(self, document: Document) -> Iterator[Mention]:
        """What the pipeline finds in title and text."""
        for found in self._pipeline(document.full).ents:
            kind = SPACY_KINDS.get(found.label_)
            slug = _NO_SLUG.sub("-", found.text.lower()).strip("-")
            if kind is not None and slug and "\n" not in found.text and len(found.text) <= NAME_LIMIT:
                entry = Entry(kind, f"{kind}/unlisted-{slug}"[:NAME_LIMIT].rstrip("-"), found.text)
                yield Mention(found.start_char, found.end_char, entry, "spacy", SPACY_SCORE)


def load_spacy(path: Path) -> SpacyNames:
    """The spaCy model in that folder. Raises `Misconfigured` if spaCy or the model is missing."""
    if not (path / "meta.json").is_file():
        raise Misconfigured(f"{path} is no spaCy model: name the folder that holds its meta.json")
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError as error:
        raise Misconfigured(f"spaCy is not installed, which {path} needs: pip install spacy") from error
    try:
        pipeline = spacy.load(path, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise Misconfigured(f"{path} does not load as a spaCy model: {reason}") from error
    return SpacyNames(pipeline, f"{pipeline.meta['name']}-{pipeline.meta['version']}"[:60])


def with_plugins(mentions: Sequence[Mention], plugins: Iterable[Plugin], document: Document) -> list[Mention]:
    """The mentions with those of the plug-ins that touch none of them, by place."""
    kept = list(mentions)
    for plugin in plugins:
        new = sorted(plugin(document), key=lambda mention: (mention.start, -mention.end))
        kept = sorted((*kept, *_apart(new, kept)), key=lambda mention: (mention.start, -mention.end))
    return kept


def _apart(new: Iterable[Mention], known: Sequence[Mention]) -> Iterator[Mention]:
    """Those that touch no known mention and none before them."""
    outer = _outermost(known)
    starts = [start for start, _ in outer]
    last = -1
    for mention in new:
        place = bisect_left(starts, mention.end)
        if mention.start >= last and (place == 0 or outer[place - 1][1] <= mention.start):
            last = mention.end
            yield mention


def _outermost(mentions: Iterable[Mention]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for mention in mentions:
        if not spans or mention.start >= spans[-1][1]:
            spans.append((mention.start, mention.end))
    return spans
