"""`geowire.tagged.v1`: the article with entities, countries, themes and military-aid facts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from geowire.messages.article import Article
from geowire.messages.base import Actor, Count, CountryCode, Message, Score, Span

SENTENCE_LIMIT = 5_000
"""Sentences that a message carries at most."""

ENTITY_LIMIT = 2_000
"""Entities that a message carries at most."""

EVIDENCE_LIMIT = 20
"""Pieces of evidence that one theme or fact carries at most."""

QUOTE_LIMIT = 500
"""Code points of a quoted sentence."""

AID_LIMIT = 20
"""Military-aid facts that one article carries at most."""

EntityKind = Literal[
    "country", "region", "water", "city", "demonym", "metonym", "person", "office",
    "government", "agency", "organisation", "alliance", "armed_force", "armed_group", "weapon",
]  # fmt: skip
"""What an entity is."""

TextField = Literal["title", "text"]
"""The field of the article that offsets point into."""

ClaimStatus = Literal["asserted", "alleged", "denied", "demanded", "planned"]
"""What the sentence does with its claim."""

Role = Literal["actor", "target", "place", "mentioned"]
"""What a country does in the article."""

ThemeName = Literal[
    "military-aid", "foreign-troops", "armed-conflict", "military-posture", "sanctions", "peace-talks", "diplomacy",
    "nuclear", "terrorism", "cyber-information", "human-rights", "humanitarian", "energy-trade", "domestic-politics",
]  # fmt: skip
"""What an article treats."""

AidAction = Literal["requested", "pledged", "provided", "refused", "withheld"]
"""What is done with the aid."""


class EntityIds(Message):
    """Ids in other registers, each only where it is known to be right."""

    iso: CountryCode | None = None
    """ISO 3166-1 alpha-2."""
    wikidata: str | None = Field(default=None, pattern=r"^Q[0-9]+$")
    """Wikidata item."""
    geonames: int | None = None
    """GeoNames id."""


class Entity(Message):
    """One mention of one entity."""

    kind: EntityKind
    """What it is."""
    id: str = Field(max_length=120)
    """geowire's own slug, such as `country/ua` or `person/volodymyr-zelenskyy`."""
    label: str = Field(max_length=120)
    """Its usual English name."""
    ids: EntityIds = EntityIds()
    """Ids in other registers."""
    country: CountryCode | None = None
    """The country that it is, lies in or stands for."""
    field: TextField
    """Where the mention is."""
    start: Count
    """First code point of the mention in that field."""
    end: Count
    """One past its last code point."""
    surface: str = Field(max_length=300)
    """The words of the mention."""
    sentence: Count | None = None
    """Index into `sentences`; null in the title."""
    inside: Count | None = None
    """Index in `entities` of the mention that contains this one."""
    score: Score
    """How sure the tagger is."""
    rule: str = Field(max_length=60)
    """The rule that decided."""


class Evidence(Message):
    """The words that something was concluded from."""

    field: TextField
    """Where they stand."""
    start: Count
    """First code point in that field."""
    end: Count
    """One past the last code point."""
    status: ClaimStatus | None = None
    """What the sentence does with its claim."""
    rule: str | None = Field(default=None, max_length=60)
    """The rule that fired."""
    quote: Annotated[str, StringConstraints(max_length=QUOTE_LIMIT)] | None = None
    """The words themselves, where the message does not carry the text; cut at 500 code points."""


class ArticleCountry(Message):
    """A country in the article."""

    iso: CountryCode
    """Which."""
    mentions: Count
    """How often, demonyms, cities and metonyms included."""
    roles: tuple[Role, ...] = ()
    """What it does."""
    focus: bool = False
    """True if the article is about it."""


class Theme(Message):
    """What the article treats, with its evidence."""

    theme: ThemeName
    """Which theme."""
    score: Score
    """How strongly."""
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=EVIDENCE_LIMIT)
    """The sentences that say so, at most 20."""


class Aid(Message):
    """One act of military aid that the article reports."""

    action: AidAction
    """What is done."""
    donor: Actor | None = None
    """Who gives or is asked."""
    recipient: Actor | None = None
    """Who gets or asks."""
    items: tuple[Annotated[str, StringConstraints(max_length=100)], ...] = Field(default=(), max_length=20)
    """What, as named in the text."""
    amount: float | None = None
    """In whole units of `currency`."""
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    """ISO 4217."""
    code: str | None = Field(default=None, max_length=10)
    """PLOVER/CAMEO code."""
    status: ClaimStatus | None = None
    """What the article does with the claim."""
    said_by: str | None = Field(default=None, max_length=120)
    """Label of the entity that says so; null if the article says it itself or does not tell plainly."""
    date: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$")
    """ISO date of the act, year and month where only those are told; null if the sentences do not tell."""
    confidence: Literal["low", "medium", "high"] | None = None
    """How sure the tagger is."""
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=EVIDENCE_LIMIT)
    """The sentences that say so."""


class Tagged(Article):
    """An article and what it is about: `geowire.article.tagged`."""

    model: str = Field(max_length=100)
    """Version of rules and gazetteer that tagged it; versions sort as text."""
    sentences: tuple[Span, ...] = Field(default=(), max_length=SENTENCE_LIMIT)
    """`[start, end)` of each sentence of `text`, in order, at most 5,000."""
    sentence_count: Count = 0
    """How many sentences the text has."""
    entities: tuple[Entity, ...] = Field(default=(), max_length=ENTITY_LIMIT)
    """Mentions, title first, then by place in the text, at most 2,000."""
    entity_count: Count = 0
    """How many mentions were found."""
    countries: tuple[ArticleCountry, ...] = Field(default=(), max_length=250)
    """The most central first."""
    themes: tuple[Theme, ...] = Field(default=(), max_length=20)
    """The strongest first."""
    aid: tuple[Aid, ...] = Field(default=(), max_length=AID_LIMIT)
    """Military-aid facts, at most 20."""
