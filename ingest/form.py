"""What kind of text it is: a live blog, a round-up, an opinion, or simply an article. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from geowire.messages.article import Form
from ingest.json_ld import text_of
from ingest.phrases import begins, data_of, plain

TYPES: dict[str, Form] = {"liveblogposting": "live", "opinionnewsarticle": "opinion", "reviewnewsarticle": "opinion"}
FORMS: tuple[Form, ...] = ("live", "opinion", "roundup")
MARK = re.compile(r"\s*(?:[:|–—•·]|\s-\s|\W*$)")
LAST_PART = re.compile(r".*\s[|–—•·:-]+\s+")
CLOCK_LINE = re.compile(r"\W{0,4}(?:[01]?\d|2[0-3])[:.h][0-5]\d\b")
CLOCK_LINES = 5
"""So many lines that begin with a time of day are the entries of a live blog."""


@dataclass(frozen=True, slots=True)
class Signs:
    """By what one form is known."""

    form: Form
    steps: frozenset[str]
    slugs: tuple[str, ...]
    opens: tuple[str, ...]
    says: tuple[str, ...]
    ends: frozenset[str]


def form_of(url: str, node: dict[str, Any], title: str, text: str = "") -> Form:
    """The kind of text, from what the publisher says it is, its address, its title, and its shape."""
    *steps, slug = urlsplit(url).path.lower().strip("/").split("/")
    sections = {*steps, text_of(node, "articleSection").strip().lower()}
    words = plain(title)
    found = (signs.form for signs in all_signs() if _is_sign(signs, sections, slug, words))
    return _stated(node) or next(found, None) or _shape(text)


@cache
def all_signs() -> tuple[Signs, ...]:
    """The signs of each form, read once in each process."""
    data = data_of("forms")
    return tuple(
        Signs(
            form,
            frozenset(data[form]["steps"]),
            tuple(f"-{slug}-" for slug in data[form]["slugs"]),
            tuple(sorted(data[form]["opens"], key=len, reverse=True)),
            tuple(data[form]["says"]),
            frozenset(data[form]["ends"]),
        )
        for form in FORMS
    )


def _is_sign(signs: Signs, sections: Iterable[str], slug: str, title: str) -> bool:
    if not signs.steps.isdisjoint(sections) or any(part in f"-{slug}-" for part in signs.slugs):
        return True
    opening = begins(title, signs.opens)
    if opening and MARK.match(title[len(opening) :]):
        return True
    return LAST_PART.sub("", title) in signs.ends or any(words in title for words in signs.says)


def _stated(node: dict[str, Any]) -> Form | None:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    known = (TYPES.get(name.lower()) for name in names if isinstance(name, str))
    return next((form for form in known if form), None)


def _shape(text: str) -> Form:
    clocked = sum(bool(CLOCK_LINE.match(line)) for line in text.split("\n"))
    return "live" if clocked >= CLOCK_LINES else "article"
