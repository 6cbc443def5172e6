"""What kind of text it is: a live blog, a round-up, an opinion, or simply an article. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from geowire.messages.article import Form
from ingest.json_ld import text_of

TYPES: dict[str, Form] = {
    "liveblogposting": "live",
    "opinionnewsarticle": "opinion",
    "reviewnewsarticle": "opinion",
}
STEPS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("live", re.compile(r"live|live-?blog|live-?ticker|newsticker|live-?updates?|en-direct|en-vivo|in-diretta|direct|direto|ao-vivo|liveuutiset|onlajn|relacja-na-zywo")),
    ("opinion", re.compile(r"opinions?|op-?eds?|editorials?|commentisfree|commentary|comment|columns?|columnists?|columnas?|columnistas|kommentare?|kolumnen?|meinung(?:en)?|leitartikel|gastbeitra(?:g|ege)|debatte|tribunes?|editos?|idees|chroniques|opinion(?:es|i)|opiniao|editoriales|tribuna|opinie|columnisten|debatt|ledare|leder|kronikk|meninger|debat|kommentti|mielipide|felieton|opinie|nazory|komentare|mnenie|mneniya|dumky|gorus|yazarlar|viewpoints?|perspectives?|letters")),
    ("roundup", re.compile(r"round-?ups?|briefings?|newsletters?|daily-brief|morning-brief|week-in-(?:review|brief|pictures)|in-brief|ueberblick|der-tag|presseschau|revue-de-presse|digest|recap")),
)  # fmt: skip
SLUGS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("live", re.compile(r"(?:^|-)(?:live-?(?:blog|ticker|updates?)|as-it-happened|news-live|liveblog|newsblog)(?:-|$)|-live$|^live-")),
    ("roundup", re.compile(r"(?:^|-)(?:week-in-(?:review|brief)|morning-briefing|evening-briefing|news-round-?up|round-?up|daily-briefing|things-to-know|what-we-know-on-day)(?:-|$)")),
)  # fmt: skip
TITLES: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("live", re.compile(r"^live\b(?! (?:music|show|animal|fire))|[-–|:(\[]\s*live\b\W*$|\blive(?:\s?blog|\s?ticker|[\s-]updates?| coverage)\b|\bnewsblog\b|\bas it happened\b|^(?:en direct|direct|en vivo|in diretta|ao vivo|онлайн|relacja na żywo|наживо)\b", re.IGNORECASE)),
    ("opinion", re.compile(r"^(?:opinions?|op-ed|editorial|comment|commentary|column|analysis and opinion|kommentar|meinung|leitartikel|gastbeitrag|kolumne|tribune|édito|éditorial|chronique|opinión|columna|editoriale|opinione|opinião|opinie|ledare|leder|debatt|kronikk|felieton|komentarz|názor|komentář|мнение|думка|колонка)\s*[:|–—-]|[|–—]\s*(?:opinion|comment|editorial|kommentar)\s*$", re.IGNORECASE)),
    ("roundup", re.compile(r"\b(?:week in (?:review|brief)|news round-?up|(?:morning|evening|daily|weekly|world) (?:briefing|brief|digest)|in brief|the week that was|five things|\d+ things (?:to know|you need to know))\b|^(?:kurzmeldungen|presseschau|der tag im überblick|das wichtigste|revue de presse|l'essentiel|lo más importante|le notizie del giorno)\b", re.IGNORECASE)),
)  # fmt: skip
CLOCK_LINE = re.compile(r"^(?:\W*(?:[01]?\d|2[0-3])[:.h][0-5]\d\b)", re.IGNORECASE)
CLOCK_LINES = 5
"""So many lines that begin with a time of day are the entries of a live blog."""


def form_of(url: str, node: dict[str, Any], title: str, text: str = "") -> Form:
    """The kind of text, from what the publisher says it is, its address, its title, and its shape."""
    stated = _stated(node) or _first(STEPS, [text_of(node, "articleSection").lower()], whole=True)
    if stated:
        return stated
    path = urlsplit(url).path.lower().strip("/")
    steps = path.split("/")
    by_step = _first(STEPS, steps[:-1], whole=True)
    return by_step or _first(SLUGS, steps[-1:]) or _first(TITLES, [title]) or _shape(text)


def _stated(node: dict[str, Any]) -> Form | None:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    known = (TYPES.get(name.lower()) for name in names if isinstance(name, str))
    return next((form for form in known if form), None)


def _first(rules: tuple[tuple[Form, re.Pattern[str]], ...], texts: Iterable[str], *, whole: bool = False) -> Form | None:
    found = (
        form for form, pattern in rules for text in texts if (pattern.fullmatch(text) if whole else pattern.search(text))
    )
    return next(found, None)


def _shape(text: str) -> Form:
    clocked = sum(bool(CLOCK_LINE.match(line)) for line in text.split("\n"))
    return "live" if clocked >= CLOCK_LINES else "article"
