"""Whether two pages tell one article. Pure."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from geowire.messages import Article
from ingest.change import split_sentences
from ingest.identity import owner_of

SHARED = 0.5
"""So much of the shorter text must stand in the other."""
SHORT_SENTENCE = 25
"""Code points under which a sentence says nothing: `Read more.`"""
TELLING_TEXT = 400
"""Code points that two different articles of one owner do not share by chance."""
WORD = re.compile(r"[^\W\d_]{4,}")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff]")
"""Scripts in which words are not separated, or not as these rules need it."""
STEM = 5
FEW_WORDS = 3
MENTIONED = 0.25
"""So many of a headline's words stand in an article; of an error page's or a login's text, none."""


def tells_the_same(one: Article, other: Article) -> bool:
    """Whether two pages are versions of one article: the same headline, or half of the sentences."""
    if one.title and one.title.casefold() == other.title.casefold():
        return True
    ours, theirs = (_sentences(article.text) for article in (one, other))
    if not ours or not theirs:
        return one.text == other.text
    return len(ours & theirs) >= SHARED * min(len(ours), len(theirs))


def is_about(headline: str, text: str) -> bool:
    """Whether a text may be the article under a headline. Where that cannot be told, it may."""
    words = {word[:STEM] for word in WORD.findall(headline.casefold())}
    if len(words) < FEW_WORDS or UNSPACED.search(headline):
        return True
    folded = text.casefold()
    return sum(word in folded for word in words) >= MENTIONED * len(words)


def text_key(article: Article) -> str | None:
    """Hash that is equal for one text of one owner, whatever its address says; None for a text that tells little."""
    if article.body_status != "full" or len(article.text) < TELLING_TEXT:
        return None
    plain = " ".join(article.text.split())
    return hashlib.sha256(f"text\0{_house(article.url)}\0{plain}".encode()).hexdigest()[:32]


def _house(url: str) -> str:
    """The owner of an address; at a bare IP address each port may be somebody else's."""
    owner, parts = owner_of(url), urlsplit(url)
    return parts.netloc if owner == parts.hostname else owner


def _sentences(text: str) -> set[str]:
    return {sentence for sentence in split_sentences(text) if len(sentence) >= SHORT_SENTENCE}
