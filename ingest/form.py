"""What kind of text it is: a live blog, a round-up, an opinion, or simply an article. Pure."""

from __future__ import annotations

import re
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
    last: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Page:
    """What is looked at."""

    sections: frozenset[str]
    slug: str
    title: str


def form_of(address: str, title: str, text: str = "", node: dict[str, Any] | None = None, section: str = "") -> Form:
    """The kind of text, from what the publisher says it is, its address, its title, and its shape."""
    *steps, slug = urlsplit(address).path.lower().strip("/").split("/")
    named = (section, text_of(node or {}, "articleSection"))
    page = _Page(frozenset([*steps, *(name.strip().lower() for name in named)]), slug, plain(title))
    found = (signs.form for signs in all_signs() if _is_sign(signs, page))
    return _stated(node or {}) or next(found, None) or _shape(text)


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
            frozenset(data[form]["last"]),
        )
        for form in FORMS
    )


def _is_sign(signs: Signs, page: _Page) -> bool:
    if not signs.steps.isdisjoint(page.sections) or any(part in f"-{page.slug}-" for part in signs.slugs):
        return True
    opening = begins(page.title, signs.opens)
    if opening and MARK.match(page.title[len(opening) :]):
        return True
    is_last = page.slug.rpartition("-")[2] in signs.last or LAST_PART.sub("", page.title) in signs.ends
    return is_last or any(words in page.title for words in signs.says)


def _stated(node: dict[str, Any]) -> Form | None:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    known = (TYPES.get(name.lower()) for name in names if isinstance(name, str))
    return next((form for form in known if form), None)


def _shape(text: str) -> Form:
    clocked = sum(bool(CLOCK_LINE.match(line)) for line in text.split("\n"))
    return "live" if clocked >= CLOCK_LINES else "article"
