"""What an article is known by besides its words: numbers, themes, language, whether it is dated or looks back.

Marks are short ids that mean the same in every language: `#1200`, `theme/sanctions`, `language/de`, `looking-back`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from geowire.messages import Tagged
from geowire.messages.article import Form

LEAD_CHARACTERS = 600
MOST_NUMBERS = 20
NUMBER = re.compile(r"\d+(?:[.,’' ]\d{3})*(?:[.,]\d+)?")
YEAR = re.compile(r"(?:19|20)\d\d")
DATED, LOOKING_BACK, LANGUAGE, THEME = "dated", "looking-back", "language/", "theme/"

LOOKS_BACK = re.compile(
    r"\banniversar|^[\w-]+ years? (?:on|later|after|since)\b|\byears? ago today\b|\b\w+ years? on$"
    r"|jahrestag|^\w+ jahre? (?:nach|danach|später)\b|\banniversaire|\baniversario|годовщин|річниц",
    re.IGNORECASE,
)
FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (
        "live",
        re.compile(
            r"^live\b|\blive(?: |-)?(?:blog|updates?|ticker|coverage)\b|[:|–-] live$|\bas it happened\b|liveticker"
            r"|newsblog|\ben direct\b|\ben vivo\b",
            re.IGNORECASE,
        ),
    ),
    (
        "roundup",
        re.compile(
            r"\bround-?up\b|\b(?:morning|evening|daily|weekly|weekend|news) (?:briefing|brief|bulletin|digest|wrap)\b"
            r"|\bweek in review\b|\bnews in brief\b|\btop (?:stories|headlines)\b|überblick|\bl'essentiel\b",
            re.IGNORECASE,
        ),
    ),
    (
        "opinion",
        re.compile(
            r"^(?:opinion|editorial|comment(?:ary)?|op-?ed|kommentar|leitartikel|tribune)\s*[:|–-]"
            r"|[|–-]\s*(?:opinion|editorial|comment(?:ary)?|op-?ed|kommentar)$",
            re.IGNORECASE,
        ),
    ),
)


def form_of(tagged: Tagged) -> Form:
    """What kind of text it is: as ingest says, otherwise as its title says."""
    if tagged.form is not None:
        return tagged.form
    return next((form for form, pattern in FORMS if pattern.search(tagged.title)), "article")


def marks_of(tagged: Tagged) -> tuple[str, ...]:
    """All marks of an article."""
    known = known_marks((theme.theme for theme in tagged.themes), tagged.language, dated=bool(tagged.published_at))
    return (*known, *text_marks(tagged.title, tagged.text))


def known_marks(themes: Iterable[str], language: str | None, *, dated: bool) -> tuple[str, ...]:
    """Marks that do not depend on the text."""
    marks = [THEME + theme for theme in themes]
    if language:
        marks.append(LANGUAGE + language.partition("-")[0].lower())
    return (*marks, DATED) if dated else tuple(marks)


def text_marks(title: str, text: str) -> tuple[str, ...]:
    """Marks that the words give: whether its title looks back, and its numbers."""
    looks_back = (LOOKING_BACK,) if LOOKS_BACK.search(title) else ()
    return (*looks_back, *numbers(f"{title}\n{text[:LEAD_CHARACTERS]}"))


def numbers(text: str) -> tuple[str, ...]:
    """Numbers of two digits and more, as bare digits, since separators differ between languages; no years."""
    found = (re.sub(r"\D", "", number) for number in NUMBER.findall(text))
    telling = (f"#{digits}" for digits in found if len(digits) > 1 and not YEAR.fullmatch(digits))
    return tuple(dict.fromkeys(telling))[:MOST_NUMBERS]


def languages(marks: Iterable[str]) -> set[str]:
    """The languages among some marks."""
    return {mark for mark in marks if mark.startswith(LANGUAGE)}


def numbers_disagree(left: Iterable[str], right: Container[str]) -> bool:
    """Whether two texts that look alike give different figures: a form that was filled in twice, not a copy."""
    ours = [mark for mark in left if mark.startswith("#")]
    shared = sum(mark in right for mark in ours)
    return len(ours) >= 3 and shared * 3 < len(ours)
