"""Worldwide: locations and nationalities in non-Western news, tokens joined by one space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from babel import Locale

from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger

_PLACE_KINDS = frozenset({"country", "region", "water", "city"})
_NATIONALITIES = frozenset(
    [
        "french", "dutch", "welsh", "english", "scottish", "irish", "polish", "turkish", "spanish", "greek", "swiss",
        "danish", "swedish", "finnish", "norwegian", "thai", "filipino", "filipina", "burkinabe", "burkinabé",
        "seychellois", "british", "american", "soviet", "briton", "turk", "dane", "swede", "finn", "pole", "serb",
        "croat", "kurdish", "emirati", "nigerien", "bosnian", "cypriot", "kiwi", "slovak", "czech", "argentine",
        "malagasy", "sahrawi", "saharawi", "hong konger", "frenchman", "frenchmen", "englishman", "irishman",
        "scot", "spaniard", "basotho", "motswana", "batswana", "i-kiribati", "ni-vanuatu", "tibetan", "kanak",
        "taiwanese", "palestinian", "syrian", "ukrainian", "congolese", "ivorian", "burmese", "persian",
    ]
)  # fmt: skip
_ENDINGS = ("ese", "ish", "ian", "ean", "an", "i", "ic", "er", "n", "ite", "o", "oise", "se")
_STEM = 4

Span = tuple[int, int]


def score_worldwide(
    articles: Iterable[dict[str, Any]], tagger: ArticleTagger
) -> Iterator[tuple[str, float, int, float]]:
    """Measure, value, count and target: recall of locations and of nationalities, precision."""
    stems = _stems()
    counts = {"location": [0, 0], "nationality": [0, 0], "precision": [0, 0]}
    for article in articles:
        text, labels = flatten(article)
        found = _found(tagger, text)
        groups = [{span for label, span in labels if label == kind} for kind in ("Location", "NORP", "Organization")]
        locations, norps, organisations = groups
        nationalities = {span for span in norps if is_nationality(text[slice(*span)], stems)}
        _add(counts["location"], locations, found.keys())
        _add(counts["nationality"], nationalities, found.keys())
        right = {
            span
            for span, inside in found.items()
            if span in locations | norps or (inside and any(_contains(outer, span) for outer in organisations))
        }
        _add(counts["precision"], found.keys(), right)
    for measure, target in (("location", 0.80), ("nationality", 0.80), ("precision", 0.85)):
        hits, total = counts[measure]
        yield f"recall of {measure}" if measure != "precision" else measure, hits / (total or 1), total, target


def flatten(article: dict[str, Any]) -> tuple[str, list[tuple[str, Span]]]:
    """The text with its labels; a token may have one label for each level of nesting."""
    words: list[str] = []
    labels: list[tuple[str, Span]] = []
    position = 0
    for sentence in article["sents"]:
        open_labels: dict[int, tuple[str, int, int]] = {}
        for word, *marks in sentence:
            end = position + len(word)
            _step(open_labels, labels, marks, (position, end))
            words.append(word)
            position = end + 1
        labels += [(kind, (start, end)) for kind, start, end in open_labels.values()]
    return " ".join(words), labels


def _step(
    open_labels: dict[int, tuple[str, int, int]], labels: list[tuple[str, Span]], marks: list[str], token: Span
) -> None:
    marked = dict(enumerate(marks))
    for level in [*open_labels]:
        mark = marked.get(level, "O")
        kind, start, end = open_labels[level]
        if mark == f"I-{kind}":
            open_labels[level] = (kind, start, token[1])
        else:
            labels.append((kind, (start, end)))
            del open_labels[level]
    for level, mark in marked.items():
        if mark.startswith("B-"):
            open_labels[level] = (mark[2:], *token)


def is_nationality(words: str, stems: frozenset[str]) -> bool:
    """True for the people of a country: the stem of its name with a usual ending, or one of the irregular ones."""
    word = words.lower()
    forms = {word, word.removesuffix("s")}
    if forms & _NATIONALITIES:
        return True
    return any(form[:_STEM] in stems and form.endswith(_ENDINGS) and len(form) > _STEM for form in forms)


def _stems() -> frozenset[str]:
    names = Locale("en").territories.items()
    return frozenset(name.lower()[:_STEM] for iso, name in names if len(iso) == 2)


def _found(tagger: ArticleTagger, text: str) -> dict[Span, bool]:
    entities = tagger.tag_text("", text, Sources()).entities
    return {
        (entity.start, entity.end): entity.inside is not None
        for entity in entities
        if entity.kind in _PLACE_KINDS | {"demonym"} or entity.id.endswith("-capital")
    }


def _add(count: list[int], asked: Iterable[Span], answered: Iterable[Span]) -> None:
    asked = set(asked)
    count[0] += len(asked & set(answered))
    count[1] += len(asked)


def _contains(outer: Span, inner: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
