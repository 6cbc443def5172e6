"""How much of an article a page's text is. Simple, honest rules; when in doubt, `full`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from geowire.messages.article import BodyStatus
from ingest.blocks import Block, folded
from ingest.page_meta import SEPARATOR
from ingest.phrases import begins, phrases, plain

SHORT = 250
"""Code points under which a page's text is no article."""
PREVIEW = 1_500
"""A page that says it is for subscribers and shows less than this shows a preview."""
NOTICE = 600
"""No longer is a page that says that there is nothing, or a box that asks for money."""
MUCH_MORE = 1.5
"""The feed's own text is taken if it is so many times as long."""

BREAKS_OFF = ("…", "...", "[…]", "[...]")

CHALLENGE_TITLE = re.compile(
    r"^(?:just a moment|attention required|access denied|access to this page|pardon our interruption|are you a robot"
    r"|ddos-guard|security check|please verify|verify(?:ing)? you are human|robot check"
    r"|403 forbidden|checking your browser)",
    re.IGNORECASE,
)
CHALLENGE_BODY = re.compile(rb"cf-chl-|_cf_chl_opt|_Incapsula_Resource|px-captcha|captcha-delivery\.com|ddos-guard")
CONSENT_HOST = re.compile(r"^(?:consent|cmp|guce)\.|\.consent\.")
CONSENT_WORDS = re.compile(
    r"before you continue|we value your privacy|accept all|reject all|our partners|cookie|datenschutz|einwilligung"
    r"|unsere partner|nos partenaires|tout accepter|alle akzeptieren|zustimm|consent|gdpr|dsgvo|rgpd|our \d+ partners"
    r"|personali[sz]ed (?:ads|advertising|content)|information on (?:a|your) device|legitimate interest"
    r"|privacy settings|personalisierte (?:werbung|anzeigen)|berechtigtes interesse|publicités? personnalisée"
    r"|intérêt légitime"
    r"|publicidad personalizada|interés legítimo|pubblicità personalizzata|legittimo interesse|gepersonaliseerde",
    re.IGNORECASE,
)


def is_challenge(title: str, text: str, body: bytes) -> bool:
    """Whether a page with little text only wants to know if a person is reading it."""
    return bool(CHALLENGE_TITLE.match(title.strip())) or (len(text) < SHORT and bool(CHALLENGE_BODY.search(body)))


def is_consent(url: str, text: str) -> bool:
    """Whether the page only asks for consent to cookies."""
    if CONSENT_HOST.search(urlsplit(url).hostname or ""):
        return True
    return len(text) < PREVIEW and len({found[0].lower() for found in CONSENT_WORDS.finditer(text)}) >= 3


def is_missing(titles: Iterable[str], text: str, expected: str) -> bool:
    """Whether a page that answered 200 only says that there is no such page."""
    if len(text) >= NOTICE:
        return False
    awaited = folded(expected)
    parts = [part for title in titles for part in SEPARATOR.split(title)]
    return any(begins(plain(part), phrases().missing) and folded(part) not in awaited for part in parts)


def asks_for_subscription(blocks: Iterable[Block]) -> bool:
    """Whether a block asks for money to read on."""
    return any(len(block.text) < NOTICE and phrases().paywalls.first(plain(block.text)) is not None for block in blocks)


def choose_body(page_text: str, feed_text: str, *, is_free: bool) -> tuple[str, BodyStatus]:
    """The better of two texts of one article, and how much of it that is."""
    feed_says_more = len(feed_text) > MUCH_MORE * len(page_text)
    if not is_free and len(page_text) < PREVIEW:
        return (feed_text if feed_says_more else page_text), "paywalled"
    if len(page_text) >= PREVIEW or (page_text and not feed_says_more):
        return page_text, "teaser" if _is_teaser(page_text) else "full"
    if not page_text:
        return feed_text, "feed-only"
    return feed_text, "feed-only" if len(feed_text) >= PREVIEW else "teaser"


def _is_teaser(text: str) -> bool:
    """Whether the page says too little, or breaks off."""
    return len(text) < SHORT or (len(text) < PREVIEW and text.endswith(BREAKS_OFF))
