"""Whether two pages tell one article. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol
from urllib.parse import urlsplit

from geowire.messages import Article
from ingest.change import split_sentences
from ingest.extraction import Extraction
from ingest.identity import owner_of

SHARED = 0.5
"""So much of the shorter text must stand in the other."""
SHORT_SENTENCE = 25
"""Code points under which a sentence says nothing: `Read more.`"""
TELLING_TEXT = 400
"""Code points that two different articles of one owner do not share by chance."""
WORD = re.compile(r"[^\W\d_]{3,}")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff]{2,}")
"""Scripts in which words are not separated: pairs of letters stand for them."""
STEM = 5
LITTLE = 3
"""Letters of words that stand in every text, where there are others."""
MENTIONED = 0.5
"""So many of a headline's words stand in its article; of an error page's or a login's text, few."""
ALIKE = 0.5
MANY_SENTENCES = 5
"""Two texts as long as this that share no sentence are two articles, even under one headline."""


class Told(Protocol):
    """What has a headline and a text: an article, or what was read of one."""

    @property
    def title(self) -> str:
        """The headline."""

    @property
    def text(self) -> str:
        """The text."""


def is_its_page(before: Article, url: str | None, found: Extraction, headline: str) -> bool:
    """Whether what was read at an address is the article that was published, perhaps changed, and nothing else.

    Without a page it is the feed's word, which is its own. Another owner's page is not. Of an article of some length
    a sentence must still be there, for errors, walls and listings quote headlines too; a live blog and what was little
    more than a headline must have one like it on the page, over a text about it. A complete rewriting is refused.
    """
    if url is None:
        return True
    if owner_of(url) != owner_of(before.url):
        return False
    ours, theirs = _sentences(before.text), _sentences(found.text)
    if len(ours) >= MANY_SENTENCES and before.form != "live":
        return bool(ours & theirs)
    if ours and len(ours & theirs) >= SHARED * len(ours):
        return True
    has_its_headline = are_alike(found.page_title, before.title) or are_alike(found.page_title, headline)
    return has_its_headline and len(found.text) >= TELLING_TEXT and is_about(headline, found.text) is True


def tells_the_same(one: Told, other: Told) -> bool:
    """Whether two pages are versions of one article: half of the sentences, or the same headline over a short text."""
    ours, theirs = (_sentences(article.text) for article in (one, other))
    fewer = min(len(ours), len(theirs))
    if fewer and len(ours & theirs) >= SHARED * fewer:
        return True
    has_one_headline = bool(one.title) and one.title.casefold() == other.title.casefold()
    if has_one_headline:
        return fewer < MANY_SENTENCES or bool(ours & theirs)
    return not fewer and one.text == other.text


def is_about(headline: str, text: str) -> bool | None:
    """Whether a text may be the article under a headline; None for a headline without words."""
    words, folded = _words(headline), text.casefold()
    return sum(word in folded for word in words) >= MENTIONED * len(words) if words else None


def are_alike(headline: str, other: str) -> bool:
    """Whether two headlines say the same in about the same words."""
    ours, theirs = _words(headline), _words(other)
    return bool(ours and theirs) and len(ours & theirs) >= ALIKE * min(len(ours), len(theirs))


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


def _words(headline: str) -> set[str]:
    """The beginnings of its words, blind to endings; pairs of letters where words are not separated."""
    folded = headline.casefold()
    pairs = {run[at : at + 2] for run in UNSPACED.findall(folded) for at in range(len(run) - 1)}
    words = WORD.findall(folded)
    telling = [word for word in words if len(word) > LITTLE]
    return pairs or {word[:STEM] for word in (telling if len(telling) > 1 else words)}


def _sentences(text: str) -> set[str]:
    return {sentence for sentence in split_sentences(text) if len(sentence) >= SHORT_SENTENCE}
